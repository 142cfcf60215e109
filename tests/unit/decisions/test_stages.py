# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages: where a machine stands after each event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions import events
from _bootd.decisions.deadlines import quiet_since
from _bootd.decisions.events import Detail, Event, Progress
from _bootd.decisions.repeated_leases import as_seen, changes_nothing
from _bootd.decisions.stages import (
    MAX_STEPS,
    State,
    advance,
    boots_again,
    release_switch,
)
from samples.states import STATES

KEY, MAC = "tink-system/um790-1", "58:47:ca:71:d8:49"
FIRMWARE = {"client": "firmware", "netboot": True, "firmware": "uefi"}
IPXE = {"client": "ipxe", "netboot": True}
OS = {"client": "os", "netboot": True}


def event(detail: Detail, at: float) -> Event:
    return Event(KEY, MAC, at, detail)


def run(*seen: Detail, state: State | None = None) -> State:
    state = state or State(since=1.0)
    for at, detail in enumerate(seen, start=10):
        state = advance(state, event(detail, float(at)))
    return state


UEFI_BOOT = (
    events.Discover(**FIRMWARE),
    events.Lease(**FIRMWARE),
    events.BootFile(name="ipxe.efi", via="tftp", bytes=1000),
    events.Discover(**IPXE),
    events.Lease(**IPXE),
    events.Script(boot="harvester", via="http", bytes=500),
    events.Facts({"product": "UM790", "platform": "efi"}),
    events.Loaded(role="kernel", url="http://192.0.2.2/vmlinuz"),
    events.Discover(**OS),
    events.Report(outcome="started"),
    events.Report(outcome="succeeded", reprovision=""),
)


def stages(state: State) -> list[str]:
    return [step.stage for step in state.steps]


def test_advance_a_whole_installation_passes_every_stage_once():
    state = run(*UEFI_BOOT)
    assert stages(state) == ["known", "offered", "loading", "script", "kernel", "installing", "installed"]
    assert [step.at for step in state.steps] == [1.0, 10.0, 12.0, 15.0, 17.0, 19.0, 20.0]
    assert (state.stage, state.attempt, state.installs, state.firmware) == ("installed", 1, 1, "uefi")
    assert state.bytes == {"tftp": 1000, "http": 500}
    assert state.facts["product"] == "UM790"
    assert state.switched_off == {MAC: ""}


def test_advance_bios_machine_whose_rom_is_ipxe_has_one_attempt():
    state = run(
        events.Discover(**IPXE),
        events.Lease(**IPXE),
        events.Script(boot="harvester", via="http"),
        events.Discover(**OS),
    )
    assert stages(state) == ["known", "offered", "script", "kernel"]
    assert state.attempt == 1


def test_advance_repeated_discover_is_the_same_attempt():
    assert run(events.Discover(**FIRMWARE), events.Discover(**FIRMWARE), events.Lease(**FIRMWARE)).attempt == 1


def test_advance_firmware_asking_again_starts_a_new_attempt_and_drops_the_old_error():
    asked = run(*UEFI_BOOT[:9], events.BootError(message="timed out"), events.Discover(**FIRMWARE))
    assert (asked.attempt, asked.stage, asked.error) == (
        1,
        "kernel",
        "boot error timed out",
    )  # anybody could have sent it
    state = advance(asked, event(UEFI_BOOT[2], 99.0))
    assert (state.attempt, state.error, stages(state)) == (2, "", ["known", "offered", "loading"])
    assert [step.at for step in state.steps] == [20.0, 20.0, 99.0]
    assert (state.bytes, state.firmware) == ({"tftp": 1000}, "uefi")


def test_advance_with_netboot_off_keeps_an_installed_machine_installed():
    off = {"client": "firmware", "netboot": False}
    state = run(events.Discover(**off), events.Lease(**off), events.LocalBoot(""), state=run(*UEFI_BOOT))
    assert (state.stage, state.attempt) == ("installed", 1)
    assert state.last.startswith("local boot")


def test_advance_os_lease_after_the_script_means_the_kernel_runs():
    state = run(*UEFI_BOOT[:6], events.Lease(**OS))
    assert state.stage == "kernel"


def test_advance_failed_keeps_the_reason_and_netboot_on():
    state = run(*UEFI_BOOT[:10], events.Report(outcome="failed", reason="no disk"))
    assert (state.stage, state.error, state.switched_off, state.installs) == ("failed", "no disk", {}, 0)
    assert stages(state)[-1] == "failed"


def test_advance_failed_then_booted_again_is_a_new_attempt():
    failed = run(*UEFI_BOOT[:10], events.Report(outcome="failed"))
    state = run(*UEFI_BOOT, state=failed)
    assert (state.stage, state.attempt, state.error) == ("installed", 2, "")


def test_advance_a_late_boot_event_does_not_hide_a_failure():
    failed = run(*UEFI_BOOT[:10], events.Report(outcome="failed"))
    assert run(events.Loaded("", "kernel"), state=failed).stage == "failed"


@pytest.mark.parametrize("outcome", ["started", "succeeded", "failed"])
def test_advance_a_report_after_success_changes_no_stage(outcome):
    done = run(*UEFI_BOOT)
    state = run(events.Report(outcome=outcome), state=done)
    assert (state.stage, state.installs, state.switched_off) == ("installed", 1, done.switched_off)


def test_advance_bounds_facts_and_texts():
    facts = {f"fact{number}": "x" * 5000 for number in range(500)}
    state = run(events.Facts(facts))
    assert len(state.facts) == 32
    assert max(map(len, state.facts.values())) == 256


def test_advance_steps_stay_bounded():
    state = State()
    for at in range(500):
        outcome = "failed" if at % 2 else "started"
        state = advance(state, event(events.Report(outcome), float(at)))
    assert len(state.steps) <= MAX_STEPS


def test_release_switch_again_puts_the_machine_at_the_beginning():
    state = release_switch(run(*UEFI_BOOT), MAC, again=True)
    assert (state.stage, state.switched_off, state.installs) == ("known", {}, 1)


def test_release_switch_by_hand_keeps_the_stage():
    state = release_switch(run(*UEFI_BOOT), MAC, again=False)
    assert (state.stage, state.switched_off) == ("installed", {})


KERNEL = UEFI_BOOT[:8]
STARTED = (*UEFI_BOOT[:9], events.Report(outcome="started"))


def sent(what: str, octets: int, size: int = 1000) -> Detail:
    return events.Progress(what=what, bytes=octets, size=size)


def loaded(role: str, octets: int = 1000, size: int = 1000) -> Detail:
    return events.Loaded(role=role, url=f"http://10.10.0.20/images/{role}", bytes=octets, size=size)


def test_advance_progress_is_the_last_file_and_new_with_each_attempt():
    state = run(*UEFI_BOOT[:6], sent("kernel", 100), sent("initrd", 430))
    assert (state.progress, state.stage) == (Progress("initrd", 430, 1000), "script")
    assert (state.progress.percent, state.last) == (43, "sending initrd 43 %")
    assert state.seen == {"kernel": 16.0, "initrd": 17.0}
    again = run(events.Discover(**FIRMWARE), UEFI_BOOT[2], state=state)
    assert (again.progress, again.seen) == (None, {})


@pytest.mark.parametrize("what", ["rootfs", "iso"])
def test_advance_progress_of_what_only_a_running_kernel_asks_for_means_that_it_runs(what):
    assert run(*UEFI_BOOT[:6], sent(what, 1)).stage == "kernel"


def test_advance_configuration_is_seen_and_the_kernel_runs():
    state = run(*UEFI_BOOT[:6], events.Configuration(bytes=1234))
    assert (state.stage, state.progress, state.seen) == (
        "kernel",
        Progress("configuration", 1234, 1234),
        {"configuration": 16.0},
    )


def test_advance_a_file_whose_last_part_was_sent_is_there():
    assert run(*STARTED, loaded("iso", octets=10)).progress == Progress("iso", 1000, 1000)


@pytest.mark.parametrize("before", [(), UEFI_BOOT])
def test_advance_progress_outside_of_an_installation_counts_for_nothing(before):
    state = run(*before)
    after = run(sent("iso", 5), loaded("kernel") if before else sent("kernel", 1), state=state)
    assert (after.stage, after.progress, after.seen) == (state.stage, None, state.seen)


def test_advance_progress_of_what_no_machine_is_followed_by_changes_only_what_was_seen_last():
    state = run(*STARTED, events.Progress("movie", 1, 2))
    assert (state.progress, state.stage) == (None, "installing")


def test_advance_an_installed_machine_loads_nothing_any_more():
    assert run(*STARTED, sent("iso", 5), events.Report(outcome="succeeded")).progress is None


def held(name: str = "um790-1 (kernel)") -> Detail:
    return events.Held(waits_for=name)


def test_advance_a_held_machine_is_in_ipxe_and_waits_until_it_gets_its_script():
    state = run(*UEFI_BOOT[:5], held())
    assert (state.stage, state.waits_for) == ("loading", "um790-1 (kernel)")
    assert run(held("um790-1 (installing)"), state=state).waits_for == "um790-1 (installing)"
    released = run(events.Script(boot="harvester", via="http"), state=state)
    assert (released.stage, released.waits_for) == ("script", "")


def test_describe_a_held_machine_says_what_it_waits_for():
    assert events.describe(event(held(), 1.0)) == "waits for um790-1 (kernel)"


def test_advance_a_held_machine_with_ipxe_in_its_rom_is_loading_as_well():
    state = run(events.Discover(**IPXE), events.Lease(**IPXE), held())
    assert (state.stage, state.attempt) == ("loading", 1)


def test_advance_a_machine_that_is_sent_to_its_disk_waits_no_more():
    assert run(held(), events.LocalBoot(reason="netboot is off")).waits_for == ""


def test_advance_waiting_on_is_no_news_for_a_minute():
    state = run(*UEFI_BOOT[:5], held())
    assert advance(state, event(held(), state.last_at + 59)) is state
    assert advance(state, event(held(), state.last_at + 60)).last_at == state.last_at + 60


OVERDUE = events.Overdue(reason="nothing came for 15 min")


def test_advance_overdue_fails_with_the_reason_and_keeps_what_was_seen_last():
    before = run(*STARTED)
    state = run(OVERDUE, state=before)
    assert (state.stage, state.error, state.overdue) == ("failed", "nothing came for 15 min", "installing")
    assert (state.last, state.last_at) == (before.last, before.last_at)


@pytest.mark.parametrize(
    ("before", "sign", "stage"),
    [
        (UEFI_BOOT[:6], loaded("kernel"), "kernel"),
        (UEFI_BOOT[:6], sent("initrd", 5), "script"),
        (UEFI_BOOT[:6], events.Lease(**OS), "kernel"),
        (KERNEL, events.Configuration(bytes=5), "kernel"),
        (KERNEL, events.Report(outcome="started"), "installing"),
        (STARTED, sent("iso", 5), "installing"),
        (STARTED, events.Report(outcome="succeeded"), "installed"),
        (UEFI_BOOT, events.Ready(where="10.10.0.16:443"), "ready"),
    ],
)
def test_advance_a_machine_that_goes_on_after_it_was_given_up_is_followed_again(before, sign, stage):
    given_up = run(*before, OVERDUE)
    state = advance(given_up, event(sign, 99.0))
    assert (state.stage, state.error, state.overdue) == (stage, "", "")
    assert quiet_since(state) == 99.0
    assert state.installs == (1 if stage in ("installed", "ready") else 0)


@pytest.mark.parametrize(
    ("before", "sign"),
    [
        (UEFI_BOOT[:6], events.Script(boot="harvester", via="http")),
        (UEFI_BOOT[:6], events.Facts({"product": "UM790"})),
        (UEFI_BOOT[:6], events.BootError(message="timed out")),
        (UEFI_BOOT, loaded("iso")),
        (UEFI_BOOT, events.Lease(**OS | {"netboot": False})),
    ],
)
def test_advance_what_shows_no_life_leaves_a_machine_given_up(before, sign):
    assert run(sign, state=run(*before, OVERDUE)).stage == "failed"


def test_advance_a_failure_that_is_reported_replaces_the_guess():
    state = run(events.Report(outcome="failed", reason="no disk"), state=run(*STARTED, OVERDUE))
    assert (state.stage, state.error, state.overdue) == ("failed", "no disk", "")
    assert run(sent("iso", 5), state=state).stage == "failed"


def test_advance_a_machine_given_up_in_ipxe_may_have_to_wait():
    state = run(held(), state=run(*UEFI_BOOT[:6], OVERDUE))
    assert (state.stage, state.waits_for, state.error) == ("loading", "um790-1 (kernel)", "")


@pytest.mark.parametrize("before", [(), UEFI_BOOT[:6], STARTED])
def test_advance_ready_is_for_installed_machines(before):
    state = run(*before)
    assert run(events.Ready("10.10.0.16:443"), state=state).stage == state.stage
    assert run(*UEFI_BOOT, events.Ready("10.10.0.16:443")).stage == "ready"


# What anybody can send with a machine's MAC: DHCP has no secret. A kernel's lease after the script is the machine's, as
# far as one can know, and ends nothing.
FORGED = (events.Discover(**FIRMWARE), events.Lease(**FIRMWARE), events.Discover(**IPXE), events.Lease(**IPXE))
OWN = (*UEFI_BOOT, OVERDUE, held(), sent("iso", 5), events.Report("failed"), events.Ready("10.10.0.16:443"))


def of_attempt(state: State) -> tuple[object, ...]:
    """Return what tokens are made of, what is shown of an installation, and what its time limits stand on."""
    tokens = (state.attempt, state.installs, state.script_at, state.configuration_closed)
    return (*tokens, state.stage, state.since, state.steps, state.error, state.firmware, state.overdue, state.seen)


@given(st.lists(st.sampled_from((*OWN, *FORGED)), max_size=30), st.lists(st.sampled_from(FORGED), max_size=5))
def test_advance_no_forged_message_undoes_anything_of_an_attempt_that_has_begun(happened, forged):
    before = run(*happened)
    if before.stage not in ("known", "offered"):
        assert of_attempt(run(*forged, state=before)) == of_attempt(before)


@given(st.lists(st.sampled_from((*OWN, *FORGED)), max_size=40))
def test_advance_attempts_only_rise_and_an_attempt_has_an_end_and_a_beginning(happened):
    state = State(since=1.0)
    for at, detail in enumerate(happened, start=10):
        after = advance(state, event(detail, float(at)))
        assert after.attempt in (state.attempt, state.attempt + 1)
        assert after.installs in (state.installs, state.installs + 1)
        if after.attempt > state.attempt:
            assert after.steps[0].stage == "known"
            assert (after.error, after.overdue, after.asked_at) == ("", "", 0.0)
        state = after


@pytest.mark.parametrize("before", [STARTED, (*STARTED, OVERDUE), (*STARTED, events.Report("failed")), UEFI_BOOT])
@pytest.mark.parametrize(
    ("again", "stage"),
    [
        (UEFI_BOOT[:3], "loading"),  # the firmware's own protocols, to the boot program
        ((events.Discover(**IPXE), UEFI_BOOT[5]), "script"),  # iPXE in a card's ROM
        ((UEFI_BOOT[5],), "script"),  # another DHCP server gives it its address
    ],
)
def test_advance_a_machine_that_boots_again_begins_another_attempt(before, again, stage):
    state = run(*again, state=run(*before))
    assert (state.stage, state.attempt, state.error, state.asked_at) == (stage, 2, "", 0.0)


@pytest.mark.parametrize("before", [UEFI_BOOT[:6], KERNEL, (*KERNEL, OVERDUE)])
def test_advance_a_script_that_asks_for_itself_is_the_same_attempt(before):
    state = run(UEFI_BOOT[5], state=run(*before))
    assert (state.attempt, state.script_at) == (1, 10.0)


def test_advance_a_held_machine_stays_in_its_attempt_whatever_is_forged():
    state = run(*UEFI_BOOT[:5], held(), *FORGED, held("um790-2 (kernel)"))
    assert (state.stage, state.attempt, state.waits_for) == ("loading", 1, "um790-2 (kernel)")


LEASES = st.builds(
    lambda kind, *fields: kind(*fields),
    st.sampled_from([events.Discover, events.Lease]),
    st.sampled_from(["firmware", "ipxe", "os"]),
    st.booleans(),
    st.sampled_from(["", "uefi", "bios"]),
    st.none() | st.integers(0, 40),
    st.sampled_from(["", "ipxe.efi"]),
)


@given(STATES, LEASES, st.floats(0, 4e9))
def test_changes_nothing_tells_what_advance_does(state, detail, at):
    event = Event("default/a", "52:54:00:00:00:01", at, detail)
    after = advance(state, event)
    if changes_nothing(state, detail):
        assert after == as_seen(state, event)
        assert after.steps is state.steps
    if after == as_seen(state, event) and after.steps is state.steps and not detail.netboot:
        assert changes_nothing(state, detail)


@given(STATES, LEASES, st.floats(1, 4e9))
def test_changes_nothing_is_so_of_what_comes_again(state, detail, at):
    """But for a machine that asks as at the beginning of a boot, which is noted with its time."""
    event = Event("default/a", "52:54:00:00:00:01", at, detail)
    again = advance(advance(state, event), event)
    if not (again.asked_at or state.stage in ("script", "kernel") or detail.client == "os"):
        assert changes_nothing(again, detail)


@given(STATES, st.floats(1, 4e9))
def test_boots_again_tells_of_a_script_whether_advance_begins_an_attempt(state, at):
    """Nothing else of a script changes what the token of a configuration is made of."""
    script = events.Script(boot="harvester", via="http", bytes=500)
    after = advance(state, event(script, at))
    assert (after.attempt, after.installs) == (state.attempt + boots_again(state, script), state.installs)
