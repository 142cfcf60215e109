# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machine waits in iPXE, and for what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions.stages import State
from _bootd.decisions.waiting import Others, is_done, what_for
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.process.settings import Settings
from _bootd.stores.catalog import Catalog
from servers.services_in_memory import NOW

SETTINGS = Settings(store="files:x", state_dir="x", address="10.10.0.20")
HARVESTER = {"instance": {"operating_system": {"distro": "harvester"}}}


def machine(name: str, *after: str, allow: bool = True, **more: object) -> Machine:
    number = int.from_bytes(name.encode()[:2], "big")
    interface = Interface(f"52:54:00:00:{number >> 8:02x}:{number & 255:02x}", netboot=Netboot(allow))
    more = {"metadata": HARVESTER, **more}
    return Machine(name, "tink", (interface,), after=tuple(f"tink/{item}" for item in after), **more)


def waits(wanted: str, machines: list[Machine], at_once: int = 0, now: float = NOW, **states: State) -> str:
    catalog = Catalog()
    catalog.replace(machines)
    busy = [f"tink/{name}" for name, state in states.items() if state.stage in ("script", "kernel", "installing")]
    settings = replace(SETTINGS, installs_at_once=at_once)
    others = Others(catalog, lambda key: states.get(key.removeprefix("tink/"), State(since=NOW)), busy, settings)
    return what_for(catalog.get(f"tink/{wanted}"), others, now)


A, B = machine("a"), machine("b", "a")


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (State(), "a (known)"),
        (State("loading", waits_for="c (known)"), "a (waits itself)"),
        (State("installing"), "a (installing)"),
        (State("installed"), "a (installed)"),
        (State("failed", error="no disk"), "a (failed: no disk)"),
        (State("ready"), ""),
    ],
)
def test_what_for_names_the_machine_and_where_it_stands(state, told):
    assert waits("b", [A, B], a=state) == told


def test_what_for_a_machine_of_another_system_is_done_when_installed():
    assert waits("b", [machine("a", metadata={}), B], a=State("installed")) == ""


@pytest.mark.parametrize(("ready_checks", "done"), [(True, False), (False, True)])
def test_is_done_without_ready_checks_when_installed(ready_checks, done):
    assert is_done(A, State("installed"), replace(SETTINGS, ready_checks=ready_checks)) is done


def test_what_for_a_name_that_nobody_has():
    assert waits("b", [B]) == "a (there is no such Hardware object)"


def test_what_for_a_machine_that_will_never_boot():
    assert waits("b", [machine("a", allow=False), B]) == "a (never seen installed, and its netboot is off)"


def test_what_for_several_and_bounded():
    many = machine("z", *"abcdef")
    assert waits("z", [many]).endswith("and 3 more")


def test_what_for_a_cycle_says_so():
    cycle = [machine("a", "c"), B, machine("c", "b")]
    for name in "abc":
        assert "wait for each other" in waits(name, cycle)
    assert waits("d", [*cycle, machine("d", "a")]) == "a (known)"


@pytest.mark.parametrize("stage", ["script", "kernel", "installing"])
def test_what_for_a_machine_that_has_its_script_is_never_held_again(stage):
    assert waits("b", [A, B], at_once=1, b=State(stage, since=NOW), a=State("installing", since=NOW)) == ""


def test_what_for_its_turn_counts_those_being_installed():
    machines = [machine(name) for name in "abcd"]
    running = {"a": State("kernel", since=NOW), "b": State("installing", since=NOW)}
    assert waits("c", machines, at_once=2, **running) == "its turn (at most 2 at once): a, b"
    assert waits("c", machines, at_once=3, **running) == ""
    assert waits("c", machines, at_once=2, a=State("failed"), b=running["b"], d=State("loading", waits_for="x")) == ""


@pytest.mark.parametrize(("silence", "free"), [(899, False), (900, True)])
def test_what_for_a_place_is_free_when_its_machine_was_silent_for_too_long(silence, free):
    state = State("kernel", since=NOW)
    assert (waits("b", [A, machine("b")], at_once=1, now=NOW + silence, a=state) == "") is free


def test_what_for_a_place_of_a_machine_that_is_gone_or_off_is_free():
    state = State("kernel", since=NOW)
    assert waits("b", [machine("b")], at_once=1, a=state) == ""
    assert waits("b", [machine("b"), machine("a", allow=False)], at_once=1, a=state) == ""
