# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines are given up after a silence that this bootd has heard itself, on a clock that nobody sets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.configurations.base import Configuration, ConfigurationReader
from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.hardware.model import Interface, Machine, Netboot, Osie
from _bootd.runtime.deadline_monitor import DeadlineMonitor, expected_of
from servers.services_in_memory import NOW, Nic, ServicesInMemory

MAC = "52:54:00:00:00:01"
OWN_ISO = "http://10.10.0.20:7080/images/harvester/v1.8.0/harvester-v1.8.0-amd64.iso"


def machine(netboot: Netboot | None = None, *, distro: str = "harvester", userdata: str = "") -> Machine:
    metadata = {"instance": {"operating_system": {"distro": distro, "version": "v1.8.0"}, "userdata": userdata}}
    interface = Interface(MAC, "10.10.0.16", netboot=netboot or Netboot(True))
    return Machine("um790-1", interfaces=(interface,), metadata=metadata)


class Kept:
    """Configurations: ``install`` of the only one, None where there is none."""

    def __init__(self, install: dict[str, object] | None) -> None:
        self.install = install

    def get(self, _key: str, _read: ConfigurationReader) -> Configuration | None:
        return None if self.install is None else Configuration("", {"install": self.install})


class Watch:
    """A deadline monitor over one machine, its clock in hand."""

    def __init__(self, found: Machine, install: dict[str, object] | None = None, **settings: object) -> None:
        self.machine = found
        self.now = 5.0
        self.desk = ServicesInMemory([Nic(found, found.interfaces[0])], **settings)
        self.active = True
        self.services = replace(self.desk.services, configurations=Kept(install), answers_dhcp=lambda: self.active)
        self.monitor = self.new()

    def new(self) -> DeadlineMonitor:
        return DeadlineMonitor(self.services, lambda: self.now)

    def saw(self, detail: events.Detail, at: float = NOW) -> Watch:
        self.services.journal.record(Event(self.machine.key, MAC, at, detail))
        return self

    def after(self, *seconds: float) -> str:
        """Look now and after each of ``seconds`` more; return the stage then."""
        self.monitor.check_all()
        for more in seconds:
            self.now += more
            self.monitor.check_all()
        return self.stage

    @property
    def stage(self) -> str:
        return self.services.journal.state(self.machine.key).stage


def test_look_gives_up_a_machine_after_the_limit_and_says_why():
    watch = Watch(machine()).saw(events.Script(boot="harvester", via="http"))
    assert watch.after(299) == "script"
    assert watch.after(1) == "failed"
    (line,) = [line for line in watch.desk.lines() if line["event"] == "machine_overdue"]
    assert line["reason"].startswith("nothing came for 5 min after its script was served: the kernel was not loaded")
    assert watch.services.journal.state(watch.machine.key).error == line["reason"]


def test_look_begins_anew_with_each_sign():
    watch = Watch(machine()).saw(events.Script(boot="harvester", via="http"))
    watch.after(299)
    watch.saw(events.Progress(what="initrd", bytes=1, size=2), NOW + 1)
    assert watch.after(299) == "script"
    assert watch.after(1) == "failed"
    watch.saw(events.Loaded("", "kernel"), NOW + 2)
    assert watch.stage == "kernel"


@pytest.mark.parametrize("step", [-86400, 86400, 1e9])
def test_look_does_not_care_for_the_wall_clock(step):
    watch = Watch(machine()).saw(events.Script(boot="harvester", via="http"), NOW + step)
    assert watch.after(299) == "script"
    assert watch.after(2) == "failed"


def test_look_after_a_restart_listens_first():
    watch = Watch(machine()).saw(events.Script(boot="harvester", via="http"))
    watch.after(299)
    watch.monitor = watch.new()
    assert watch.after(299) == "script"
    assert watch.after(1) == "failed"


def test_look_of_a_replica_that_stood_by_listens_first():
    watch = Watch(machine()).saw(events.Script(boot="harvester", via="http"))
    watch.active = False
    assert watch.after(1000) == "script"
    watch.active = True
    assert watch.after(299) == "script"
    assert watch.after(1) == "failed"


@pytest.mark.parametrize(
    ("found", "install", "told"),
    [
        (machine(), None, False),
        (machine(), {}, True),
        (machine(userdata="harvester.install.config_url=http://10.10.0.2/c.yaml"), {}, False),
        (machine(Netboot(True, ipxe_url="http://10.10.0.2/boot.ipxe")), {}, False),
        (machine(Netboot(False)), {}, False),
    ],
)
def test_look_waits_for_a_configuration_only_where_one_is_sure_to_be_fetched(found, install, told):
    watch = Watch(found, install).saw(events.Script(boot="harvester", via="http")).saw(events.Loaded("", "kernel"))
    assert (watch.after(10_000) == "failed") is told


@pytest.mark.parametrize(
    ("netboot", "told"),
    [
        (Netboot(True, osie=Osie(base_url="http://10.10.0.2/hook")), True),
        (Netboot(True, ipxe_contents="#!ipxe\nshell\n"), False),
        (Netboot(True, ipxe_url="http://10.10.0.2/boot.ipxe"), False),
        (Netboot(False), False),
    ],
)
def test_look_waits_for_a_kernel_only_where_the_script_tells_of_it(netboot, told):
    watch = Watch(machine(netboot, distro="")).saw(events.Script(boot="harvester", via="http"))
    assert (watch.after(10_000) == "failed") is told


@pytest.mark.parametrize(
    "detail",
    [
        events.Discover("ipxe", True),
        events.Lease("ipxe", True),
        events.BootFile("ipxe.efi", "tftp", 1),
        events.Held("x"),
    ],
)
def test_look_lets_machines_wait_that_have_no_script(detail):
    watch = Watch(machine(), {}).saw(detail)
    assert watch.after(100_000) != "failed"


@pytest.mark.parametrize(
    ("install", "ready_checks", "told"), [({}, True, True), (None, True, False), ({}, False, False)]
)
def test_look_waits_for_an_answer_where_the_address_is_known(install, ready_checks, told):
    watch = Watch(machine(), install, ready_checks=ready_checks).saw(events.Report(outcome="succeeded"))
    assert (watch.after(1799) == "failed") is False
    assert (watch.after(1) == "failed") is told


def test_look_without_limits_never_begins():
    watch = Watch(machine(), stage_limits={})
    watch.monitor.start()
    watch.monitor.stop()
    assert watch.monitor._worker._thread is None


@pytest.mark.parametrize(("url", "iso"), [(OWN_ISO, True), ("http://10.10.0.2/harvester.iso", False), ("local", False)])
def test_expected_of_an_iso_that_is_served_here(url, iso):
    watch = Watch(machine(), {"iso_url": url})
    assert bool(expected_of(watch.machine, watch.services).no_iso) is iso


def test_look_reads_configurations_of_silent_machines_only_and_not_each_time():
    watch = Watch(machine()).saw(events.Script(boot="harvester", via="http")).saw(events.Loaded("", "kernel"))
    reads = []
    watch.services.configurations.get = lambda key, _read: reads.append(key)
    watch.after(*[5] * 179)
    assert reads == []
    watch.after(*[5] * 120)  # ten minutes more
    assert 9 <= len(reads) <= 11
    assert watch.stage == "kernel"
