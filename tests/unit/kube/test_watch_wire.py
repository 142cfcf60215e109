# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches as an API server sends them, read over loopback: what follows a version that is too old, or a lost line."""

from __future__ import annotations

import time
from collections.abc import Sequence

from _bootd.kube.client import Client
from _bootd.kube.connect import Endpoint
from _bootd.kube.object_watch import ObjectWatch
from servers.recorded_api import Recorded, recorded_api

PATH = "/apis/tinkerbell.org/v1alpha1/hardware"
# As kube-apiserver writes them.
FIRST_LIST = (
    b'{"apiVersion":"tinkerbell.org/v1alpha1","items":[{"apiVersion":"tinkerbell.org/v1alpha1","kind":"Hardware",'
    b'"metadata":{"name":"a","namespace":"tink","resourceVersion":"7"},"spec":{}}],"kind":"HardwareList",'
    b'"metadata":{"continue":"","resourceVersion":"10"}}\n'
)
LATER_LIST = (
    b'{"apiVersion":"tinkerbell.org/v1alpha1","items":[],"kind":"HardwareList",'
    b'"metadata":{"continue":"","resourceVersion":"20"}}\n'
)
MODIFIED = (
    b'{"type":"MODIFIED","object":{"apiVersion":"tinkerbell.org/v1alpha1","kind":"Hardware",'
    b'"metadata":{"name":"a","namespace":"tink","resourceVersion":"11"},"spec":{}}}'
)
BOOKMARK = (
    b'{"type":"BOOKMARK","object":{"kind":"Hardware","apiVersion":"tinkerbell.org/v1alpha1",'
    b'"metadata":{"resourceVersion":"15","creationTimestamp":null}}}'
)
GONE = (
    b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
    b'"message":"too old resource version: 11 (19)","reason":"Expired","code":410}'
)
ERROR = b'{"type":"ERROR","object":' + GONE + b"}"
FORBIDDEN = (
    b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"hardware is forbidden",'
    b'"reason":"Forbidden","code":403}'
)


class Told:
    """A follower that writes down what it is told."""

    def __init__(self) -> None:
        self.lists: list[tuple[list[str], str]] = []
        self.changes: list[tuple[str, str]] = []
        self.troubles: list[str] = []

    def listed(self, objects, version) -> None:
        self.lists.append(([item["metadata"]["name"] for item in objects], version))

    def applied(self, events, _version) -> None:
        self.changes += [(kind, item["metadata"].get("name")) for kind, item in events]

    def trouble(self, reason: str) -> None:
        self.troubles.append(reason)


def follow(
    watches: Sequence[Recorded], lists: Sequence[bytes] = (FIRST_LIST, LATER_LIST), list_seconds: float = 0.0
) -> tuple[list[str], Told]:
    """Return what was asked for, and what the follower was told, until nothing was left to send."""
    told = Told()
    with recorded_api(lists, watches) as api:
        client = Client(Endpoint(api.url))
        watch = ObjectWatch(client, PATH, told, list_seconds=list_seconds)
        watch.start()
        asked = list(api.wait())
        watch.stop()
        client.close()
    return asked, told


def test_error_in_a_watch_is_followed_by_a_list():
    """The server has forgotten what came after the version: what was missed is only in a list."""
    asked, told = follow([Recorded([MODIFIED]), Recorded([ERROR])])
    assert asked == ["list", "10", "11", "list", "20"]
    assert told.lists == [(["a"], "10"), ([], "20")]
    assert told.changes == [("MODIFIED", "a")]
    assert set(told.troubles) == {""}


def test_error_ends_a_watch_that_would_go_on():
    asked, told = follow([Recorded([ERROR, MODIFIED])])
    assert asked == ["list", "10", "list", "20"]
    assert told.changes == []


def test_server_that_has_always_forgotten_is_not_asked_for_list_after_list():
    began = time.monotonic()
    asked, _told = follow(
        [Recorded([GONE], status=410), Recorded([ERROR])], (FIRST_LIST, LATER_LIST, LATER_LIST), list_seconds=0.1
    )
    assert asked.count("list") == 3
    assert time.monotonic() - began >= 0.2


def test_watch_refused_as_gone_is_followed_by_a_list_and_is_no_trouble():
    asked, told = follow([Recorded([GONE], status=410)])
    assert asked == ["list", "10", "list", "20"]
    assert told.lists == [(["a"], "10"), ([], "20")]
    assert set(told.troubles) == {""}


def test_watch_refused_otherwise_is_told_and_followed_by_a_list():
    asked, told = follow([Recorded([FORBIDDEN], status=403)])
    assert asked == ["list", "10", "list", "20"]
    assert told.troubles == [f"watch {PATH}: hardware is forbidden (403 Forbidden)", ""]


def test_watch_that_ends_goes_on_from_the_last_bookmark():
    asked, told = follow([Recorded([MODIFIED]), Recorded([BOOKMARK]), Recorded()])
    assert asked == ["list", "10", "11", "15", "15"]
    assert told.changes == [("MODIFIED", "a")]


def test_watch_that_is_cut_goes_on_from_what_came_whole():
    asked, told = follow([Recorded([MODIFIED, MODIFIED[:60]], lost=True)])
    assert asked == ["list", "10", "11"]
    assert told.changes == [("MODIFIED", "a")]
    assert [bool(reason) for reason in told.troubles] == [False, True, False]
