# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of `make test`: which programs each of them runs, where, and in which environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(sys.prefix) / "bin"  # of the Python that runs this: build/venv, or the one that has the newest of all
HOME = ROOT / "build/home"
TREES = ROOT / "build/tree"
WARNING = "WARNING]"  # as Ansible prints those of deprecation too; users would see them


@dataclass(frozen=True)
class Command:
    """One program of a step: `proof` is what it prints when it did its work, `never` what it must not print.

    `live` shows its output as it comes.
    """

    argv: list[str]
    cwd: Path = ROOT
    proof: str = ""
    never: str = ""
    live: bool = False


def environment(venv: Path = VENV, home: Path = HOME) -> dict[str, str]:
    """Return the environment of every step: the venv's tools, this checkout's collection, a home of its own."""
    # PYTHONPATH is where these steps are imported from: a program that needs that says so. And Python keeps what it has
    # compiled: bootd is started hundreds of times, and would compile itself each time, which takes a quarter second.
    ours = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return {
        **inherited,
        "PATH": f"{venv}:{os.environ['PATH']}",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_HOME": str(home / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
        "ANSIBLE_PYTHON_INTERPRETER": str(venv / "python"),
    }


def sources() -> list[str]:
    """Return the project's files as git sees them: tracked, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "-z", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return sorted(name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file())


def copy_tree(step: str) -> Path:
    """Copy the sources for `step` to the only kind of path ansible-test accepts: proves also that they are enough."""
    tree = TREES / step / "ansible_collections/baremetal/netboot"
    shutil.rmtree(tree, ignore_errors=True)
    for name in sources():
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    # A repository of its own: inside ours, which ignores build/, ansible-test would find no file to test.
    subprocess.run(["git", "init", "--quiet", tree], check=True)
    return tree


def shell_scripts() -> list[str]:
    """Return the sources that a POSIX shell or bash runs."""
    heads = {name: (ROOT / name).open("rb").readline() for name in sources()}
    return [name for name, head in heads.items() if head.startswith(b"#!") and head.rstrip().endswith(b"sh")]


def pytest(*directories: str) -> list[Command]:
    return [Command(["pytest", "--durations=5", *directories], proof=" passed", live=True)]


def lint() -> list[Command]:
    return [
        Command(["ruff", "check", "."]),
        Command(["ruff", "format", "--check", "."]),
        Command(["mypy"], proof="Success: "),
        Command(["shellcheck", *shell_scripts()]),
        Command(["yamllint", "--strict", "."]),
        Command(["ansible-lint"], proof="Passed: 0 failure(s)"),
        Command(["reuse", "lint"], proof="Congratulations! Your project is compliant"),
    ]


def ansible_test(kind: str) -> list[str]:
    """Return the command that tests a copy, with the Python that runs this: others may be shims of nothing."""
    return ["ansible-test", kind, "--local", "--color", "no", "--python", "{}.{}".format(*sys.version_info)]


def sanity() -> list[Command]:
    """Ansible's rules for what a collection ships, which tests/ is not; ruff holds them to ours.

    Those of pylint are looked at once, by the newest ansible-core, which has all of them: where there is a Python for
    it, in the step cores.
    """
    from steps.cores import SANITY_OF_NEWEST, has_newest  # which imports this module

    left = SANITY_OF_NEWEST if has_newest() else ()
    pip = Command([sys.executable, "tests/setup/ansible_test_pip.py"])
    argv = [*ansible_test("sanity"), "--exclude", "tests/", *(word for test in left for word in ("--skip-test", test))]
    return [pip, Command(argv, cwd=copy_tree("sanity"), proof='sanity test "validate-modules"')]


def cores() -> list[Command]:
    """Plugins and roles on the other releases of ansible-core, as far as there are Pythons for them."""
    return [Command(["env", "PYTHONPATH=tests", sys.executable, "-m", "steps.cores"], proof="ansible-core: ")]


def integration() -> list[Command]:
    path = f"PYTHONPATH={ROOT / 'plugins/module_utils'}:{ROOT / 'tests'}"
    beside_api = ["env", path, sys.executable, str(ROOT / "tests/cluster/with_api.py"), str(copy_tree("integration"))]
    return [Command(apart([*beside_api, *ansible_test("integration")]), proof="failed=0", never=WARNING)]


def collection() -> list[Command]:
    return [Command(["env", "PYTHONPATH=tests", sys.executable, "-m", "steps.check_collection"])]


def docs() -> list[Command]:
    return [
        Command(["antsibull-changelog", "lint"]),
        Command(["antsibull-docs", "lint-collection-docs", "--plugin-docs", "."], cwd=copy_tree("docs")),
        Command(["env", "PYTHONPATH=tests", sys.executable, "-m", "docsite.build"], proof="The site is"),
    ]


def apart(argv: list[str]) -> list[str]:
    """Let root's program see a loopback of its own: its ports are free, and nothing it sends gets out."""
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    return [*alone, *argv] if os.geteuid() == 0 else argv


def molecule() -> list[Command]:
    """The role bootd installs as where there is no package index: from files that were fetched by the lock."""
    # One that was interrupted would go on where it ended, without what has gone since.
    for left in (HOME / ".ansible/tmp").glob("molecule.*"):
        shutil.rmtree(left)
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    wanted = ["--require-hashes", "--requirement", "roles/bootd/files/requirements-host.lock", "--dest", "build/wheels"]
    return [Command([*fetch, *wanted]), Command(apart(["molecule", "test", "--all"]), never=WARNING)]


def demo() -> list[Command]:
    """The main job on a cluster, or on files where there is no script that starts one and none is required."""
    cluster = "KUBE_FOR_TESTS" in os.environ or os.environ.get("BOOTD_TEST_REQUIRE_ALL") == "1"
    store = f"STORE={'kubernetes' if cluster else 'files'}"
    settings = [store, "FIRMWARE=uefi", "MACHINES=1", "PYTHONPATH=tests"]
    # As the tutorial has it, and it has to print what stands there.
    argv = ["env", *settings, sys.executable, "-m", "docsite.follow", "docs/tutorials/demo.md"]
    return [Command(argv, proof="The report is", never=WARNING, live=True)]


def demo_harvester() -> list[Command]:
    """A cluster of three machines, two of which go wrong at first."""
    argv = ["env", "PYTHONPATH=tests", sys.executable, "-m", "lab.harvester"]
    return [Command(argv, proof="The report is", never=WARNING, live=True)]


# In the order in which they are begun: quick and telling ones, then the longest, and short ones to end together.
STEPS: dict[str, Callable[[], list[Command]]] = {
    "lint": lint,
    "unit": lambda: pytest("tests/unit", "tests/loopback"),
    "molecule": molecule,
    "api": lambda: pytest("tests/api"),
    "sanity": sanity,
    "cores": cores,
    "integration": integration,
    "daemon": lambda: pytest("tests/integration/daemon"),
    "page": lambda: pytest("tests/page"),
    "wire": lambda: pytest("tests/integration/wire"),
    "contract": lambda: pytest("tests/contract"),
    "collection": collection,
    "docs": docs,
    "e2e": lambda: pytest("tests/e2e"),
    "boot-matrix": lambda: pytest("tests/matrix"),
    "demo": demo,
    "demo-harvester": demo_harvester,
}
