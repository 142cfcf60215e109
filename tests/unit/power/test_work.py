# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many machines at once: each with its own end, none more than the width, and nothing done in check mode."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._power import work
from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import PowerError, without_secrets
from ansible_collections.baremetal.netboot.plugins.module_utils._power.plan import Target, Wish
from ansible_collections.baremetal.netboot.plugins.module_utils._power.standing import NotAsked
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import Bmc
from ansible_collections.baremetal.netboot.plugins.module_utils._power.work import Outcome, Pace, bring_about


class Recorded:
    """A machine that obeys, but for the call named ``broken``."""

    def __init__(self, state="off", broken="", deaf=False):
        self.power, self.broken, self.deaf = state, broken, deaf
        self.calls = []

    def _note(self, call):
        self.calls.append(call)
        if call.split()[0] == self.broken:
            raise PowerError("no")

    def state(self):
        if self.broken == "state":
            raise PowerError("no")
        return self.power

    def eject(self):
        self._note("eject")
        return ["Cd"]

    def boot_once(self, firmware, boot):
        self._note(f"boot_once {firmware} {boot}")

    def on(self):
        self._note("on")
        self.power = "on"

    def off(self, *, force):
        self._note(f"off {force}")
        self.power = self.power if self.deaf else "off"

    def close(self):
        self._note("close")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Sleep for no time, and note for how long it should have been."""
    slept, now = [], [0.0]

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(work.time, "sleep", sleep)
    monkeypatch.setattr(work.time, "monotonic", lambda: now[0])
    return slept


def targets(*names, **fields):
    return [Target(name, Bmc("redfish", name), **fields) for name in names]


def brought(wish, machines, pace=Pace(), **options):  # noqa: B008
    """Have the ``machines``, name to Recorded, be as wished."""
    return bring_about(wish, targets(*machines), pace, open_power=lambda target: machines[target.name], **options)


def test_machine_is_booted_from_the_network():
    machine = Recorded("on")
    (outcome,) = brought(Wish("network_boot"), {"a": machine})
    assert machine.calls == ["eject", "boot_once uefi pxe", "off True", "on", "close"]
    assert outcome == Outcome("a", "on", "on", ["eject", "boot_once", "cut", "switch_on"], ["Cd"])


def test_check_mode_asks_and_does_nothing():
    machine = Recorded("off")
    (outcome,) = brought(Wish("network_boot"), {"a": machine}, check=True)
    assert machine.calls == ["close"]
    assert outcome == Outcome("a", "off", "on", ["eject", "boot_once", "switch_on"])


def test_second_run_changes_nothing():
    machine = Recorded("off")
    assert brought(Wish("on"), {"a": machine})[0].steps == ["switch_on"]
    assert brought(Wish("on"), {"a": machine})[0].steps == []


def test_one_that_fails_keeps_no_other_from_its_steps():
    machines = {"a": Recorded("on", "boot_once"), "b": Recorded("on"), "c": Recorded(broken="state")}
    failed, fine, dead = brought(Wish("network_boot"), machines)
    assert failed.error == "boot once: no"
    assert failed.after == "on"
    assert "off True" not in machines["a"].calls
    assert (fine.error, fine.after) == ("", "on")
    assert (dead.error, dead.steps) == ("no", [])


def test_one_that_can_not_be_opened_is_told():
    def refuse(_target):
        raise PowerError("refuses the password")

    (outcome,) = bring_about(Wish("on"), targets("a"), Pace(), open_power=refuse)
    assert outcome.error == "refuses the password"


class Hesitant(Recorded):
    """A machine whose BMC says nothing of its power for two questions after the power was cut."""

    silent = 0

    def off(self, *, force):
        super().off(force=force)
        self.silent = 2

    def state(self):
        if self.silent:
            self.silent -= 1
            self.calls.append("nothing said")
            return "unknown"
        return super().state()


def test_machine_is_switched_on_only_once_its_bmc_says_that_it_is_off():
    machine = Hesitant("on")
    (outcome,) = brought(Wish("cycled"), {"a": machine})
    assert machine.calls == ["off True", "nothing said", "nothing said", "on", "close"]
    assert outcome.error == ""


def test_machine_whose_power_nobody_can_ask_is_not_waited_for(clock):
    machine = Recorded("unknown")
    machine.on = lambda: machine.calls.append("on")
    (outcome,) = brought(Wish("on"), {"a": machine})
    assert (outcome.error, outcome.steps, clock) == ("", ["switch_on"], [])


def test_machine_that_does_not_shut_down_is_waited_for_and_told():
    (outcome,) = brought(Wish("off"), {"a": Recorded("on", deaf=True)}, Pace(timeout=30))
    assert outcome.error == "shut down: it is not off after 30 s; force cuts the power"
    assert outcome.steps == []


def test_machine_that_is_left_alone_is_not_even_asked():
    def refuse(_target):
        raise AssertionError

    (outcome,) = bring_about(Wish("network_boot"), targets("a", stage="ready"), Pace(), open_power=refuse)
    assert outcome.left_alone == "it is ready"


def test_waves_have_a_pause_between_and_none_in_check_mode(clock):
    machines = {name: Recorded("off") for name in "abcde"}
    machines["c"].power = "on"  # nothing to do, so no place in a wave
    brought(Wish("on"), machines, Pace(width=2, stagger=30), check=True)
    assert clock == []
    brought(Wish("on"), machines, Pace(width=2, stagger=30))
    assert clock == [30]


def test_never_more_than_the_width_at_once():
    busy, most, lock = [0], [0], threading.Lock()
    meet = threading.Barrier(3)

    class Counted(Recorded):
        def on(self):
            with lock:
                busy[0] += 1
                most[0] = max(most[0], busy[0])
            meet.wait(10)
            with lock:
                busy[0] -= 1
            super().on()

    brought(Wish("on"), {str(number): Counted("off") for number in range(9)}, Pace(width=3))
    assert most == [3]


def document(name, stage="known", **more):
    return {"name": name, "namespace": "", "stage": stage, "netboot": True, **more}


def test_where_machines_stand_is_asked_anew_before_each_wave_and_once_for_all_of_it():
    """b began to install before its wave, c had been installed, and somebody else's DISCOVER reached d, which runs."""
    machines = {name: Recorded("on" if name == "d" else "off") for name in "abcde"}
    answers = [
        [document(name) for name in "abcde"],
        [document("a", "loading"), document("b"), document("c", "ready", netboot=False), document("d"), document("e")],
        [document(name, "offered") for name in "abcde"],
    ]
    asked = []

    def ask():
        asked.append(sorted(name for name, machine in machines.items() if "on" in machine.calls))
        return answers[len(asked) - 1]

    wish, pace = Wish("network_boot", even_running=False), Pace(width=2, stagger=30)
    given = [Target(name, Bmc("redfish", name), stage="failed", reached="script") for name in machines]
    outcomes = bring_about(wish, given, pace, open_power=lambda target: machines[target.name], ask=ask)
    assert asked == [[], ["a", "b"], ["a", "b"]]
    assert [outcome.steps != [] for outcome in outcomes] == [True, True, False, False, True]
    assert outcomes[2].left_alone == "it is ready"
    assert "bootd has heard nothing of it" in outcomes[3].left_alone
    assert machines["c"].calls == machines["d"].calls == ["close"]


def test_wave_is_not_touched_where_nobody_says_any_more_where_its_machines_stand():
    machines = {name: Recorded("off") for name in "abc"}
    asked = []

    def ask():
        asked.append(1)
        if len(asked) > 1:
            raise NotAsked("http://10.10.0.20:7080/api/v1/machines: Connection refused")
        return [document(name) for name in "abc"]

    fine, *others = brought(Wish("network_boot"), machines, Pace(width=1), ask=ask)
    assert fine.error == ""
    assert [outcome.steps for outcome in others] == [[], []]
    assert all("nobody says where it stands now: http://10.10.0.20:7080" in outcome.error for outcome in others)
    assert len(asked) == 1 + 2 * 3, "each wave asks three times"


def test_nobody_is_asked_again_in_check_mode():
    (outcome,) = brought(Wish("network_boot"), {"a": Recorded("off")}, check=True, ask=pytest.fail)
    assert outcome.steps == ["eject", "boot_once", "switch_on"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://root:calvin@10.0.0.1/redfish\n failed", "GET https://10.0.0.1/redfish failed"),
        ("password geheim2 is wrong, geheim too", "password (hidden) is wrong, (hidden) too"),
        ("x" * 400, "x" * 300 + "..."),
    ],
)
def test_secrets_are_cut_out_of_what_libraries_say(text, shown):
    assert without_secrets(text, "geheim", "geheim2", "") == shown
