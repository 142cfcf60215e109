# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the steps named on the command line, all of them by default, and end with a table of how they went.

Every step runs, also after one has failed. Output goes to build/test/STEP.log; pytest's is shown as it comes, the
others' when they fail. Exit status 1 when a step failed. Run by `make`, which has prepared build/venv.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / "build/venv/bin"
LOGS = ROOT / "build/test"
HOME = ROOT / "build/home"
TREE = ROOT / "build/tree/ansible_collections/baremetal/netboot"


@dataclass(frozen=True)
class Command:
    """One program of a step: `proof` is what it prints when it did its work, `live` shows its output as it comes."""

    argv: list[str]
    cwd: Path = ROOT
    proof: str = ""
    live: bool = False


@dataclass(frozen=True)
class Result:
    """What became of a step: `closing` is the line that tells how it went."""

    step: str
    ok: bool
    seconds: float
    closing: str


def environment() -> dict[str, str]:
    """Return the environment of every step: the venv's tools, this checkout's collection, a home of its own."""
    return {
        **os.environ,
        "PATH": f"{VENV}:{os.environ['PATH']}",
        "HOME": str(HOME),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_HOME": str(HOME / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
        "ANSIBLE_PYTHON_INTERPRETER": str(VENV / "python"),
    }


def sources() -> list[str]:
    """Return the project's files as git sees them: tracked, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "-z", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return sorted(name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file())


def copy_tree() -> None:
    """Copy the sources to the only kind of path ansible-test accepts, which also proves that they are enough."""
    shutil.rmtree(TREE, ignore_errors=True)
    for name in sources():
        target = TREE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    # A repository of its own: inside ours, which ignores build/, ansible-test would find no file to test.
    subprocess.run(["git", "init", "--quiet", TREE], check=True)


def shell_scripts() -> list[str]:
    """Return the sources that a POSIX shell or bash runs."""
    heads = {name: (ROOT / name).open("rb").readline() for name in sources()}
    return [name for name, head in heads.items() if head.startswith(b"#!") and head.rstrip().endswith(b"sh")]


def pytest(directory: str) -> list[Command]:
    return [Command(["pytest", directory], proof=" passed", live=True)]


def lint() -> list[Command]:
    return [
        Command(["ruff", "check", "."]),
        Command(["ruff", "format", "--check", "."]),
        Command(["shellcheck", *shell_scripts()]),
        Command(["yamllint", "--strict", "."]),
        Command(["ansible-lint"], proof="Passed: 0 failure(s)"),
    ]


def ansible_test(kind: str) -> list[str]:
    """Return the command that tests the copy, with the Python that runs this: others may be shims of nothing."""
    copy_tree()
    return ["ansible-test", kind, "--local", "--color", "no", "--python", "{}.{}".format(*sys.version_info)]


def sanity() -> list[Command]:
    pip = Command([sys.executable, "tests/setup/ansible_test_pip.py"])
    return [pip, Command(ansible_test("sanity"), cwd=TREE, proof='sanity test "validate-modules"')]


def integration() -> list[Command]:
    path = f"PYTHONPATH={ROOT / 'plugins/module_utils'}:{ROOT / 'tests'}"
    beside_api = ["env", path, sys.executable, str(ROOT / "tests/with_api.py"), str(TREE)]
    return [Command(apart([*beside_api, *ansible_test("integration")]), proof="failed=0")]


def collection() -> list[Command]:
    return [Command([sys.executable, "tests/check_collection.py"])]


def docs() -> list[Command]:
    copy_tree()
    return [
        Command(["antsibull-changelog", "lint"]),
        Command(["antsibull-docs", "lint-collection-docs", "--plugin-docs", "."], cwd=TREE),
    ]


def apart(argv: list[str]) -> list[str]:
    """Let root's program see a loopback of its own: its ports are free, and nothing it sends gets out."""
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    return [*alone, *argv] if os.geteuid() == 0 else argv


def molecule() -> list[Command]:
    return [Command(apart(["molecule", "test", "--all"]))]


def demo() -> list[Command]:
    """The main job on a cluster, or on files where there is no script that starts one and none is required."""
    cluster = "KUBE_FOR_TESTS" in os.environ or os.environ.get("BOOTD_TEST_REQUIRE_ALL") == "1"
    store = f"STORE={'kubernetes' if cluster else 'files'}"
    settings = [store, "FIRMWARE=uefi", "MACHINES=1", "PYTHONPATH=tests"]
    return [Command(["env", *settings, sys.executable, "-m", "lab.demo"], proof="The report is", live=True)]


STEPS: dict[str, Callable[[], list[Command]]] = {
    "lint": lint,
    "unit": lambda: pytest("tests/unit"),
    "contract": lambda: pytest("tests/contract"),
    "api": lambda: pytest("tests/api"),
    "docs": docs,
    "collection": collection,
    "sanity": sanity,
    "molecule": molecule,
    "integration": integration,
    "wire": lambda: pytest("tests/integration/wire"),
    "daemon": lambda: pytest("tests/integration/daemon"),
    "e2e": lambda: pytest("tests/e2e"),
    "demo": demo,
}


def run(command: Command, log: TextIO) -> bool:
    """Run `command`, write its output to `log`, and return whether it succeeded."""
    log.write(f"$ {' '.join(command.argv)}\n")
    output = []
    with subprocess.Popen(
        command.argv,
        cwd=command.cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            output.append(line)
            log.write(line)
            if command.live:
                print(line, end="", flush=True)
    verdict = "" if process.returncode == 0 else f"exit status {process.returncode}"
    if not verdict and command.proof not in "".join(output):
        verdict = f"it did not say {command.proof!r}"
    if verdict:
        log.write(f"-> {verdict}\n")
        print(
            "" if command.live else "".join(output), f"--- {' '.join(command.argv[:4])}: {verdict}", sep="", flush=True
        )
    return not verdict


def closing_line(log: Path, proof: str) -> str:
    """Return the last line of a step that tells how it went, pytest's rulers taken off."""
    lines = [line.strip("= \n") for line in log.read_text(encoding="utf-8").splitlines()]
    printed = [line for line in lines if line and not line.startswith(("$ ", "-> "))]
    telling = [line for line in printed if proof in line] or printed
    return telling[-1][:80] if telling else ""


def run_step(name: str) -> Result:
    """Run one step's programs, also those after a failed one."""
    print(f"== {name}", flush=True)
    started = time.monotonic()
    path = LOGS / f"{name}.log"
    commands = STEPS[name]()
    with path.open("w", encoding="utf-8") as log:
        outcomes = [run(command, log) for command in commands]
    seconds = time.monotonic() - started
    print(f"== {name}: {'ok' if all(outcomes) else 'FAILED'} in {seconds:.1f} s", flush=True)
    return Result(name, all(outcomes), seconds, closing_line(path, commands[-1].proof))


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        sys.exit(f"unknown step {', '.join(unknown)}; there are {', '.join(STEPS)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    HOME.mkdir(parents=True, exist_ok=True)
    results = [run_step(name) for name in names or STEPS]

    print()
    for result in results:
        print(f"  {'ok' if result.ok else 'FAILED':<7}{result.step:<11}{result.seconds:7.1f} s  {result.closing}")
    failed = [result.step for result in results if not result.ok]
    total = sum(result.seconds for result in results)
    verdict = f"failed: {', '.join(failed)}" if failed else ""
    print(f"  {'FAILED' if failed else 'ok':<7}{'all':<11}{total:7.1f} s  {verdict}".rstrip())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
