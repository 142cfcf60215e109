# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the steps named on the command line, all of them by default, and end with a table of how they went.

Every step runs, also after one has failed, two side by side, and those in which nothing is timed in what time these
leave. Output goes to build/test/STEP.log; pytest's is shown as it comes, the others' when they fail. Exit status 1 when
a step failed. Run by `make`, which has prepared build/venv.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

from steps.table import HOME, ROOT, STEPS, Command, environment

LOGS = ROOT / "build/test"

# Most programs keep one processor busy, or wait.
SIDE_BY_SIDE = 2
# Begun first, because it takes longest.
FIRST = ("e2e",)
# Begun last, so that all end together: by then the artifacts that they need have been built. The demos come behind the
# matrix, which boots two machines at a time and one demo three.
LAST = ("boot-matrix", "demo-harvester", "demo")
# In these nobody waits for a program that has to answer soon: they run one after the other beside all others, with a
# low priority, in the time that those wait. The longest come first, behind one that is quick and telling.
PATIENT = ("lint", "cores", "molecule", "integration", "sanity", "docs", "collection")
NICENESS = 5  # a third of the processor time that somebody else gets who wants it too
SLOW_TEST = re.compile(r"[0-9.]+s (?:setup|call|teardown) .*")  # as pytest lists the slowest, at its end
FAILED_TEST = re.compile(r"(?:FAILED|ERROR) tests/.*")  # as pytest lists them, behind the slowest
FAILED_TESTS_SHOWN = 10  # of each step: who is shown the end of a long output alone has to see the table too


@dataclass(frozen=True)
class Result:
    """What became of a step: `closing` is the line that tells how it went, `slowest` and `failed` are pytest's tests.

    `processor_seconds` are those that its programs took, at most two a second on two processors.
    """

    step: str
    ok: bool
    seconds: float
    processor_seconds: float
    closing: str
    slowest: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class Screen:
    """The terminal, which several steps share: whole lines, with the step's name before them."""

    def __init__(self, *, shared: bool) -> None:
        self._shared = shared
        self._lock = threading.Lock()

    def show(self, text: str, step: str = "") -> None:
        """Show text that ends a line; lines of one call stay together."""
        if self._shared and step:
            text = "".join(f"{step:<14} | {line}\n" for line in text.splitlines())
        with self._lock:
            sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
            sys.stdout.flush()


class Interrupted(Exception):
    """The run is to end: no further program is started."""


class Programs:
    """The programs that run now. Each has a session of its own, so that an interrupt reaches it once and by us."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._ending = False

    def start(self, command: Command, niceness: int = 0) -> subprocess.Popen[str]:
        """Start a program; raises Interrupted when the run is to end."""
        with self._lock:
            if self._ending:
                raise Interrupted
            process = subprocess.Popen(
                ["nice", "-n", str(niceness), *command.argv] if niceness else command.argv,
                cwd=command.cwd,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            if niceness:
                # Where Linux shares the processors between sessions, a program's priority counts within its own alone.
                with contextlib.suppress(OSError):
                    Path(f"/proc/{process.pid}/autogroup").write_text(str(niceness), encoding="ascii")
            self._running.add(process)
            return process

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, float]:
        """Wait for a program to end, and return its exit status and the processor time that it took, in seconds.

        That is its own, and that of the programs that it has started and waited for.
        """
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        with self._lock:
            self._running.discard(process)
        return process.returncode, usage.ru_utime + usage.ru_stime

    def interrupt(self) -> None:
        """Interrupt whatever runs, as Ctrl-C would: it clears up behind itself. Nothing new is started."""
        with self._lock:
            self._ending = True
            for process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGINT)


class Runner:
    """Runs steps; what they print goes to their logs and to the screen."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._programs = Programs()

    def run(self, steps: Sequence[str], workers: int, patient: Sequence[str] = ()) -> list[Result]:
        """Run steps, so many at a time, and those of ``patient`` beside them, with a low priority.

        Who has no other step left takes of those too. An exception or an interrupt ends them all before it leaves.
        """
        left = deque(patient)
        with ThreadPoolExecutor(max_workers=workers) as pool, ThreadPoolExecutor(max_workers=1) as beside:
            try:
                running = [pool.submit(self._track, [step]) for step in steps]
                running.append(beside.submit(self._track, taken(left), NICENESS if steps else 0))
                running += [pool.submit(self._track, taken(left)) for _worker in range(workers) if steps]
                return [result for track in running for result in track.result()]
            except BaseException:
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)  # a second one must not stop the clearing half-way
                self._programs.interrupt()
                for executor in (pool, beside):
                    executor.shutdown(cancel_futures=True)
                raise

    def _track(self, steps: Iterable[str], niceness: int = 0) -> list[Result]:
        return [self._step(name, niceness) for name in steps]

    def _step(self, name: str, niceness: int) -> Result:
        """Run one step's programs, also those after a failed one."""
        self._screen.show(f"== {name}")
        started = time.monotonic()
        path = LOGS / f"{name}.log"
        commands = STEPS[name]()
        with path.open("w", encoding="utf-8") as log:
            outcomes = [self._command(name, command, niceness, log) for command in commands]
        seconds = time.monotonic() - started
        ok, used = all(ok for ok, _used in outcomes), sum(used for _ok, used in outcomes)
        self._screen.show(f"== {name}: {'ok' if ok else 'FAILED'} in {seconds:.1f} s")
        said = path.read_text(encoding="utf-8")
        closing = closing_line(said, commands[-1].proof)
        return Result(name, ok, seconds, used, closing, slowest_tests(said), failed_tests(said))

    def _command(self, name: str, command: Command, niceness: int, log: TextIO) -> tuple[bool, float]:
        """Run `command`, write its output to `log`; return whether it succeeded, and its seconds of processor time."""
        log.write(f"$ {' '.join(command.argv)}\n")
        output = []
        with self._programs.start(command, niceness) as process:
            for line in process.stdout or ():
                output.append(line)
                log.write(line)
                if command.live:
                    self._screen.show(line, name)
            status, used = self._programs.finish(process)
        verdict = "" if status == 0 else f"exit status {status}"
        text = "".join(output)
        if not verdict and command.proof not in text:
            verdict = f"it did not say {command.proof!r}"
        if not verdict and command.never and command.never in text:
            verdict = f"it said {command.never!r}"
        if verdict:
            log.write(f"-> {verdict}\n")
            said = "" if command.live else text
            self._screen.show(f"{said}--- {' '.join(command.argv[:4])}: {verdict}", name)
        return not verdict, used


def taken(steps: deque[str]) -> Iterator[str]:
    """Take the first of the steps that are left, again and again until there is none."""
    while True:
        try:
            step = steps.popleft()
        except IndexError:
            return
        yield step


def closing_line(log: str, proof: str) -> str:
    """Return the last line of a step's log that tells how it went, pytest's rulers taken off."""
    lines = [line.strip("= \n") for line in log.splitlines()]
    printed = [line for line in lines if line and not line.startswith(("$ ", "-> "))]
    telling = [line for line in printed if proof in line] or printed
    return telling[-1][:80] if telling else ""


def slowest_tests(log: str) -> tuple[str, ...]:
    """Return the slowest tests of a step's log, the slowest first: seconds, phase and name."""
    return tuple(line for line in log.splitlines() if SLOW_TEST.fullmatch(line))


def failed_tests(log: str) -> tuple[str, ...]:
    """Return the failed tests of a step's log, in their order: name and the first line of why."""
    return tuple(line[:300] for line in log.splitlines() if FAILED_TEST.fullmatch(line))


def plan(wanted: Sequence[str]) -> list[str]:
    """Return the wanted steps but the PATIENT ones, in the order in which they are begun."""
    others = [step for step in STEPS if step not in (*FIRST, *LAST, *PATIENT)]
    return [step for step in (*FIRST, *others, *LAST) if step in wanted]


def print_table(results: Sequence[Result], seconds: float) -> None:
    """Print pytest's slowest tests, how each step went, in their usual order, how long all took, and what failed."""
    ordered = sorted(results, key=lambda result: list(STEPS).index(result.step))
    print()
    for result in ordered:
        for test in result.slowest:
            print(f"  {result.step:<14} {test}")
    print(f"\n  {'':<21}{'time':>7}{'processor':>12}")
    for result in ordered:
        _print_row(result.ok, result.step, result.seconds, result.processor_seconds, result.closing)
    failed = [result.step for result in results if not result.ok]
    verdict = f"failed: {', '.join(failed)}" if failed else ""
    _print_row(not failed, "all", seconds, sum(result.processor_seconds for result in results), verdict)
    for result in ordered:
        for test in result.failed[:FAILED_TESTS_SHOWN]:
            print(f"  {result.step:<14} {test}")
        if (more := len(result.failed) - FAILED_TESTS_SHOWN) > 0:
            print(f"  {result.step:<14} and {more} more: {LOGS / result.step}.log")


def _print_row(ok: bool, name: str, seconds: float, processor_seconds: float, text: str) -> None:
    print(f"  {'ok' if ok else 'FAILED':<7}{name:<14}{seconds:7.1f} s{processor_seconds:8.1f} s  {text}".rstrip())


def leave(number: int, _frame: object) -> NoReturn:
    """End as somebody else asks, not by losing the programs that run."""
    raise SystemExit(128 + number)


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        sys.exit(f"unknown step {', '.join(unknown)}; there are {', '.join(STEPS)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    HOME.mkdir(parents=True, exist_ok=True)
    # SIGINT as well: a shell starts its background jobs with it ignored, and that is inherited.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    wanted = names or list(STEPS)
    patient = [step for step in PATIENT if step in wanted]
    workers = min(SIDE_BY_SIDE, len(os.sched_getaffinity(0)))
    runner = Runner(Screen(shared=workers > 1 and len(wanted) > 1))
    started = time.monotonic()
    results = runner.run(plan(wanted), workers, patient)
    print_table(results, time.monotonic() - started)
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
