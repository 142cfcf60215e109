# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports that the event loop answers are what the route would have answered, do the same, and are kept together."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _bootd.decisions import tokens
from _bootd.decisions.stages import State
from _bootd.http.known_heads import MAX_HEADS
from _bootd.http.limits import ConnectionSlots
from _bootd.http.loop_reports import LoopReports
from _bootd.process.faults import Contained
from servers.http_site import (
    ADDRESS,
    KEY,
    MAC,
    OTHER_ADDRESS,
    OTHER_KEY,
    OTHER_MAC,
    SECRET,
    STRANGER,
    left_behind,
    machine,
    make_site,
    serve_switches,
)

PATIENCE = 10.0
TOKENS = [tokens.token(SECRET, KEY, 0), tokens.token(SECRET, KEY, 0, 1), tokens.token(SECRET, OTHER_KEY, 0)]
TOKENS += [tokens.token(SECRET, KEY, 1), "A" * 43, "-"]
_MACS = st.sampled_from([MAC, MAC.replace(":", "-"), MAC.upper(), OTHER_MAC, "52-54-00-00-00-99", "nonsense-mac"])
_OUTCOMES = st.sampled_from(["started", "succeeded", "failed", "ended", ""])
_BODIES = st.sampled_from(
    [
        (b"", ""),
        (b'{"type": "success"}', "application/json"),
        (b'{"reason": "no disk"}', "application/json; charset=utf-8"),
        (b"reason=token%3Dhush", "application/x-www-form-urlencoded"),
        (b"password: hush\n", "text/plain"),
        (b"{broken", "application/json"),
        (b"--a--", "multipart/form-data; boundary=a"),
        (b"\xff\xfe", ""),
    ]
)
_HEADERS = st.lists(
    st.sampled_from([("X-Rehearsal", "1"), ("X-Forwarded-For", OTHER_ADDRESS), ("User-Agent", "curl/7.88.1")]),
    max_size=2,
    unique=True,
)
_SOURCES = st.sampled_from([ADDRESS, ADDRESS, OTHER_ADDRESS, STRANGER, "127.0.0.1"])
_ASK = st.tuples(
    st.just("ask"), _MACS, st.sampled_from([*TOKENS, *TOKENS[:1] * 6]), _OUTCOMES, _BODIES, _SOURCES, _HEADERS
)
_STEPS = st.one_of(
    *[_ASK] * 5,
    st.tuples(st.just("broken"), st.booleans()),
    st.tuples(st.just("edit"), st.sampled_from(["", "2"])),
    st.tuples(st.just("remove")),
)


def octets_of(target, headers, body=b""):
    """Return a request as it is sent."""
    lines = [f"POST {target} HTTP/1.1", *map(": ".join, headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def headers_of(body, kind, more=()):
    length = [("Content-Length", str(len(body)))] if body else []
    return [("Host", "bootd"), *([("Content-Type", kind)] if kind else []), *length, *more]


def reports_of(site):
    services = site.services
    return LoopReports(site.app.site, Contained("http", services.metrics, services.log))


def told(reports, *requests):
    """Return what each request is answered, None where that is for the route."""

    async def ask():
        answers, slots, loop = [], ConnectionSlots(100), asyncio.get_running_loop()
        for octets, source in requests:
            answer = reports.answer(octets, slots.acquire(source, lambda: None))
            answers.append(answer and loop.create_future())
            if answer is not None:
                answer.on_known = answers[-1].set_result
        return [await asyncio.wait_for(answer, PATIENCE) if answer else None for answer in answers]

    return asyncio.run(ask())


def read(octets):
    """Return status, headers and body of a response."""
    head, _end, body = octets.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    fields = dict(re.match("([^:]*): (.*)", each).groups() for each in lines)
    fields = {name.lower(): value for name, value in fields.items()}
    assert (fields.pop("server"), fields.pop("date")[-3:]) == ("bootd", "GMT")
    return int(line.split()[1]), fields, body


def asked(site, reports, mac, token, outcome, body_and_kind, source, more):
    """Return status, headers and body, by the event loop where it answers, else by the route; and by which."""
    (body, kind), target = body_and_kind, f"/phone-home/{mac}/{token}/{outcome}"
    if reports is not None:
        headers = headers_of(body, kind, more)
        reports.learn(tuple((name.encode(), value.encode()) for name, value in headers))
        (octets,) = told(reports, (octets_of(target, headers, body), source))
        if octets is not None:
            return read(octets), True
    named = {name.lower().replace("-", "_"): value for name, value in more}
    if kind:
        named["content_type"] = kind
    found = site.post(target, body, source, host="bootd", **named)
    return (found.status, found.headers, found.body), False


def done(site, step):
    """Do ``step`` to a site, other than to ask it."""
    match step:
        case "broken", broken:
            site.store.broken = broken
        case "edit", reprovision:
            site.catalog.upsert(machine(reprovision=reprovision))
        case ["remove"]:
            site.catalog.remove(KEY)


def known(site):
    """Return all that requests leave behind."""
    return site.store.states, left_behind(site)


def made(root, *names, **options):
    sites = []
    for name in names:
        (root / name).mkdir()
        sites.append(make_site(root / name, machine(), machine("other", OTHER_MAC, OTHER_ADDRESS), **options))
        serve_switches(sites[-1])
    return sites


@pytest.mark.parametrize("options", [{}, {"trusted_proxies": ("127.0.0.1",)}])
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(_STEPS, min_size=1, max_size=10))
def test_the_loop_answers_as_the_route_does(tmp_path_factory, options, steps):
    routed, loop = made(tmp_path_factory.mktemp("sites"), "routed", "loop", **options)
    with closing_of(reports_of(loop)) as reports:
        for step in steps:
            if step[0] == "ask":
                assert asked(routed, None, *step[1:])[0] == asked(loop, reports, *step[1:])[0]
            else:
                done(routed, step)
                done(loop, step)
    assert known(routed) == known(loop)


def closing_of(reports):
    reports.close = reports.stop
    return closing(reports)


@pytest.fixture
def loop(tmp_path):
    """Return a site, and what answers its reports without a route."""
    (site,) = made(tmp_path, "loop")
    with closing_of(reports_of(site)) as reports:
        yield site, reports


def learned(reports, body, kind, *more):
    headers = headers_of(body, kind, more)
    reports.learn(tuple((name.encode(), value.encode()) for name, value in headers))
    return headers


@pytest.mark.parametrize("broken", [False, True])
def test_the_loop_does_answer(loop, broken):
    site, _reports = loop
    site.store.broken = broken
    (status, headers, body), in_loop = asked(*loop, MAC, TOKENS[0], "succeeded", (b"", ""), ADDRESS, [])
    assert (status, in_loop) == ((503, True) if broken else (200, True))
    assert headers.get("retry-after") == ("5" if broken else None)
    assert (b'kept":true' in body) is not broken
    assert (KEY in site.store.states) is not broken


URL = f"/phone-home/{MAC}/{TOKENS[0]}/succeeded"
BODY, KIND = b'{"type": "success"}', "application/json"
SENT = octets_of(URL, headers_of(BODY, KIND), BODY)


@pytest.mark.parametrize(
    "octets",
    [
        SENT[:-1],
        SENT + b"P",
        SENT.replace(b"POST", b"PUT"),
        SENT.replace(b" HTTP/1.1", b" HTTP/1.0"),
        SENT.replace(b"\r\n", b"\n"),
        SENT.replace(b"Host: bootd", b"Host: other"),
        SENT.replace(b"Length: 19", b"Length: 18"),
        SENT.replace(b"/succeeded", b"/succeeded?a"),
        SENT.replace(b"/phone-home", b"//phone-home"),
        SENT.replace(b"/phone-home/", b"/phone-home?mac="),
        SENT.replace(b"/succeeded", b"/ended"),
        octets_of(URL, headers_of(b"", KIND)),
    ],
)
def test_what_was_not_read_before_is_for_aiohttp(loop, octets):
    site, reports = loop
    learned(reports, BODY, KIND)
    assert told(reports, (octets, ADDRESS)) == [None]
    assert (site.events(), site.lines()) == ([], [])


@pytest.mark.parametrize(
    "more",
    [
        ("Transfer-Encoding", "chunked"),
        ("Content-Encoding", "gzip"),
        ("Expect", "100-continue"),
        ("Upgrade", "websocket"),
        ("X-Long", "x" * 5000),
    ],
)
def test_a_body_that_is_more_than_its_octets_is_for_aiohttp(loop, more):
    _site, reports = loop
    headers = learned(reports, BODY, KIND, more)
    assert told(reports, (octets_of(URL, headers, BODY), ADDRESS)) == [None]


def test_heads_are_bounded(loop):
    _site, reports = loop
    for number in range(2 * MAX_HEADS):
        learned(reports, b"", "", ("X-Number", str(number)))
    assert len(reports._heads) <= MAX_HEADS


def test_those_that_come_together_are_kept_by_one_commit(loop, monkeypatch):
    site, reports = loop
    commits = []
    plain = site.store.save
    monkeypatch.setattr(site.store, "save", lambda states: (commits.append(sorted(states)), plain(states)))
    learned(reports, b"", "")
    other = octets_of(f"/phone-home/{OTHER_MAC}/{tokens.token(SECRET, OTHER_KEY, 0)}/started", headers_of(b"", ""))
    answers = told(reports, (octets_of(URL, headers_of(b"", "")), ADDRESS), (other, OTHER_ADDRESS))
    assert [read(octets)[0] for octets in answers] == [200, 200]
    assert commits == [sorted([KEY, OTHER_KEY])]


def test_those_that_come_while_the_store_is_at_work_are_kept_after_that(loop, monkeypatch):
    site, reports = loop
    commits, begun, may_end = [], threading.Event(), threading.Event()
    plain = site.store.save

    def save(states):
        commits.append(sorted(states))
        begun.set()
        assert may_end.wait(PATIENCE)
        plain(states)

    monkeypatch.setattr(site.store, "save", save)
    learned(reports, b"", "")
    other = octets_of(f"/phone-home/{OTHER_MAC}/{tokens.token(SECRET, OTHER_KEY, 0)}/started", headers_of(b"", ""))
    order = []

    async def ask():
        slots, loop = ConnectionSlots(100), asyncio.get_running_loop()
        first = reports.answer(octets_of(URL, headers_of(b"", "")), slots.acquire(ADDRESS, lambda: None))
        known = [loop.create_future(), loop.create_future()]
        first.on_known = known[0].set_result
        assert await loop.run_in_executor(None, begun.wait, PATIENCE)
        second = reports.answer(other, slots.acquire(OTHER_ADDRESS, lambda: None))
        second.on_known = known[1].set_result
        await asyncio.sleep(0.05)
        order.append([future.done() for future in known])
        may_end.set()
        return [read(await asyncio.wait_for(future, PATIENCE))[0] for future in known]

    assert asyncio.run(ask()) == [200, 200]
    assert order == [[False, False]], "nobody is answered before the store has it"
    assert commits == [[KEY], [OTHER_KEY]]


def test_a_state_that_can_not_be_written_costs_its_own_report_only(loop, monkeypatch):
    site, reports = loop
    plain = site.store.save

    def save(states):
        if KEY in states:
            raise ValueError("not a state")
        plain(states)

    monkeypatch.setattr(site.store, "save", save)
    learned(reports, b"", "")
    other = octets_of(f"/phone-home/{OTHER_MAC}/{tokens.token(SECRET, OTHER_KEY, 0)}/started", headers_of(b"", ""))
    answers = told(reports, (octets_of(URL, headers_of(b"", "")), ADDRESS), (other, OTHER_ADDRESS))
    assert [read(octets)[0] for octets in answers] == [500, 200]
    assert list(site.store.states) == [OTHER_KEY]
    assert [line["reason"] for line in site.lines() if line["event"] == "fault"] == ["ValueError: not a state"]


def test_a_fault_before_anything_is_recorded_leaves_the_report_to_the_route(loop, monkeypatch):
    site, reports = loop
    learned(reports, b"", "")
    monkeypatch.setattr(site.journal, "state", lambda _key: (_ for _ in ()).throw(LookupError("no state")))
    with pytest.raises(LookupError):
        told(reports, (octets_of(URL, headers_of(b"", "")), ADDRESS))
    monkeypatch.undo()
    assert site.journal.state(KEY) == State(since=site.journal.opened_at)
    assert reports._waiting == []
