# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages: where a machine stands after each event."""

from __future__ import annotations

import pytest

from _bootd import events
from _bootd.events import Event
from _bootd.stages import MAX_STEPS, State, advance, release_switch

KEY, MAC = "tink-system/um790-1", "58:47:ca:71:d8:49"
FIRMWARE = {"client": "firmware", "netboot": True, "firmware": "uefi"}
IPXE = {"client": "ipxe", "netboot": True}
OS = {"client": "os", "netboot": True}


def event(kind: str, at: float, detail: dict | None = None) -> Event:
    return Event(kind, KEY, MAC, at, detail or {})


def run(*seen: tuple, state: State | None = None) -> State:
    state = state or State(since=1.0)
    for at, (kind, detail) in enumerate(seen, start=10):
        state = advance(state, event(kind, float(at), detail))
    return state


UEFI_BOOT = (
    (events.DISCOVER, FIRMWARE),
    (events.LEASE, FIRMWARE),
    (events.BOOT_FILE, {"name": "ipxe.efi", "via": "tftp", "bytes": 1000}),
    (events.DISCOVER, IPXE),
    (events.LEASE, IPXE),
    (events.SCRIPT, {"kind": "harvester", "bytes": 500}),
    (events.FACTS, {"product": "UM790", "platform": "efi"}),
    (events.LOADED, {"role": "kernel", "url": "http://192.0.2.2/vmlinuz"}),
    (events.DISCOVER, OS),
    (events.REPORT, {"outcome": "started"}),
    (events.REPORT, {"outcome": "succeeded", "reprovision": ""}),
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
    state = run((events.DISCOVER, IPXE), (events.LEASE, IPXE), (events.SCRIPT, {}), (events.DISCOVER, OS))
    assert stages(state) == ["known", "offered", "script", "kernel"]
    assert state.attempt == 1


def test_advance_repeated_discover_is_the_same_attempt():
    assert run((events.DISCOVER, FIRMWARE), (events.DISCOVER, FIRMWARE), (events.LEASE, FIRMWARE)).attempt == 1


def test_advance_firmware_asking_again_starts_a_new_attempt_and_drops_the_old_error():
    state = run(*UEFI_BOOT[:9], (events.BOOT_ERROR, {"message": "timed out"}), (events.DISCOVER, FIRMWARE))
    assert (state.attempt, state.error, stages(state)) == (2, "", ["known", "offered"])
    assert state.bytes == {}


def test_advance_with_netboot_off_keeps_an_installed_machine_installed():
    off = {"client": "firmware", "netboot": False}
    state = run((events.DISCOVER, off), (events.LEASE, off), (events.LOCAL_BOOT, {}), state=run(*UEFI_BOOT))
    assert (state.stage, state.attempt) == ("installed", 1)
    assert state.last.startswith("local boot")


def test_advance_os_lease_after_the_script_means_the_kernel_runs():
    state = run(*UEFI_BOOT[:6], (events.LEASE, OS))
    assert state.stage == "kernel"


def test_advance_failed_keeps_the_reason_and_netboot_on():
    state = run(*UEFI_BOOT[:10], (events.REPORT, {"outcome": "failed", "reason": "no disk"}))
    assert (state.stage, state.error, state.switched_off, state.installs) == ("failed", "no disk", {}, 0)
    assert stages(state)[-1] == "failed"


def test_advance_failed_then_booted_again_is_a_new_attempt():
    failed = run(*UEFI_BOOT[:10], (events.REPORT, {"outcome": "failed"}))
    state = run(*UEFI_BOOT, state=failed)
    assert (state.stage, state.attempt, state.error) == ("installed", 2, "")


def test_advance_a_late_boot_event_does_not_hide_a_failure():
    failed = run(*UEFI_BOOT[:10], (events.REPORT, {"outcome": "failed"}))
    assert run((events.LOADED, {"role": "kernel"}), state=failed).stage == "failed"


@pytest.mark.parametrize("outcome", ["started", "succeeded", "failed"])
def test_advance_a_report_after_success_changes_no_stage(outcome):
    done = run(*UEFI_BOOT)
    state = run((events.REPORT, {"outcome": outcome}), state=done)
    assert (state.stage, state.installs, state.switched_off) == ("installed", 1, done.switched_off)


def test_advance_bounds_facts_and_texts():
    facts = {f"fact{number}": "x" * 5000 for number in range(500)}
    state = run((events.FACTS, facts))
    assert len(state.facts) == 32
    assert max(map(len, state.facts.values())) == 256


def test_advance_steps_stay_bounded():
    state = State()
    for at in range(500):
        outcome = "failed" if at % 2 else "started"
        state = advance(state, event(events.REPORT, float(at), {"outcome": outcome}))
    assert len(state.steps) <= MAX_STEPS


def test_release_switch_again_puts_the_machine_at_the_beginning():
    state = release_switch(run(*UEFI_BOOT), MAC, again=True)
    assert (state.stage, state.switched_off, state.installs) == ("known", {}, 1)


def test_release_switch_by_hand_keeps_the_stage():
    state = release_switch(run(*UEFI_BOOT), MAC, again=False)
    assert (state.stage, state.switched_off) == ("installed", {})
