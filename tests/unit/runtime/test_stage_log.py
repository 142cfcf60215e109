# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of the log for each stage that a machine reaches, none for what leaves it where it is."""

from __future__ import annotations

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.runtime.stage_log import StageLog
from samples import howto
from servers.services_in_memory import ServicesInMemory

NIC = howto.nic()
KEY, MAC = NIC.machine.key, NIC.interface.mac
DISCOVER = events.Discover(client="firmware", netboot=True, firmware="uefi", filename="snponly.efi")
SCRIPT = events.Script("harvester", "http", 1)


def told(*details):
    desk = ServicesInMemory([NIC])
    desk.services.journal.follow(StageLog(desk.services.log).follow)
    for at, detail in enumerate(details):
        desk.services.journal.record(Event(KEY, MAC, 1e9 + at, detail))
    return desk.lines()


def test_each_stage_of_a_boot_is_told_once():
    file = events.BootFile("snponly.efi", "tftp", 9)
    report = events.Report("started")
    lines = told(DISCOVER, DISCOVER, file, file, SCRIPT, SCRIPT, events.Loaded("http://x/vmlinuz", "kernel"), report)
    assert [line["stage"] for line in lines] == ["offered", "loading", "script", "kernel", "installing"]
    assert {(line["event"], line["level"], line["machine"], line["mac"], line["attempt"]) for line in lines} == {
        ("stage", "info", KEY, MAC, 1)
    }
    assert lines[0]["seen"] == "discover firmware uefi snponly.efi"


def test_another_attempt_is_told():
    lines = told(DISCOVER, SCRIPT, DISCOVER, SCRIPT)
    assert [(line["event"], line["stage"], line["attempt"]) for line in lines] == [
        ("stage", "offered", 1),
        ("stage", "script", 1),
        ("asks_to_boot", "script", 1),
        ("stage", "script", 2),
    ]
    assert lines[2]["seen"] == "discover firmware uefi snponly.efi"


def test_that_a_machine_asks_in_vain_is_told_now_and_then():
    desk = ServicesInMemory([NIC])
    desk.services.journal.follow(StageLog(desk.services.log).follow)
    for at, detail in ((10.0, DISCOVER), (20.0, SCRIPT), *((at, DISCOVER) for at in (1e6, 1e6 + 30, 2e6, 2e6 + 30))):
        desk.services.journal.record(Event(KEY, MAC, at, detail))
    assert [line["event"] for line in desk.lines()] == ["stage", "stage", "asks_to_boot", "asks_to_boot"]


def test_a_failure_is_told_with_its_reason():
    *_rest, line = told(DISCOVER, SCRIPT, events.Report("started"), events.Report("failed", "no disk"))
    assert (line["level"], line["stage"], line["reason"]) == ("warning", "failed", "no disk")


def test_what_is_found_out_here_is_told_where_it_is_found_out():
    assert [line["stage"] for line in told(DISCOVER, events.Overdue("nothing came any more"))] == ["offered"]
