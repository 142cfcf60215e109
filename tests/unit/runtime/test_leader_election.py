# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which replica answers DHCP: the one that holds the lease, and whoever had it where nobody can tell."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest

from _bootd.kube.errors import ApiError, ApiUnreachable
from _bootd.process.log import Log
from _bootd.runtime import leader_election as module
from _bootd.runtime.leader_election import LeaderElection

AWAY = ApiUnreachable("GET /x: connection refused")
ABSENT = ApiError(404, "NotFound", "leases not found")
FASTER = ApiError(409, "Conflict", "the object has been modified")
FORBIDDEN = ApiError(403, "Forbidden", "leases is forbidden")
PATH = "/apis/coordination.k8s.io/v1/namespaces/netboot/leases"


def lease(holder: str, renewed: str = "2026-01-01T00:00:00.000000Z") -> dict:
    return {"metadata": {"resourceVersion": "7"}, "spec": {"holderIdentity": holder, "renewTime": renewed}}


class Answers:
    """A client that has been told what to answer: ``reads`` to a GET, ``writes`` to anything else, an error raised."""

    def __init__(self, reads: object, writes: object = None) -> None:
        self.reads, self.writes = reads, writes
        self.written: list[tuple[str, str, dict]] = []

    def get(self, _path):
        if isinstance(self.reads, Exception):
            raise self.reads
        return self.reads

    def request(self, method, path, body):
        if isinstance(self.writes, Exception):
            raise self.writes
        self.written.append((method, path.removeprefix(PATH), body))
        return body


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Let time pass only where a test says so."""
    now = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0], time=lambda: 1e9 + now[0]))
    return now


@pytest.fixture
def log():
    return io.StringIO()


@pytest.fixture
def replica(tmp_path, log):
    """Return what makes a replica named one; each begins with what the last one kept."""
    return lambda client: LeaderElection(client, "netboot", "one", tmp_path / "answers-dhcp", Log("json", "debug", log))


def said(log: io.StringIO) -> list[str]:
    return [json.loads(line)["event"] for line in log.getvalue().splitlines()]


def look(replica: LeaderElection, client: Answers, reads: object, writes: object = None) -> bool:
    """Have ``replica`` look at the lease once, and return whether it answers DHCP then."""
    client.reads, client.writes = reads, writes
    replica._work()
    return replica.active()


@pytest.mark.parametrize("trouble", [AWAY, FORBIDDEN])
def test_standby_goes_on_as_it_was_while_the_api_is_away(replica, trouble):
    client = Answers(lease(""))
    one = replica(client)
    assert not one.active()
    assert not look(one, client, trouble)
    assert look(one, client, lease("one"))
    assert look(one, client, trouble)
    assert look(one, client, lease("one"), trouble)
    assert not look(one, client, lease("two"))
    assert not look(one, client, trouble)


def test_standby_is_what_it_was_over_a_restart_while_the_api_is_away(replica):
    client = Answers(lease("one"))
    assert look(replica(client), client, lease("one"))
    again = replica(client)
    assert again.active()
    assert look(again, client, AWAY)
    assert not look(again, client, lease("two"))
    assert not replica(client).active()


def test_standby_makes_the_lease_where_there_is_none(replica):
    client = Answers(ABSENT)
    assert look(replica(client), client, ABSENT)
    ((method, name, body),) = client.written
    assert (method, name, body["spec"]["holderIdentity"]) == ("POST", "", "one")


def test_standby_writes_over_the_lease_it_has_seen_and_no_later_one(replica):
    client = Answers(lease(""))
    assert look(replica(client), client, lease(""))
    ((method, name, body),) = client.written
    assert (method, name, body["metadata"]["resourceVersion"]) == ("PUT", "/bootd", "7")


@pytest.mark.parametrize("read", [lease(""), ABSENT])
def test_standby_leaves_it_to_the_replica_that_was_faster(replica, log, read):
    client = Answers(lease("one"))
    one = replica(client)
    assert look(one, client, lease("one"))
    assert not look(one, client, read, FASTER)
    assert said(log) == ["dhcp_active", "dhcp_standby"]


def test_standby_takes_over_from_a_holder_that_is_silent_on_its_own_clock(replica, clock):
    client = Answers(lease("two"))
    one = replica(client)
    assert not look(one, client, lease("two"))
    clock[0] += 8.9
    assert not look(one, client, lease("two"))
    assert client.written == []
    clock[0] += 0.1
    assert look(one, client, lease("two"))


def test_standby_gives_back_only_a_lease_of_its_own(replica):
    client = Answers(lease("one"))
    one = replica(client)
    assert look(one, client, lease("one"))
    client.written.clear()
    client.reads = lease("two")
    one.stop()
    assert client.written == []
    client.reads = lease("one")
    one.stop()
    assert [body["spec"]["holderIdentity"] for _method, _name, body in client.written] == [""]


def test_standby_stops_without_an_error_while_the_api_is_away(replica, log):
    client = Answers(lease("one"))
    one = replica(client)
    assert look(one, client, lease("one"))
    client.reads = AWAY
    one.stop()
    assert said(log)[-1] == "lease_not_given_back"
