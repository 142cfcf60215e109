# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of the steps: nothing is left out, and a failed step stops no other."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from steps import run
from steps.table import STEPS, Command


def python(code: str, **more: object) -> Command:
    return Command([sys.executable, "-c", code], **more)


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """A runner of the steps good, bad and silent, that leaves its logs in the test's directory."""
    steps = {
        "good": lambda: [python("print('3 passed')", proof=" passed", live=True)],
        "bad": lambda: [python("print('why'); raise SystemExit(3)"), python("print('still run')")],
        "silent": lambda: [python("", proof=" passed")],
        "warned": lambda: [python("print('[WARNING]: old')", never="[WARNING]")],
    }
    monkeypatch.setattr(run, "STEPS", steps)
    monkeypatch.setattr(run, "LOGS", tmp_path)
    return run.Runner(run.Screen(shared=True))


def test_plan_has_every_step_once():
    steps = run.plan(list(STEPS))
    assert sorted([*steps, *run.PATIENT]) == sorted(STEPS)
    assert (steps[0], steps[-1]) == ("e2e", "demo")


@pytest.mark.parametrize(
    ("wanted", "steps"),
    [
        (["unit"], ["unit"]),
        (["demo", "unit", "lint"], ["unit", "demo"]),
        (["lint"], []),
        (["demo", "e2e"], ["e2e", "demo"]),
    ],
)
def test_plan_has_what_is_wanted_and_no_more(wanted, steps):
    assert run.plan(wanted) == steps


def test_run_goes_on_after_a_failed_step(runner, tmp_path, capsys):
    results = runner.run(["bad", "good", "silent", "warned"], 2)
    verdicts = [("bad", False), ("good", True), ("silent", False), ("warned", False)]
    assert [(result.step, result.ok) for result in results] == verdicts
    assert "still run" in (tmp_path / "bad.log").read_text()
    shown = capsys.readouterr().out.splitlines()
    assert "good           | 3 passed" in shown
    assert "bad            | why" in shown
    assert any(line.startswith("bad            | --- ") and line.endswith("exit status 3") for line in shown)
    assert any(line.startswith("silent         | --- ") and line.endswith("it did not say ' passed'") for line in shown)
    assert any(line.startswith("warned         | --- ") and line.endswith("it said '[WARNING]'") for line in shown)


def test_patient_steps_run_beside_the_others_and_leave_them_the_processors(runner, tmp_path, monkeypatch):
    beside, log = tmp_path / "beside", tmp_path / "nice.log"
    look = f"import os, pathlib; pathlib.Path({str(beside)!r}).touch(); print(os.nice(0))"
    wait = f"import os, time\nwhile not os.path.exists({str(beside)!r}): time.sleep(0.01)"
    monkeypatch.setitem(run.STEPS, "nice", lambda: [python(look)])
    monkeypatch.setitem(run.STEPS, "wait", lambda: [python(wait)])
    own = os.nice(0)
    lowest = 19
    for steps, niceness in ((["wait"], min(own + run.NICENESS, lowest)), ([], own)):
        results = runner.run(steps, 1, ["nice", "good"])
        assert sorted(result.step for result in results) == sorted(["nice", "good", *steps])
        assert log.read_text().splitlines()[-1] == str(niceness)


def test_who_has_no_other_step_left_takes_of_the_patient_steps(runner, tmp_path, monkeypatch):
    """Each of two waits for the other: they run side by side, one of them in the place of a step that has ended."""
    one, other = tmp_path / "one", tmp_path / "other"
    code = """
import os, pathlib, sys, time
mine, others = map(pathlib.Path, sys.argv[1:])
mine.touch()
end = time.monotonic() + 60
while not others.exists() and time.monotonic() < end: time.sleep(0.01)
sys.exit(not others.exists())
"""
    argv = [sys.executable, "-c", code]
    monkeypatch.setitem(run.STEPS, "one", lambda: [Command([*argv, str(one), str(other)])])
    monkeypatch.setitem(run.STEPS, "other", lambda: [Command([*argv, str(other), str(one)])])
    assert all(result.ok for result in runner.run(["good"], 1, ["one", "other"]))


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="sessions are not told apart by this kernel")
def test_low_priority_is_that_of_the_session_where_the_kernel_goes_by_sessions():
    programs = run.Programs()
    with programs.start(python("print(open('/proc/self/autogroup').read())"), 7) as process:
        assert process.stdout.read().split()[-2:] == ["nice", "7"]
        programs.finish(process)


def test_run_starts_nothing_after_an_interrupt():
    programs = run.Programs()
    programs.interrupt()
    with pytest.raises(run.Interrupted):
        programs.start(python(""))


def test_interrupt_reaches_what_runs():
    programs = run.Programs()
    code = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    print("up", flush=True)
    while True:
        time.sleep(0.05)  # in pieces: Python heeds a signal that came just before a sleep when that is over
except KeyboardInterrupt:
    print("cleared up")
"""
    with programs.start(python(code)) as process:
        assert process.stdout.readline() == "up\n"
        programs.interrupt()
        assert process.stdout.read() == "cleared up\n"
        assert programs.finish(process)[0] == 0


def test_processor_time_is_that_of_a_program_and_of_what_it_has_run():
    programs = run.Programs()
    busy = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    with programs.start(python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])")) as process:
        status, seconds = programs.finish(process)
    assert status == 0
    assert seconds >= 0.2


@pytest.mark.parametrize(
    ("log", "proof", "closing"),
    [
        ("$ pytest tests\n..\n=== 3 passed in 1s ===\n", " passed", "3 passed in 1s"),
        ("$ a\nok=1 failed=0\nlast\n", "failed=0", "ok=1 failed=0"),
        ("$ a\nlast\n-> exit status 1\n", "", "last"),
        ("$ a\n", "", ""),
    ],
)
def test_closing_line_tells_how_it_went(log, proof, closing):
    assert run.closing_line(log, proof) == closing


def test_table_ends_with_how_each_step_went_and_begins_with_the_slowest_tests(capsys):
    slowest = run.slowest_tests(
        "tests/a.py ..\n=== slowest 5 durations ===\n12.30s call     tests/a.py::test_a[x y]\n"
        "0.51s setup    tests/a.py::test_b\n"
        "\n(3 durations < 0.005s hidden.)\n=== 2 passed in 13.00s ===\n"
    )
    results = [run.Result("wire", True, 13.04, 20.0, "2 passed", slowest), run.Result("lint", False, 2.0, 1.0, "no")]
    run.print_table(results, 14.0)
    assert capsys.readouterr().out.splitlines() == [
        "",
        "  wire           12.30s call     tests/a.py::test_a[x y]",
        "  wire           0.51s setup    tests/a.py::test_b",
        "",
        "                          time   processor",
        "  FAILED lint              2.0 s     1.0 s  no",
        "  ok     wire             13.0 s    20.0 s  2 passed",
        "  FAILED all              14.0 s    21.0 s  failed: lint",
    ]


def test_failed_tests_are_named_last_where_the_end_of_an_output_shows_them(capsys):
    said = (
        "FAILED tests/a.py::test_a[x y] - AssertionError: "
        + "1" * 500
        + "\nERROR tests/b.py::test_b - Timeout\nFAILED\n"
    )
    failed = run.failed_tests(said)
    run.print_table([run.Result("wire", False, 13.0, 20.0, "2 failed", failed=failed * 6)], 13.0)
    lines = capsys.readouterr().out.splitlines()
    named = lines[lines.index("  FAILED all              13.0 s    20.0 s  failed: wire") + 1 :]
    assert len(named) == 11
    assert named[0].startswith("  wire           FAILED tests/a.py::test_a[x y] - AssertionError: 111")
    assert named[1] == "  wire           ERROR tests/b.py::test_b - Timeout"
    assert named[10] == f"  wire           and 2 more: {run.LOGS}/wire.log"
    assert max(map(len, named)) < 400
