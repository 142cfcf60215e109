# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages, failures and backlogs as Prometheus has them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.runtime.measures import StageMeasures, rendered
from _bootd.stores.base import Backlog
from samples import howto
from servers.services_in_memory import ServicesInMemory

NIC = howto.nic()
KEY, MAC = NIC.machine.key, NIC.interface.mac
DISCOVER = events.Discover(client="firmware", netboot=True, firmware="uefi")
BOOT = (
    (10.0, DISCOVER),
    (13.0, events.BootFile("ipxe.efi", "tftp", 9)),
    (20.0, events.Script("harvester", "http", 1)),
    (25.0, events.Loaded("http://x/vmlinuz", "kernel")),
    (85.0, events.Report("started")),
    (385.0, events.Report("succeeded")),
    (565.0, events.Ready("10.10.0.16:443")),
)


@pytest.fixture
def desk():
    made = ServicesInMemory([NIC])
    made.services.journal.follow(StageMeasures(made.services.metrics).measure)
    return made


def boot(desk, steps, later=0.0):
    for at, detail in steps:
        desk.services.journal.record(Event(KEY, MAC, at + later, detail))


def seconds_at(desk, stage):
    return desk.metric("stage_duration_seconds_sum", stage=stage)


def test_each_stage_is_timed_from_its_step_to_the_next(desk):
    boot(desk, BOOT)
    found = {stage: seconds_at(desk, stage) for stage in ("offered", "loading", "script", "kernel", "installing")}
    assert found == {"offered": 3.0, "loading": 7.0, "script": 5.0, "kernel": 60.0, "installing": 300.0}
    assert seconds_at(desk, "installed") == 180.0
    assert [desk.metric("stages_reached_total", stage=stage) for stage in ("offered", "kernel", "ready")] == [1, 1, 1]


def test_what_was_counted_is_not_counted_again_in_the_next_attempt(desk):
    boot(desk, BOOT[:5])
    boot(desk, BOOT[:4], later=1000.0)
    assert [desk.metric("stages_reached_total", stage=stage) for stage in ("offered", "kernel", "installing")] == [
        2,
        2,
        1,
    ]
    assert seconds_at(desk, "kernel") == 60.0  # it left that stage once
    assert desk.metric("stage_duration_seconds_count", stage="installing") == 0


@pytest.mark.parametrize(
    ("until", "last", "stage", "reason"),
    [
        (5, events.Report("failed", "no disk"), "installing", "reported"),
        (4, events.Overdue("nothing came for 5 min"), "kernel", "silence"),
        (3, events.Overdue("nothing came for 5 min"), "script", "silence"),
    ],
)
def test_failure_is_counted_once_by_stage_and_reason(desk, until, last, stage, reason):
    boot(desk, [*BOOT[:until], (500.0, last), (501.0, last)])
    assert desk.metric("machine_failures_total", reason=reason, stage=stage) == 1
    assert sum(line.endswith(" 1.0") for line in exposed(desk) if line.startswith("bootd_machine_failures")) == 1


def test_silence_after_an_error_of_ipxe_is_told_from_silence(desk):
    boot(desk, [*BOOT[:3], (30.0, events.BootError("no route")), (500.0, events.Overdue("nothing came"))])
    assert desk.metric("machine_failures_total", reason="boot_error", stage="script") == 1
    assert desk.metric("boot_errors_total") == 1


def exposed(desk):
    return rendered(desk.services).decode().splitlines()


def test_gauges_are_what_is_so_when_they_are_asked_for(desk):
    desk.services.health.pulse("dhcp").gap = "interface eth0 is gone"
    desk.services.health.pulse("tftp")
    boot(desk, BOOT[:1])
    services = replace(desk.services, backlog=lambda: Backlog(4, 7.5), answers_dhcp=lambda: False)
    lines = rendered(services).decode().splitlines()
    for line in (
        'bootd_server_up{server="dhcp"} 0.0',
        'bootd_server_up{server="tftp"} 1.0',
        "bootd_answers_dhcp 0.0",
        'bootd_store_pending_states{place="disk"} 1.0',
        'bootd_store_pending_states{place="api"} 4.0',
        'bootd_store_lag_seconds{place="api"} 7.5',
        'bootd_machines{stage="offered"} 1.0',
    ):
        assert line in lines


def test_every_failure_has_its_series_before_the_first(desk):
    assert sum(line.startswith("bootd_machine_failures_total{") for line in exposed(desk)) == 18
