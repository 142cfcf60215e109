# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When silence is a failure, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.deadlines import Expected, is_over, overdue, quiet_since
from _bootd.decisions.stages import MAX_REASON, Progress, State
from _bootd.installers.harvester.installer import Harvester
from _bootd.process.settings import LIMITS
from samples.states import STATES

SINCE = 1000.0
OWN_ISO = {"install": {"iso_url": "http://10.10.0.20:7080/images/a.iso"}}
ALL = Harvester().expect(
    Expected(loads=True, configuration=True, answers="10.10.0.16:443"), OWN_ISO, "http://10.10.0.20:7080"
)
NOTHING = Expected()


def state(stage: str, **more: object) -> State:
    return State(stage=stage, since=SINCE, **more)


def reason(state: State, expected: Expected = ALL) -> str:
    return overdue(state, SINCE + 100_000, LIMITS, expected) or ""


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (state("script"), ["the kernel was not loaded", "file server"]),
        (state("script", error="boot error timed out"), ["the kernel was not loaded: boot error timed out"]),
        (state("script", progress=Progress("initrd", 43, 100), seen={"initrd": SINCE + 1}), ["initrd 43 %", "network"]),
        (state("kernel"), ["configuration was never fetched", "kernel did not start"]),
        (state("kernel", seen={"lease": SINCE + 5}), ["never fetched", "can't load its rootfs", "got an address"]),
        (
            state("kernel", progress=Progress("rootfs", 5, 10), seen={"rootfs": SINCE + 5}),
            ["rootfs 50 %", "stopped loading"],
        ),
        (
            state("kernel", progress=Progress("rootfs", 10, 10), seen={"rootfs": SINCE + 5}),
            ["configuration was never fetched", "rootfs 100 % was sent", "no network"],
        ),
        (
            state("kernel", seen={"rootfs": SINCE + 5, "configuration": SINCE + 9}),
            ["did not report that it started", "the configuration was fetched", "skipchecks", "default route"],
        ),
        (state("installing"), ["no ISO was fetched", "the installer reported that it started"]),
        (state("installing", progress=Progress("iso", 1, 2), seen={"iso": SINCE + 5}), ["stopped loading at iso 50 %"]),
        (state("installing", progress=Progress("iso", 2, 2), seen={"iso": SINCE + 5}), ["reported no end"]),
        (state("installed"), ["10.10.0.16:443 does not answer", "another disk"]),
    ],
)
def test_overdue_names_what_was_seen_last_what_did_not_come_and_why(found, words):
    told = reason(found)
    assert [word for word in words if word not in told] == []
    assert told.startswith("nothing came for 16")
    assert len(told) <= MAX_REASON


def test_overdue_of_an_installer_that_says_nothing_of_itself_blames_no_rootfs():
    told = reason(state("kernel", seen={"lease": SINCE + 5}), Expected(configuration=True))
    assert told.endswith(
        "the configuration was never fetched; likely the installer does not reach bootd, or stopped before"
    )


@pytest.mark.parametrize(("firmware", "told"), [("bios", True), ("uefi", False), ("", False)])
def test_overdue_knows_that_harvester_refuses_bios_without_a_word(firmware, told):
    silent = state("kernel", seen={"configuration": SINCE}, firmware=firmware)
    assert ("BIOS" in reason(silent)) is told


@pytest.mark.parametrize("stage", ["known", "offered", "loading", "ready", "failed"])
def test_overdue_has_no_limit_before_the_script_and_after_the_end(stage):
    assert reason(state(stage)) == ""


@pytest.mark.parametrize("stage", ["script", "kernel", "installed"])
def test_overdue_expects_nothing_of_a_script_and_an_installer_that_are_the_users_own(stage):
    assert reason(state(stage, seen={"rootfs": SINCE}), NOTHING) == ""


def test_overdue_an_installer_that_reported_its_start_reports_its_end():
    assert "reported no end" in reason(state("installing"), NOTHING)
    assert reason(state("installing"), replace(NOTHING, reports=False)) == ""


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (state("script"), "script"),
        (state("kernel"), "kernel"),
        (state("installing"), "iso"),
        (state("installing", seen={"iso": SINCE}), "installing"),
        (state("installed"), "ready"),
    ],
)
def test_overdue_begins_at_its_limit_and_never_where_that_is_0(found, name):
    limits = {**LIMITS, name: 50.0}
    assert overdue(found, SINCE + 49.9, limits, ALL) is None
    assert overdue(found, SINCE + 50.0, limits, ALL)
    assert overdue(found, SINCE + 1e9, {**LIMITS, name: 0.0}, ALL) is None


def test_overdue_counts_from_the_last_sign():
    loading = state("script", seen={"initrd": SINCE + 290})
    assert overdue(loading, SINCE + 580, LIMITS, ALL) is None
    assert overdue(loading, SINCE + 590, LIMITS, ALL)


EXPECTATIONS = st.builds(Expected, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.text(max_size=20))
SECONDS = st.floats(0, 1e9, allow_nan=False)
SOME_LIMITS = st.fixed_dictionaries({}, optional=dict.fromkeys(LIMITS, SECONDS))


@given(STATES, EXPECTATIONS, SOME_LIMITS, SECONDS)
def test_overdue_of_anything_is_a_bounded_reason_and_stays_one(found, expected, limits, silence):
    now = quiet_since(found) + silence
    told = overdue(found, now, limits, expected)
    if told is None:
        return
    assert told
    assert found.stage in ("script", "kernel", "installing", "installed")
    assert silence >= min(limits.values()) - 1  # adding to the epoch may round
    assert overdue(found, now + 3600, limits, expected) is not None
    assert overdue(found, now, {}, expected) is None


@pytest.mark.parametrize(("silence", "over"), [(299, False), (300, True)])
def test_is_over_takes_the_limit_of_the_stage_whatever_is_expected(silence, over):
    assert is_over(state("script"), SINCE + silence, LIMITS) is over
    assert not is_over(state("script"), SINCE + silence, {})
