# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has changed of what the API shows, and who is told what of it."""

from __future__ import annotations

import json

import pytest

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.http import changes
from _bootd.http.changes import Changes
from servers.http_site import KEY, MAC, NOW, OTHER_ADDRESS, OTHER_KEY, OTHER_MAC, machine, make_site

FIRST = int(NOW * 1000)


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, machine(), machine("other", OTHER_MAC, OTHER_ADDRESS))


@pytest.fixture
def followed(site):
    found = Changes(site.services)
    found.look()
    return found


def seen(site, at, sent=1):
    site.journal.record(Event(KEY, MAC, at, events.Script("harvester", "http", sent)))


def told(followed, number):
    """What a client that knows ``number`` is told: kind and key of each change."""
    return [(change.kind, change.key) for change in followed.since(number)]


def data(followed, change):
    return json.loads(followed.message(change).split(b"\ndata: ")[1])


def test_who_comes_first_is_told_everything(followed):
    assert told(followed, -1) == [("reset", ""), ("machine", KEY), ("machine", OTHER_KEY), ("complete", "")]
    numbers = [change.number for change in followed.since(-1)]
    assert numbers == [FIRST, FIRST + 1, FIRST + 2, FIRST + 2]
    assert told(followed, followed.number) == []


def test_a_machine_that_changed_often_is_told_once_as_it_is_now(site, followed):
    number = followed.number
    for sent in (1, 2, 4):
        seen(site, 1.0 + sent, sent)
        followed.look()
    (change,) = followed.since(number)
    document = data(followed, change)
    assert document == site.get("/api/v1/machines/um790-1").json
    assert document["bytes"]["http"] == 7


def test_messages_are_server_sent_events(site, followed):
    seen(site, 1.0)
    followed.look()
    (change,) = followed.since(FIRST + 2)
    message = followed.message(change).decode()
    number, event, content, *end = message.split("\n")
    assert (number, event, end) == (f"id: {FIRST + 3}", "event: machine", ["", ""])
    assert content.startswith("data: {")


def test_machines_that_are_edited_come_and_go_are_told(site, followed):
    number = followed.number
    site.catalog.remove(OTHER_KEY)
    site.catalog.upsert(machine(netboot=events_off()))
    followed.look()
    gone, edited = followed.since(number)
    assert (gone.kind, data(followed, gone)) == ("removed", {"namespace": "tink-system", "name": "other"})
    assert data(followed, edited)["netboot"] is False
    site.catalog.upsert(machine("other", OTHER_MAC, OTHER_ADDRESS))
    followed.look()
    assert told(followed, number) == [("machine", KEY), ("machine", OTHER_KEY)]


def events_off():
    return machine().interfaces[0].netboot.__class__(allow_pxe=False)


def test_what_was_read_again_and_is_the_same_is_no_change(site, followed):
    number = followed.number
    site.catalog.replace(site.catalog.machines())
    followed.look()
    assert told(followed, number) == []


@pytest.mark.parametrize("number", [0, FIRST - 1, FIRST + 99], ids=["never", "before a restart", "not yet told"])
def test_a_number_that_is_not_known_begins_anew(followed, number):
    assert told(followed, number)[0] == ("reset", "")


def test_who_has_missed_more_removals_than_are_remembered_begins_anew(site, followed, monkeypatch):
    monkeypatch.setattr(changes, "MAX_REMOVED", 1)
    number = followed.number
    for key in (KEY, OTHER_KEY):
        site.catalog.remove(key)
        followed.look()
    assert told(followed, number) == [("reset", ""), ("complete", "")]
    assert told(followed, followed.number - 1) == [("removed", OTHER_KEY)]


def test_health_is_news_only_where_more_than_the_time_has_changed(followed):
    number = followed.number
    followed.put("health", {"now": 1.0, "faults": []})
    followed.put("health", {"now": 2.0, "faults": []})
    (change,) = followed.since(number)
    assert data(followed, change) == {"now": 2.0, "faults": []}
    followed.put("health", {"now": 3.0, "faults": ["dhcp: its thread has ended: OSError"]})
    assert [item.kind for item in followed.since(change.number)] == ["health"]


def test_a_machine_that_went_before_it_was_told_is_left_out(site, followed):
    (_reset, change, _other, _complete) = followed.since(-1)
    site.catalog.remove(KEY)
    followed.look()
    assert followed.message(change) == b""
