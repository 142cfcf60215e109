# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own programs, run as a user runs them, against the API server of a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent


def environment(kubeconfig: Path, home: Path) -> dict[str, str]:
    """Return an environment in which the programs find this checkout's collection and one cluster, and nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "K8S_", "KUBE"))}
    return {
        **kept,
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
        "ANSIBLE_HOME": str(home / ".ansible"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
        "K8S_AUTH_KUBECONFIG": str(kubeconfig),
    }


def start_task(module: str, options: Mapping[str, Any], env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a task of the collection on this host."""
    argv = [PROGRAMS / "ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", f"baremetal.netboot.{module}"]
    return subprocess.Popen(
        [*argv, "-a", json.dumps(options)],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish_task(process: subprocess.Popen[str], seconds: float = 120) -> tuple[list[str], dict[str, Any]]:
    """Return the lines that a task has shown, and its result; a warning is a failed test."""
    try:
        output, warnings = process.communicate(timeout=seconds)
    finally:
        process.kill()
    shown, arrow, result = output.partition(" => ")
    assert arrow, f"no result in {output!r} {warnings!r}"
    *lines, verdict = shown.splitlines()
    document = json.loads(result)
    assert "FAILED" in verdict or warnings == "", warnings
    return lines, document


def task(module: str, options: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """Return the result of a task of the collection."""
    return finish_task(start_task(module, options, env))[1]


def inventory(*argv: str | Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Return what ``ansible-inventory --list`` gives; a warning is a failed test."""
    command = [PROGRAMS / "ansible-inventory", "--list", *argv]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout, object_hook=_plain)


def _plain(value: dict[str, Any]) -> Any:
    """Return a text that is no template, which ansible-inventory marks, without its mark."""
    return value["__ansible_unsafe"] if value.keys() == {"__ansible_unsafe"} else value
