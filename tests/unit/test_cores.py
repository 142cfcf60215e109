# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python tests which ansible-core: only one that runs, and none where none fits."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from steps import cores, interpreters, table
from steps.cores import Core, choose

CORES = [Core("2.19", (3, 11), (3, 13)), Core("2.20", (3, 12), (3, 14)), Core("2.21", (3, 12), (3, 14))]


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([(3, 11)], {"2.19": (3, 11), "2.20": None, "2.21": None}),
        ([(3, 13)], {"2.19": (3, 13), "2.20": (3, 13), "2.21": (3, 13)}),
        ([(3, 11), (3, 12), (3, 13)], {"2.19": (3, 11), "2.20": (3, 12), "2.21": (3, 13)}),
        ([(3, 14)], {"2.19": None, "2.20": (3, 14), "2.21": (3, 14)}),
        ([], {"2.19": None, "2.20": None, "2.21": None}),
    ],
)
def test_choose_spreads_the_pythons_over_the_cores(found, chosen):
    assert choose(CORES, found) == chosen


@pytest.mark.parametrize(
    ("own", "found", "left"),
    [
        ("2.19.14", [(3, 11), (3, 12)], True),
        ("2.19.14", [(3, 11)], False),
        ("2.21.1", [(3, 12)], False),  # the step sanity has the newest itself
    ],
)
def test_pylint_is_left_to_the_newest_core_where_the_step_cores_tests_it(monkeypatch, own, found, left):
    monkeypatch.setattr(cores, "supported", lambda: CORES)
    monkeypatch.setattr(cores.metadata, "version", lambda _name: own)
    monkeypatch.setattr(interpreters, "usable", lambda _paths: dict.fromkeys(found, Path(sys.executable)))
    monkeypatch.setattr(table, "copy_tree", lambda _step: Path())
    argv = table.sanity()[-1].argv
    assert (argv[-2:] == ["--skip-test", "pylint"]) is left
    assert ("pylint" in argv) is left


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "echo 'python3.12: command not found' >&2; exit 127",
        "echo 3.12",
        "echo \"No module named 'ensurepip'\" >&2; exit 1",
        "exec /nowhere/python3.12",
    ],
    ids=["shim of nothing", "another answer", "no ensurepip", "no program"],
)
def test_probe_takes_no_name_for_a_python(tmp_path, text):
    assert interpreters.probe(script(tmp_path / "python3.12", text)) is None
    assert interpreters.probe(tmp_path / "python3.13") is None


def test_probe_names_the_python_outside_the_virtual_environment():
    version, path = interpreters.probe(Path(sys.executable))
    assert version == sys.version_info[:2]
    assert not path.is_relative_to(sys.prefix)


def test_usable_has_the_first_of_each_version_that_can_run_bootd(tmp_path):
    answers = {"a": "3 12 /a", "b": "3 12 /b", "c": "3 10 /c", "d": "3 11 /d", "e": "2 7 /e"}
    paths = [script(tmp_path / name, f"echo {answer}") for name, answer in answers.items()]
    assert interpreters.usable(paths) == {(3, 11): Path("/d"), (3, 12): Path("/a")}


def test_candidates_are_on_path_and_where_pyenv_keeps_them(tmp_path, monkeypatch):
    for directory in ("bin", "pyenv/versions/3.13.0/bin"):
        (tmp_path / directory).mkdir(parents=True)
        for name in ("python3.13", "python3", "python3-config", "python"):
            (tmp_path / directory / name).touch()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{tmp_path}/missing")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    found = [str(path.relative_to(tmp_path)) for path in list(interpreters.candidates())[1:]]
    assert found == [
        *("bin/python3", "bin/python3.13"),
        *("pyenv/versions/3.13.0/bin/python3", "pyenv/versions/3.13.0/bin/python3.13"),
    ]
