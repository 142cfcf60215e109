# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a wait says, when it is over, and what it tells of machines that did not arrive."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.plugin_utils._wait_report import UNKNOWN_GRACE, Progress, span

START = 1000.0  # bootd's clock when the wait begins


def machine(name="um790-1", steps=(), *, attempt=1, error="", last=(), **more):
    """Return a machine as bootd's API lists it; ``steps`` and ``last`` have times in seconds after START."""
    stages = [{"stage": stage, "at": START + at} for stage, at in steps]
    return {
        "name": name,
        "namespace": "default",
        "stage": stages[-1]["stage"] if stages else "known",
        "since": stages[-1]["at"] if stages else 0.0,
        "attempt": attempt if stages else 0,
        "stages": stages,
        "error": error,
        "last": {"what": last[0], "at": START + last[1]} if last else {"what": "", "at": 0.0},
        "netboot": True,
        "mac": "58:47:ca:71:d8:49",
        **more,
    }


def look(progress, *machines, at):
    """Give ``progress`` bootd's answer ``at`` seconds after its start."""
    return progress.update(machines, START + at, at)


LOADING = (("known", 1.0), ("offered", 1.0), ("loading", 2.0))
SCRIPT = (*LOADING, ("script", 2.4))
INSTALLED = (*SCRIPT, ("kernel", 5.0), ("installing", 9.0), ("installed", 60.0))


def test_update_tells_each_stage_once():
    progress = Progress(["um790-1"], "installed")
    assert look(progress, machine(), at=0) == []
    assert look(progress, machine(steps=LOADING), at=2) == [
        "um790-1: offered",
        "um790-1: loading (1.0 s after offered)",
    ]
    assert look(progress, machine(steps=SCRIPT), at=3) == ["um790-1: script (0.4 s after loading)"]
    assert look(progress, machine(steps=SCRIPT), at=4) == []
    assert progress.pending == ["um790-1"]


def test_update_tells_where_a_machine_stood_at_the_beginning():
    progress = Progress(["um790-1"], "installed")
    assert look(progress, machine(steps=(("known", -9.0), ("installed", -7.0))), at=0.5) == [
        "um790-1: installed (7.5 s ago)"
    ]
    assert progress.pending == []


@pytest.mark.parametrize(("target", "over"), [("loading", True), ("script", True), ("kernel", False)])
def test_update_takes_a_later_stage_for_an_earlier(target, over):
    progress = Progress(["um790-1"], target)
    look(progress, machine(steps=SCRIPT), at=3)
    assert (progress.pending == []) is over
    assert (progress.missing(START + 3) == []) is over


def test_update_tells_of_another_boot():
    progress = Progress(["um790-1"], "installed")
    look(progress, machine(steps=SCRIPT), at=3)
    again = (("known", 30.0), ("offered", 30.0))
    assert look(progress, machine(steps=again, attempt=2), at=31) == [
        "um790-1: boots, attempt 2",
        "um790-1: offered",
    ]


def test_update_tells_a_failure_once_and_settles_it():
    progress = Progress(["um790-1", "um790-2"], "installed")
    look(progress, machine(steps=SCRIPT), machine("um790-2"), at=3)
    failed = machine(steps=(*SCRIPT, ("failed", 4.0)), error="disk full")
    assert look(progress, failed, machine("um790-2"), at=4) == ["um790-1: FAILED: disk full"]
    assert look(progress, failed, machine("um790-2"), at=5) == []
    assert progress.failed == {"um790-1": "disk full"}
    assert progress.pending == ["um790-2"]


def test_update_follows_a_failed_machine_that_boots_again():
    progress = Progress(["um790-1"], "installed")
    look(progress, machine(), at=0)
    look(progress, machine(steps=(*SCRIPT, ("failed", 4.0)), error="disk full"), at=4)
    look(progress, machine(steps=(("known", 30.0), ("offered", 30.0)), attempt=2), at=31)
    assert progress.pending == ["um790-1"]
    look(progress, machine(steps=INSTALLED, attempt=2), at=61)
    assert progress.missing(START + 61) == []


@pytest.mark.parametrize(("failed_at", "counts"), [(-3600.0, False), (-3.0, False), (-1.0, True), (0.5, True)])
def test_update_waits_after_a_failure_from_before(failed_at, counts):
    progress = Progress(["um790-1"], "installed")
    lines = look(progress, machine(steps=(("known", -4000.0), ("failed", failed_at)), error="no disk"), at=1)
    if counts:
        assert lines == ["um790-1: FAILED: no disk"]
    else:
        assert lines == [f"um790-1: failed {span(1 - failed_at)} ago (no disk); waiting for its next boot"]
    assert (progress.pending == []) is counts


def test_update_counts_the_second_failure_after_an_old_one():
    progress = Progress(["um790-1"], "installed")
    old = machine(steps=(("known", -90.0), ("failed", -60.0)), error="no disk")
    look(progress, old, at=0)
    assert look(progress, old, at=1) == []
    again = machine(steps=(("known", 2.0), ("failed", 9.0)), attempt=2, error="no disk")
    assert look(progress, again, at=10) == ["um790-1: boots, attempt 2", "um790-1: FAILED: no disk"]


def test_update_gives_up_on_a_name_that_bootd_does_not_know():
    progress = Progress(["um790-1", "um970-2"], "installed")
    known = [machine(), machine("um790-2")]
    # The time before the first answer does not count: bootd may be starting.
    assert look(progress, *known, at=100) == []
    assert look(progress, *known, at=100 + UNKNOWN_GRACE - 1) == []
    text = "there is no Hardware object of that name, the nearest is um790-2"
    assert look(progress, *known, at=100 + UNKNOWN_GRACE) == [f"um970-2: {text}"]
    assert look(progress, *known, at=200) == []
    assert progress.pending == ["um790-1"]
    assert f"um970-2: {text}" in progress.missing(START + 200)


def test_update_finds_a_machine_by_namespace():
    progress = Progress(["tink-system/um790-1", "um790-2"], "script")
    look(
        progress,
        machine(steps=SCRIPT, namespace="tink-system"),
        machine(steps=LOADING),
        machine("um790-2", LOADING, namespace="other"),
        machine("um790-2", SCRIPT),
        at=3,
    )
    assert progress.pending == []


def test_standing_groups_machines_by_stage():
    names = [f"um790-{number}" for number in range(1, 10)]
    progress = Progress(names, "installed")
    look(progress, machine("um790-1", INSTALLED), machine("um790-2", SCRIPT), *map(machine, names[3:]), at=60)
    assert progress.standing(START + 62.4) == (
        "1 of 9 installed; without Hardware object: um790-3; "
        "known: um790-4, um790-5, um790-6, um790-7, um790-8 and 1 more; script: um790-2 for 60.0 s"
    )


def test_missing_names_the_last_thing_seen_and_how_long_ago():
    progress = Progress(["um790-1", "um790-2", "um790-3", "um790-4"], "installed")
    look(
        progress,
        machine("um790-1", SCRIPT, last=("http GET /auto.ipxe", 2.4)),
        machine("um790-2", (*SCRIPT, ("failed", 9.0)), error="disk full", last=("report failed", 9.0)),
        machine("um790-3", since=START - 314.6),
        machine("um790-4", netboot=False, reason="allowPXE is false"),
        at=10,
    )
    assert progress.missing(START + 45.4) == [
        "um790-1: script for 43.0 s; last seen 43.0 s ago: http GET /auto.ipxe",
        "um790-2: failed for 36.4 s (disk full); last seen 36.4 s ago: report failed",
        "um790-3: known for 6 min 0 s; no request from 58:47:ca:71:d8:49 has come",
        "um790-4: known; no request from 58:47:ca:71:d8:49 has come, and netboot is off: allowPXE is false",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0.0 s"), (0.44, "0.4 s"), (119.9, "119.9 s"), (7199, "119 min 59 s"), (7260, "2 h 1 min")],
)
def test_span_is_for_people(seconds, text):
    assert span(seconds) == text


READY = (*INSTALLED, ("ready", 90.0))


@pytest.mark.parametrize(
    ("steps", "last_stage", "over"),
    [(INSTALLED, "ready", False), (READY, "ready", True), (INSTALLED, "installed", True), (SCRIPT, "installed", False)],
)
def test_update_a_machine_has_arrived_at_ready_where_nothing_more_is_to_come(steps, last_stage, over):
    progress = Progress(["um790-1"], "ready")
    look(progress, machine(steps=steps, last_stage=last_stage), at=91)
    assert (progress.pending == []) is over


def joins(*names, after="um790-1", **more):
    return [machine(name, LOADING, after=[f"default/{after}"], **more) for name in names]


def test_update_settles_machines_that_wait_for_one_that_failed():
    progress = Progress(["um790-1", "um790-2", "um790-3", "um790-4"], "ready")
    second, third = machine("um790-2", after=["default/um790-1"]), machine("um790-3", after=["default/um790-2"])
    running = machine("um790-4", SCRIPT, after=["default/um790-1"])
    look(progress, machine(steps=SCRIPT), second, third, running, at=3)
    assert progress.pending == ["um790-1", "um790-2", "um790-3", "um790-4"]
    failed = machine(steps=(*SCRIPT, ("failed", 4.0)), error="disk full")
    look(progress, failed, second, third, running, at=4)
    assert progress.pending == ["um790-4"]
    reasons = {item["name"]: item["reason"] for item in progress.summary(START + 5)}
    assert reasons == {
        "um790-1": "disk full",
        "um790-2": "waits for um790-1, which did not arrive",
        "um790-3": "waits for um790-2, which did not arrive",
        "um790-4": "",
    }
    assert "waits for um790-1, which did not arrive" in progress.missing(START + 5)[1]


def test_update_goes_on_with_waiting_machines_when_the_failed_one_does():
    progress = Progress(["um790-1", "um790-2"], "ready")
    look(progress, machine(steps=SCRIPT), *joins("um790-2"), at=3)
    look(progress, machine(steps=(*SCRIPT, ("failed", 4.0))), *joins("um790-2"), at=4)
    assert progress.pending == []
    look(progress, machine(steps=(*SCRIPT, ("failed", 4.0), ("kernel", 6.0))), *joins("um790-2"), at=6)
    assert progress.pending == ["um790-1", "um790-2"]


def test_update_waits_on_where_the_failure_is_from_before():
    progress = Progress(["um790-1", "um790-2"], "ready")
    old = machine(steps=(("known", -90.0), ("failed", -60.0)), error="no disk")
    look(progress, old, *joins("um790-2", waits_for="um790-1 (failed: no disk)"), at=1)
    assert progress.pending == ["um790-1", "um790-2"]


def test_update_tells_once_what_a_machine_waits_for():
    progress = Progress(["um790-2"], "ready")
    look(progress, *joins("um790-2"), at=3)
    assert look(progress, *joins("um790-2", waits_for="um790-1 (kernel)"), at=4) == [
        "um790-2: waits for um790-1 (kernel)"
    ]
    assert look(progress, *joins("um790-2", waits_for="um790-1 (installing)"), at=5) == []
    assert progress.standing(START + 5) == "0 of 1 ready; loading, waiting: um790-2 for 3.0 s"


def test_update_says_nothing_of_percents_and_standing_does():
    progress = Progress(["um790-1"], "installed")
    look(progress, machine(steps=SCRIPT), at=3)
    loading = machine(steps=SCRIPT, progress={"what": "initrd", "bytes": 4, "size": 10, "percent": 40})
    assert look(progress, loading, at=4) == []
    assert progress.standing(START + 4.4) == "0 of 1 installed; script: um790-1 for 2.0 s, initrd 40 %"
    (summary,) = progress.summary(START + 4.4)
    assert summary == {
        "name": "um790-1",
        "stage": "script",
        "since": START + 2.4,
        "seconds": 2.0,
        "reached": False,
        "failed": False,
        "loading": "initrd",
        "percent": 40,
        "reason": "",
    }


def test_update_of_a_thousand_machines_fits_a_screen():
    names = [f"node-{number}" for number in range(1000)]
    progress = Progress(names, "installed")
    look(progress, *map(machine, names), at=0)
    told = look(progress, *(machine(name, SCRIPT) for name in names), at=3)
    assert told == [
        f"node-0, node-1, node-2, node-3, node-4 and 995 more: {stage}" for stage in ("offered", "loading", "script")
    ]
    assert len(progress.standing(START + 4)) < 200


def test_summary_of_a_machine_nobody_knows_has_all_fields():
    (summary,) = Progress(["um790-1"], "ready").summary(START)
    assert (summary["stage"], summary["percent"], summary["reason"]) == ("", None, "nothing has been heard of it")
