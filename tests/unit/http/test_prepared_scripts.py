# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that the event loop sends are what the route would have sent, and do what it would have done."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _bootd.decisions.events import Discover, Event, Report
from _bootd.hardware.local_boot import How, LocalBoot
from _bootd.hardware.model import Netboot
from _bootd.http import prepared_scripts
from _bootd.http.prepared_scripts import PreparedScripts
from _bootd.ipxe.render import render
from _bootd.process.log import Log
from servers.http_site import (
    ADDRESS,
    KEY,
    MAC,
    OTHER_ADDRESS,
    OTHER_KEY,
    OTHER_MAC,
    STRANGER,
    left_behind,
    machine,
    make_site,
)

HEADERS = ((b"Host", b"bootd:7080"), (b"User-Agent", b"iPXE/1.21.1"), (b"Connection", b"keep-alive"))
SCRIPT = f"/{MAC}/auto.ipxe"

_NETBOOTS = st.sampled_from(
    [
        Netboot(allow_pxe=True),
        Netboot(allow_pxe=False),
        Netboot(allow_pxe=True, ipxe_url="http://files/script.ipxe"),
        Netboot(allow_pxe=True, ipxe_contents="#!ipxe\nshell\n"),
        Netboot(allow_pxe=True, ipxe_contents="echo \u00fc\ud800\n"),
    ]
)
_OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "local_boot": st.sampled_from([LocalBoot(How.NOT_FOUND), LocalBoot(How.EXIT)]),
        "after": st.just((OTHER_KEY,)),
        "metadata": st.sampled_from(
            [
                {"instance": {"operating_system": {"distro": "harvester", "version": "v1.3.1"}}},
                {"instance": {"operating_system": {"distro": "debian", "version": "12"}}},
                {"instance": {"operating_system": {"distro": "harvester", "version": "no version!"}}},
                {},
            ]
        ),
    },
)
_TARGETS = st.sampled_from(
    [
        *(f"/{mac}/{name}" for mac in (MAC, "58-47-CA-71-D8-49", OTHER_MAC) for name in ("auto.ipxe", "autoexec.ipxe")),
        *(f"{SCRIPT}?{query}" for query in ("arch=arm64", "arch=x86_64", "arch=", "arch=x&a=1", "a=password:x")),
        *("/auto.ipxe", f"/{MAC}//auto.ipxe", f"/{MAC}/auto.ipxe/", f"/{MAC}/auto%2eipxe", f"/{MAC}/grub.cfg"),
        *("/52:54:00:00:00:99/auto.ipxe", "/58:47-ca:71-d8:49/auto.ipxe", f"/ipxe/{MAC}/autoexec.ipxe"),
    ]
)
_MORE_HEADERS = st.sampled_from(
    [
        *[((),)] * 5,
        *(((name, b"1"),) for name in (b"X-Rehearsal", b"x-rehearsal", b"X_Rehearsal", b"Accept")),
        ((b"X-Forwarded-For", OTHER_ADDRESS.encode()),),
        ((b"X-Forwarded-For", b"10.10.0.3"), (b"X-Rehearsal", b"0")),
    ]
)
_SOURCES = st.sampled_from([ADDRESS, ADDRESS, OTHER_ADDRESS, STRANGER, "127.0.0.1", "::ffff:10.10.0.16"])
_ASK = st.tuples(st.just("ask"), _TARGETS, _SOURCES, _MORE_HEADERS)
_STEPS = st.one_of(
    _ASK,
    _ASK,
    _ASK,
    st.tuples(st.just("edit"), _NETBOOTS, _OTHERS),
    st.tuples(st.just("remove")),
    st.tuples(st.just("configure"), st.sampled_from(["", "token: x\n"])),
    st.tuples(st.just("see"), st.sampled_from([Report("started"), Report("succeeded"), Discover("firmware", True)])),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 4000.0])),
)


def asked(site, prepared, target, source, headers):
    """Return status, header lines and body, by the event loop where it answers, else by the route."""
    headers = tuple(item for item in (*HEADERS, *headers) if item)
    octets = prepared.answer(target, headers, source, keep_alive=True) if prepared is not None else None
    if octets is None:
        named = {name.decode().lower().replace("-", "_"): value.decode() for name, value in headers if b"_" not in name}
        answer = site.get(target.replace("%2e", "."), source, **named)
        return answer.status, answer.headers, answer.body
    head, _end, body = octets.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    fields = dict(line.lower().partition(": ")[::2] for line in lines)
    assert (line, fields.pop("server"), fields.pop("date")[-3:]) == ("HTTP/1.1 200 OK", "bootd", "gmt")
    return 200, fields, body


def made(root, level="debug", **options):
    """Return a site, its copy, and what answers the copy's requests without a route; both log what ``level`` has."""
    sites = []
    for name in ("routes", "loop"):
        (root / name).mkdir(exist_ok=True)
        other = machine("other", OTHER_MAC, OTHER_ADDRESS, netboot=Netboot(allow_pxe=True))
        sites.append(make_site(root / name, machine(), other, **options))
        sites[-1].render = render
        object.__setattr__(sites[-1].services, "log", Log("json", level, sites[-1].stream))
    return *sites, PreparedScripts(sites[1].app.site)


def done(site, step):
    """Do ``step`` to a site, other than to ask it."""
    match step:
        case "edit", netboot, others:
            site.catalog.upsert(machine(netboot=netboot, **others))
        case ["remove"]:
            site.catalog.remove(KEY)
        case "configure", text:
            site.configurations.texts = {KEY: text} if text else {}
        case "see", detail:
            site.journal.record(Event(KEY, MAC, site.now, detail))
        case "wait", seconds:
            site.now += seconds


@pytest.mark.parametrize(
    "options", [{}, {"level": "info"}, {"installs_at_once": 1}, {"trusted_proxies": ("127.0.0.1",)}]
)
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(_STEPS, min_size=1, max_size=12))
def test_the_loop_answers_as_the_route_does(tmp_path_factory, options, steps):
    routes, loop, prepared = made(tmp_path_factory.mktemp("sites"), **options)
    for step in steps:
        if step[0] == "ask":
            assert asked(routes, None, *step[1:]) == asked(loop, prepared, *step[1:])
        else:
            done(routes, step)
            done(loop, step)
    assert left_behind(routes) == left_behind(loop)


def test_the_loop_answers_many_machines_of_one_make_as_the_route_does(tmp_path):
    routes, loop, prepared = made(tmp_path)
    for number in range(10, 22):
        mac, address = f"52:54:00:00:01:{number}", f"10.10.1.{number}"
        for site in (routes, loop):
            site.catalog.upsert(machine(f"m{number}", mac, address))
            site.configurations.texts[f"tink-system/m{number}"] = "token: x\n"
        for source in (address, STRANGER):
            assert asked(routes, None, f"/{mac}/auto.ipxe", source, ()) == asked(
                loop, prepared, f"/{mac}/auto.ipxe", source, ()
            )
    assert left_behind(routes) == left_behind(loop)


@pytest.fixture
def loop(tmp_path):
    """Return a site of two machines that install, and what answers it without a route."""
    _routes, site, prepared = made(tmp_path)
    return site, prepared


def answered(prepared, target=SCRIPT, source=ADDRESS, headers=HEADERS, **options):
    return prepared.answer(target, headers, source, **{"keep_alive": True, **options})


def test_a_script_is_made_once_for_many_questions(loop):
    site, prepared = loop
    made = []
    site.render = lambda *arguments: made.append(arguments) or render(*arguments)
    first, second = answered(prepared), answered(prepared)
    assert first == second
    assert len(made) == 1
    assert len(site.events()) == 2


@pytest.mark.parametrize("target", [SCRIPT, f"/{MAC}/autoexec.ipxe", f"{SCRIPT}?arch=x86_64"])
def test_no_route_is_needed_for_what_a_storm_asks(loop, target):
    assert answered(loop[1], target).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "header",
    [
        *(b"X-Rehearsal: 1", b"x-rehearsal: 0", b"X-Forwarded-For: 10.10.0.3", b"Content-Length: 0"),
        *(b"Transfer-Encoding: chunked", b"Expect: 100-continue", b"Upgrade: h2c"),
    ],
)
def test_a_route_answers_where_headers_say_more(loop, header):
    name, _colon, value = header.partition(b": ")
    assert answered(loop[1], headers=(*HEADERS, (name, value))) is None


@pytest.mark.parametrize(
    ("fields", "options", "query"),
    [
        ({"after": (OTHER_KEY,)}, {}, ""),
        ({}, {"installs_at_once": 1}, ""),
        ({"netboot": Netboot(allow_pxe=False), "local_boot": LocalBoot(How.NOT_FOUND)}, {}, ""),
        ({}, {}, "?arch=arm64"),
    ],
    ids=["waits for another", "waits for its turn", "has no script", "is of another architecture"],
)
def test_a_route_answers_a_machine_that_is_told_anything_else(tmp_path, fields, options, query):
    _routes, site, prepared = made(tmp_path, **options)
    site.catalog.upsert(machine(**fields))
    assert answered(prepared, SCRIPT + query) is None


def test_an_edited_machine_is_given_another_script(loop):
    site, prepared = loop
    before = answered(prepared)
    site.catalog.upsert(machine(netboot=Netboot(allow_pxe=True, ipxe_contents="#!ipxe\nshell\n")))
    after = answered(prepared)
    assert after.endswith(b"\r\n\r\n#!ipxe\nshell\n") and not before.endswith(b"shell\n")


def test_only_the_machine_itself_is_shown_its_token(loop):
    site, prepared = loop
    site.configurations.texts = {KEY: "token: x\n"}
    own, other, again = (answered(prepared, source=source) for source in (ADDRESS, STRANGER, ADDRESS))
    assert own == again != other
    assert b"/..." in other and b"/..." not in own


def test_each_attempt_has_a_token_of_its_own(loop):
    site, prepared = loop
    site.configurations.texts = {KEY: "token: x\n"}
    first = answered(prepared)
    done(site, ("see", Report("started")))
    assert answered(prepared) != first


def test_whoever_asks_to_be_hung_up_on_is_told_so(loop):
    assert b"\r\nConnection: close\r\n\r\n#!ipxe\n" in answered(loop[1], keep_alive=False)


def test_what_is_kept_has_a_bound(loop, monkeypatch):
    site, prepared = loop
    monkeypatch.setattr(prepared_scripts, "MAX_OCTETS", 3 * (len(answered(prepared)) + prepared_scripts.BESIDE))
    for number in range(10, 30):
        other = machine(f"m{number}", mac := f"52:54:00:00:01:{number}", f"10.10.1.{number}", disks=(f"sd{number}",))
        site.catalog.upsert(other)  # of a make of its own
        assert answered(prepared, f"/{mac}/auto.ipxe")
    assert len(prepared._prepared) == 3
    assert prepared._size <= prepared_scripts.MAX_OCTETS
    assert prepared._size == sum(item.size for item in prepared._prepared.values())


def test_headers_that_are_remembered_have_a_bound(loop):
    _site, prepared = loop
    for number in range(1000):
        assert answered(prepared, headers=(*HEADERS, (b"X-Number", b"%d" % number)))
    assert len(prepared._plain) <= prepared_scripts.MAX_HEADS
    assert answered(prepared, headers=((b"X-Long", b"x" * prepared_scripts.MAX_HEAD),)) is None
