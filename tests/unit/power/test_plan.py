# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a machine's power, and to which machines nothing is done."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._power import plan
from ansible_collections.baremetal.netboot.plugins.module_utils._power.plan import Target, Wish
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import Bmc

REDFISH, WOL = Bmc("redfish", "10.10.9.16"), Bmc("wol")
STAGES = ("known", "offered", "loading", "script", "kernel", "installing", "installed", "ready", "failed")


def machine(**fields):
    return Target(**{"name": "um790-1", "bmc": REDFISH, "mac": "58:47:ca:71:d8:49", **fields})


@pytest.mark.parametrize(
    ("state", "current", "steps"),
    [
        ("on", "off", ["switch_on"]),
        ("on", "on", []),
        ("on", "unknown", ["switch_on"]),
        ("off", "on", ["shut_down"]),
        ("off", "off", []),
        ("cycled", "on", ["cut", "switch_on"]),
        ("cycled", "off", ["switch_on"]),
        # The machine is as it was until the BMC has taken all that it could refuse.
        ("network_boot", "on", ["eject", "boot_once", "cut", "switch_on"]),
        ("network_boot", "off", ["eject", "boot_once", "switch_on"]),
        ("network_boot", "unknown", ["eject", "boot_once", "cut", "switch_on"]),
    ],
)
def test_steps(state, current, steps):
    assert list(plan.steps(Wish(state), machine(), current)) == steps


def test_force_cuts_the_power():
    assert plan.steps(Wish("off", force=True), machine(), "on") == ("cut",)


@pytest.mark.parametrize("state", ["on", "network_boot"])
def test_wake_on_lan_sends_its_packet_each_time(state):
    assert plan.steps(Wish(state), machine(bmc=WOL), "unknown") == ("switch_on",)


def test_stages_in_which_a_machine_is_cycled():
    assert [stage for stage in STAGES if not plan.left_alone(Wish("network_boot"), machine(stage=stage))] == [
        "known",
        "offered",
        "failed",
    ]
    assert plan.left_alone(Wish("network_boot"), machine(stage="ready")) == "it is ready"
    assert plan.left_alone(Wish("cycled"), machine(stage="kernel")) == "it is on its way (kernel)"


def test_stages_in_which_a_machine_is_switched_off():
    assert [stage for stage in STAGES if not plan.left_alone(Wish("off"), machine(stage=stage))] == [
        "known",
        "offered",
        "installed",
        "ready",
        "failed",
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_any_machine_is_switched_on_and_any_taken_that_is_asked_for(stage):
    assert plan.left_alone(Wish("on"), machine(stage=stage)) == ""
    assert plan.left_alone(Wish("network_boot", even_installed=True), machine(stage=stage, netboot=False)) == ""


def test_machine_whose_netboot_is_off_is_left_alone():
    assert plan.left_alone(Wish("network_boot"), machine(stage="failed", netboot=False)) == "its netboot is off"


@pytest.mark.parametrize(("current", "left"), [("on", True), ("unknown", True), ("off", False)])
def test_machine_that_runs_unheard_is_left_alone(current, left):
    """It may be a node that another bootd has installed."""
    assert bool(plan.left_running(Wish("network_boot"), machine(stage="known"), current)) is left
    assert plan.left_running(Wish("network_boot", even_running=True), machine(stage="known"), current) == ""
    assert plan.left_running(Wish("network_boot"), machine(stage=""), current) == ""


ON_ITS_OWN = [("failed", "loading", "loading"), ("failed", "script", ""), ("failed", "installing", "")]
BY_DHCP = [("offered", "", ""), ("failed", "offered", "offered"), ("failed", "", "")]
SILENT = [("failed", "installing", "installing"), ("failed", "kernel", "kernel")]


@pytest.mark.parametrize("current", ["on", "unknown", "off"])
def test_machine_that_runs_is_cycled_only_where_it_is_known_to_have_left_what_it_ran(current):
    """Anybody can send a DHCPDISCOVER with its MAC, and no report may come of an installation that is done."""
    for stages, left in ((ON_ITS_OWN, False), (BY_DHCP, current != "off"), (SILENT, current != "off")):
        for stage, reached, overdue in stages:
            target = machine(stage=stage, reached=reached, overdue=overdue)
            assert bool(plan.left_running(Wish("network_boot"), target, current)) is left
            assert plan.left_running(Wish("cycled", even_running=True), target, current) == ""
            assert plan.left_running(Wish("off"), target, current) == ""


def test_reason_why_a_machine_that_runs_is_left_alone_says_what_was_heard():
    reasons = [
        plan.left_running(Wish("cycled"), machine(stage=stage, reached=reached, overdue=overdue), "on")
        for stage, reached, overdue in (("offered", "", ""), ("failed", "installing", "installing"))
    ]
    assert "all that was heard of it is DHCP, which anybody can send with its MAC" in reasons[0]
    assert "nothing came of it any more at installing: it may be installed" in reasons[1]


def test_wake_on_lan_wakes_a_machine_that_was_not_heard():
    assert plan.left_running(Wish("network_boot"), machine(bmc=WOL, stage="known"), "unknown") == ""


@pytest.mark.parametrize(
    ("state", "target", "told"),
    [
        ("off", machine(bmc=WOL), "Wake-on-LAN can only switch on, so it can't be off"),
        ("cycled", machine(bmc=WOL), "Wake-on-LAN can only switch on, so it can't be cycled"),
        ("on", machine(bmc=WOL, mac=""), "Wake-on-LAN needs its MAC address"),
        (
            "network_boot",
            machine(bmc=Bmc("redfish", boot="http"), firmware="bios"),
            "boot: http is for UEFI, and its firmware is a BIOS",
        ),
        ("network_boot", machine(bmc=Bmc("redfish", boot="http")), ""),
        ("off", machine(), ""),
    ],
)
def test_impossible_is_told(state, target, told):
    assert plan.impossible(Wish(state), target) == told


@pytest.mark.parametrize(
    ("done", "current", "after"),
    [
        ([], "on", "on"),
        (["cut"], "on", "off"),
        (["cut", "switch_on"], "on", "on"),
        (["switch_on"], "unknown", "unknown"),
    ],
)
def test_outcome(done, current, after):
    assert plan.outcome(done, current) == after


@given(st.lists(st.integers()), st.integers(1, 8))
def test_waves_have_everybody_once_in_order_and_at_most_the_width(items, width):
    waves = plan.waves(items, width)
    assert list(chain.from_iterable(waves)) == items
    assert all(len(wave) == width for wave in waves[:-1])
    assert all(0 < len(wave) <= width for wave in waves)


def test_who_stands_before_a_machine_without_bmc_is_told_what_to_press():
    line = plan.by_hand(machine(bmc=None, firmware="bios"))
    assert line.startswith("um790-1 (58:47:ca:71:d8:49) has no BMC: switch it on")
    assert "F12" in line
    assert "PXE, Network or LAN" in line
    assert "UEFI: PXE IPv4" in plan.by_hand(machine(bmc=None))
