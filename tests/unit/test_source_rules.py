# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no source file may do, wherever it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
COPYRIGHT = "# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors"
FORBIDDEN_CALLS = {"eval", "exec", "os.popen", "os.system", "pickle.load", "pickle.loads"}
# Python before 3.11.5 is wrong about possessive groups (its issue 106052); characters and classes are fine.
CLASS = re.compile(r"\[(?:\\.|[^]\\])*\]")
POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+|\(\?>")
UNSAFE_LOADERS = {"CFullLoader", "CLoader", "CUnsafeLoader", "FullLoader", "Loader", "UnsafeLoader"}


def is_source(path: Path) -> bool:
    if path.suffix in {".py", ".sh"} or path.name == "Makefile":
        return path.stat().st_size > 0
    return path.suffix == "" and path.read_bytes()[:2] == b"#!"


def files_under(*names: str) -> list[Path]:
    found = [path for name in names for path in sorted((ROOT / name).rglob("*")) if path.is_file()]
    return [path for path in found if "__pycache__" not in path.parts]


SOURCES = [
    path
    for path in [ROOT / "Makefile", *files_under(".ci", "bin", "extensions", "playbooks", "plugins", "roles", "tests")]
    if is_source(path)
]
PLUGINS = [path for path in files_under("plugins") if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def forbidden_in(path: Path) -> list[str]:
    problems = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assert):
            problems.append(f"{node.lineno}: assert, which python -O removes")
        if isinstance(node, ast.Attribute) and node.attr in UNSAFE_LOADERS:
            problems.append(f"{node.lineno}: {node.attr}, which builds any object a file asks for")
        if isinstance(node, ast.Constant) and POSSESSIVE_GROUP.search(CLASS.sub("", str(node.value))):
            problems.append(f"{node.lineno}: a possessive group, which Debian 12's Python matches wrongly")
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in FORBIDDEN_CALLS:
                problems.append(f"{node.lineno}: {called}()")
            if called in {"yaml.load", "yaml.load_all"} and len(node.args) + len(node.keywords) < 2:
                problems.append(f"{node.lineno}: {called}() without a loader")
            if any(k.arg == "shell" and ast.unparse(k.value) != "False" for k in node.keywords):
                problems.append(f"{node.lineno}: {called}(shell=...)")
    return problems


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_source_has_licence(path):
    licence = "BSD-2-Clause" if {"_bootd", "_clients"} & set(path.parts) else "GPL-3.0-or-later"
    head = path.read_text(encoding="utf-8").splitlines()[:4]
    assert COPYRIGHT in head
    # REUSE-IgnoreStart
    assert f"# SPDX-License-Identifier: {licence}" in head
    # REUSE-IgnoreEnd


@pytest.mark.parametrize("path", PLUGINS, ids=name_of)
def test_plugin_code_is_tame(path):
    assert forbidden_in(path) == []


@pytest.mark.parametrize("path", PLUGINS, ids=name_of)
def test_plugin_file_is_one_idea(path):
    # What ansible-doc shows is as long as there are options and values.
    text = re.sub(r'^(?:DOCUMENTATION|EXAMPLES|RETURN) = r""".*?^"""$', "", path.read_text("utf-8"), flags=re.M | re.S)
    assert len(text.splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".py"], ids=name_of)
def test_python_postpones_annotations(path):
    assert "\nfrom __future__ import annotations\n" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [path for path in PLUGINS if path.name == "__init__.py"], ids=name_of)
def test_package_file_is_empty(path):
    assert path.stat().st_size == 0
