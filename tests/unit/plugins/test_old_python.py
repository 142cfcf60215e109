# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's Python that is too old for the modules is refused in a sentence, and not by what it can't read."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import ansible
import pytest
from ansible.module_utils import basic

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import OLDEST, problem_with
from steps import interpreters

ROOT = Path(__file__).resolve().parents[3]
LINK = ROOT / "build/link"
PLUGINS = ROOT / "plugins"
BASIC = "ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic"
MODULES = [path for path in sorted((PLUGINS / "modules").glob("*.py")) if "def main(" in path.read_text("utf-8")]
OLDEST_OF_ANSIBLE = basic._PY_MIN  # ansible-core itself refuses those before
PRETENDED = "pretended"  # this Python, that says it is an old one: no machine is without it
# What comes after the check must not be reached: it is another matter that this Python could read it.
START = """\
import runpy, sys
sys.path[:0] = {path!r}
if {version!r}:
    sys.version_info = {version!r}
runpy.run_path({module!r}, run_name="__main__")
"""


def old_pythons() -> list[object]:
    """Return the Pythons of this machine that are too old, and this one, to pretend that it is."""
    answers = {path: interpreters.probe(path) for path in interpreters.candidates()}
    old = {answer[0]: path for path, answer in answers.items() if answer and OLDEST_OF_ANSIBLE <= answer[0] < OLDEST}
    real = [pytest.param(path, None, id="{}.{}".format(*version)) for version, path in sorted(old.items())]
    return [pytest.param(Path(sys.executable), (3, 10, 12), id=PRETENDED), *real]


def refusal(module: Path, python: Path, version: tuple[int, ...] | None = None) -> str:
    """Run a module with a Python, that pretends to be of ``version``, and return what it was refused with."""
    path = [str(LINK), str(Path(ansible.__file__).parents[1])]
    script = START.format(path=path, version=version, module=str(module))
    done = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=False, timeout=30)
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert (done.returncode, result["failed"]) == (1, True)
    return result["msg"]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_module_refuses_an_old_python(module):
    message = refusal(module, Path(sys.executable), (3, 10, 12))
    assert f"need Python 3.11 or newer on the host, and {sys.executable} there is 3.10.12." in message
    assert "ansible_python_interpreter=/usr/bin/python3.11" in message


@pytest.mark.parametrize(("python", "version"), old_pythons())
def test_old_python_is_refused(python, version):
    assert "need Python 3.11 or newer on the host" in refusal(PLUGINS / "modules/hardware.py", python, version)


def test_python_that_will_do_is_not_refused():
    assert problem_with((3, 11, 0, "final", 0), "/usr/bin/python3") == ""
    assert problem_with((4, 0, 0, "final", 0), "/usr/bin/python3") == ""
    assert "/usr/bin/python3 there is 3.9.18" in problem_with((3, 9, 18, "final", 0), "/usr/bin/python3")


@pytest.mark.parametrize("file", [*MODULES, PLUGINS / "module_utils/_ansible/basic.py"], ids=lambda path: path.stem)
def test_old_python_can_read_as_far_as_the_check(file):
    ast.parse(file.read_text("utf-8"), feature_version=OLDEST_OF_ANSIBLE)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_check_comes_before_all_else_of_the_collection(module):
    tree = ast.parse(module.read_text("utf-8"))
    ours = [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and "netboot" in node.module]
    assert ours[0] == BASIC
