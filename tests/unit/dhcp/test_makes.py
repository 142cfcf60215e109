# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine is answered by its make is what would be decided for it, octet for octet, and does the same."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _bootd.decisions import events
from _bootd.dhcp import handler, makes
from _bootd.dhcp import options as opt
from _bootd.dhcp.makes import Layout, make_of
from _bootd.dhcp.packet import encode
from _bootd.hardware.extra_options import ExtraOption
from _bootd.hardware.local_boot import How, LocalBoot
from _bootd.hardware.model import Interface, Machine, Netboot, Nic, Osie, Route
from samples.dhcp_messages import BIOS, HTTP_BOOT, IPXE, LINUX, SERVER, UEFI, address, message
from servers.dhcp_sides import Side, arrival

IPXE_WITHOUT_HTTP = IPXE | {opt.IPXE: bytes((21, 1, 1))}
RELAY = bytes((1, 9)) + b"macvlan99"
SELECTING = {opt.SERVER_IDENTIFIER: address(SERVER)}


def machine(number: int, **given) -> Nic:
    """Return a machine that is as all others but for what is its own, and for what is ``given``."""
    fields = {
        "mac": f"58:47:ca:71:d8:{number:02x}",
        "address": f"10.10.0.{number + 100}",
        "netmask": "255.255.255.0",
        "gateway": "10.10.0.1",
        "hostname": f"host-{number}",
        "name_servers": ("10.10.0.1",),
        "netboot": Netboot(True, osie=Osie("http://10.10.0.2/harvester", kernel_params=(f"host={number}",))),
    }
    of_machine = {name: given.pop(name) for name in ("name", "metadata", "https_boot", "local_boot") if name in given}
    face = Interface(**(fields | given))
    return Nic(Machine(**({"name": f"node-{number}", "interfaces": (face,)} | of_machine)), face)


NETBOOTS = [
    Netboot(False),
    Netboot(None),
    Netboot(True),
    Netboot(True, switched_off=True),
    Netboot(True, switched_off=True, by_hand=True),
    Netboot(True, ipxe_contents="#!ipxe"),
    Netboot(True, ipxe_url="http://10.10.0.3/node-1.ipxe"),
    Netboot(True, ipxe_url="http://10.10.0.3/another.ipxe"),
    Netboot(True, ipxe_binary="other.efi", osie=Osie(kernel="vmlinuz")),
    Netboot(True, ipxe_binary="58-47-ca-71-d8-01/own.efi", osie=Osie(kernel="vmlinuz")),
]
DISTROS = [
    {},
    {"instance": {"operating_system": {"distro": "debian"}}},
    {"instance": {"ipxe_script_url": "http://a/b"}},
]
DIFFERENCES = {
    "hostname": ["", "a", "node-1", "h\u00f6st-2", "h" * 70, "x" * 300],
    "name": ["a", "name", "netboot", "58-47-ca-71-d8-01"],
    "address": ["10.10.0.77", "10.10.1.9", "192.0.2.9", "10.10.0.255", "127.0.0.1", ""],
    "netmask": ["", "255.255.0.0", "255.255.255.254", "0.0.0.255", "255.0.255.0"],
    "netboot": NETBOOTS,
    "metadata": DISTROS,
    "https_boot": [False, True],
    "local_boot": [LocalBoot(How.EXIT), LocalBoot(How.NOT_FOUND), LocalBoot(How.LEASE)],
    "extra_options": [(ExtraOption(26, b"\5\xdc", True),), (ExtraOption(17, b"/" * 250, True),)],
    "static_routes": [(Route("192.0.2.0/24", "10.10.0.9"),)],
    "lease_time": [60, 0xFFFFFFFF],
    "domain_name": ["example.org", "bad..name"],
    "vlan_id": ["42"],
    "tftp_server_name": ["10.10.0.4"],
    "boot_file_name": ["own.efi", "58-47-ca-71-d8-01/own.efi", "o" * 140],
    "disable_dhcp": [True],
    "mac": ["dc:a6:32:00:00:01", "58:47:ca:f1:9d:5b"],
}
OF_ONE = ("name", "address", "mac")
ODD = st.sampled_from([*DIFFERENCES, *["netboot"] * 6]).flatmap(
    lambda name: st.sampled_from(DIFFERENCES[name]).map(lambda value: {name: value})
)
COMMON = st.lists(ODD.filter(lambda given: not {*OF_ONE, "disable_dhcp"} & set(given)), max_size=2).map(
    lambda given: {name: value for one in given for name, value in one.items()}
)


@st.composite
def racks(draw):
    """Machines of which most are of one make, and each other differs from them in one thing."""
    common, odd = draw(COMMON), draw(st.lists(ODD, min_size=1, max_size=4))
    return [machine(number, **common) for number in range(1, 4)] + [
        machine(number, **(common | given)) for number, given in enumerate(odd, 4)
    ]


OWN = {
    opt.HOST_NAME: lambda nic: nic.machine.name.encode()[:9].ljust(9, b"-"),
    opt.CLIENT_IDENTIFIER: lambda nic: b"\1" + bytes.fromhex(nic.interface.mac.replace(":", "")),
    opt.CLIENT_UUID: lambda nic: b"\0" + nic.interface.mac.encode()[:16],
    81: lambda nic: b"\0\0\0" + nic.interface.mac.encode(),
    opt.RELAY_AGENT_INFORMATION: lambda nic: bytes((1, 8)) + nic.interface.mac.encode()[-8:] + b"\2\3abc",
}
SHAPES = st.fixed_dictionaries(
    {
        "client": st.sampled_from([UEFI, BIOS, HTTP_BOOT, IPXE, IPXE_WITHOUT_HTTP, LINUX]),
        "own": st.sets(st.sampled_from(sorted(OWN))),
        "kind": st.sampled_from([opt.DHCPDISCOVER, opt.DHCPDISCOVER, opt.DHCPREQUEST, opt.DHCPREQUEST, opt.DHCPINFORM]),
        "more": st.sampled_from(
            [
                *({}, {}, {opt.MAX_MESSAGE_SIZE: b"\2\x40"}, {opt.REHEARSAL: opt.REHEARSAL_MARK}),
                {opt.RELAY_AGENT_INFORMATION: RELAY + bytes((5, 4)) + address("10.10.1.3")},
                {opt.RELAY_AGENT_INFORMATION: RELAY + bytes((11, 4)) + address("10.10.0.2")},
                {opt.RELAY_AGENT_INFORMATION: RELAY + b"\2\3", opt.CLIENT_IDENTIFIER: b""},
                {opt.CLIENT_IDENTIFIER: bytes(300), opt.RELAY_AGENT_INFORMATION: b""},
                {opt.RELAY_AGENT_INFORMATION: RELAY * 25, opt.CLIENT_IDENTIFIER: bytes(200)},
                {opt.REQUESTED_ADDRESS: address("10.10.0.101")},
            ]
        ),
        "flags": st.sampled_from([0, 0x8000]),
        "giaddr": st.sampled_from(["0.0.0.0", "10.10.0.2", "10.10.0.255"]),
        "ciaddr": st.sampled_from(["0.0.0.0", "0.0.0.0", "0.0.0.0", "10.10.0.101"]),
        "source": st.sampled_from(["0.0.0.0", "10.10.0.2"]),
        "addressed": st.sampled_from(["255.255.255.255", "255.255.255.255", SERVER]),
    }
)


def asked(nic: Nic, number: int, shape) -> tuple:
    """Return what ``nic`` asks by ``shape``."""
    options = dict(shape["client"])
    options |= {code: OWN[code](nic) for code in shape["own"]}
    if shape["kind"] == opt.DHCPREQUEST and nic.interface.address:
        options |= SELECTING | {opt.REQUESTED_ADDRESS: address(nic.interface.address)}
    options |= shape["more"]
    fields = {name: shape[name] for name in ("flags", "giaddr", "ciaddr")}
    payload = encode(message(shape["kind"], options, mac=nic.interface.mac, xid=number + 1, secs=number % 3, **fields))
    return arrival(payload, shape["source"], addressed=shape["addressed"])


DETAILS = st.sampled_from(
    [events.BootFile("ipxe.efi", "tftp", 10), events.Script("netboot.osie", "http", 10), events.Report("started")]
)
STEPS = st.lists(
    st.one_of(
        SHAPES.map(lambda shape: ("ask", shape)),
        SHAPES.map(lambda shape: ("ask", shape)),
        SHAPES.map(lambda shape: ("ask", shape)),
        st.tuples(st.integers(0, 2), DETAILS).map(lambda seen: ("event", seen)),
        st.tuples(st.integers(0, 2), st.sampled_from(["", "renamed-1"])).map(lambda named: ("rename", named)),
        st.just(("wait", 130.0)),
    ),
    min_size=1,
    max_size=6,
)


def patterns(side: Side):
    return [pattern for shape in side.handler._makes._shapes._kept.values() for pattern in shape.patterns.values()]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(racks(), STEPS, st.integers(0, 3))
def test_by_make_and_plain_answer_alike_and_tell_alike(bench, nics, steps, first):
    with mock.patch.object(makes, "PROOFS", 0):  # nothing is to be put right by comparing
        ask_and_compare(bench, nics[first:] + nics[:first], steps)


def ask_and_compare(bench, nics, steps):
    sides = [Side(bench, *nics, prepares=prepares) for prepares in (True, False)]
    for asks, (what, value) in enumerate(steps):
        answers = []
        for side in sides:
            match what:
                case "ask":
                    answers.append([side.ask([asked(nic, asks * 9 + n, value)]) for n, nic in enumerate(nics)])
                case "event":
                    which, detail = value
                    nic = nics[which]
                    event = events.Event(nic.machine.key, nic.interface.mac, side.now, detail)
                    side.services.journal.record(event)
                case "rename":
                    which, name = value
                    side.services.catalog.upsert(
                        replace(
                            nics[which].machine, interfaces=(replace(nics[which].interface, hostname=name or "own"),)
                        )
                    )
                case "wait":
                    side.now += value
        assert answers[1:] == answers[:-1]
    assert sides[0].told() == sides[1].told()


SHAPE = {"own": {opt.CLIENT_UUID}, "more": {}, "flags": 0, "giaddr": "10.10.0.2", "ciaddr": "0.0.0.0"}
SHAPE |= {"source": "10.10.0.2", "addressed": SERVER, "kind": opt.DHCPDISCOVER}


@pytest.mark.parametrize("name", [name for name in DIFFERENCES if name not in ("name", "mac")])
def test_nothing_that_counts_is_left_out_of_a_make(bench, name):
    common = {"tftp_server_name": "10.10.0.4", "boot_file_name": "own.efi"} if name.endswith("file_name") else {}
    common |= {"netboot": Netboot(False)} if name == "local_boot" else {}
    of_each = [{}, *({name: value} for value in DIFFERENCES[name])] * 3
    nics = [machine(number, **(common | given)) for number, given in enumerate(of_each, 1)]
    steps = [("ask", SHAPE | {"client": client}) for client in (UEFI, BIOS, HTTP_BOOT, IPXE, IPXE_WITHOUT_HTTP, LINUX)]
    # A relay may not be the broadcast address of the network, as far as its netmask tells.
    steps += [("ask", SHAPE | {"client": UEFI, "giaddr": "10.10.0.255"})]
    with mock.patch.object(makes, "PROOFS", 0):
        ask_and_compare(bench, nics, steps)


@pytest.mark.parametrize("client", [UEFI, BIOS, HTTP_BOOT, IPXE, IPXE_WITHOUT_HTTP, LINUX])
@pytest.mark.parametrize("giaddr", ["0.0.0.0", "10.10.0.2"])
@pytest.mark.parametrize("netboot", NETBOOTS[:7])
def test_a_machine_is_answered_without_a_decision_once_others_of_its_make_were(
    bench, monkeypatch, client, giaddr, netboot
):
    nics = [machine(number, netboot=netboot) for number in range(1, 9)]
    sides = [Side(bench, *nics, prepares=prepares) for prepares in (True, False)]
    shape = {"client": client, "own": set(OWN), "more": {}, "flags": 0, "giaddr": giaddr, "ciaddr": "0.0.0.0"}
    shape |= {"source": "0.0.0.0", "addressed": "255.255.255.255"}
    for kind in (opt.DHCPDISCOVER, opt.DHCPREQUEST):
        arrivals = [asked(nic, number, shape | {"kind": kind}) for number, nic in enumerate(nics)]
        expected = sides[1].ask(arrivals)
        known = makes.PROOFS + 2
        assert sides[0].ask(arrivals[:known]) == expected[:known]
        with monkeypatch.context() as patch:
            patch.setattr(handler, "decode", None)
            assert sides[0].ask(arrivals[known:]) == expected[known:]
    assert all(pattern.is_proven for pattern in patterns(sides[0]))
    assert sides[0].told() == sides[1].told()


def test_an_ipxe_that_firmware_was_told_to_load_is_answered_by_its_make(bench, monkeypatch):
    nics = [machine(number, netboot=Netboot(True, ipxe_binary="own.efi")) for number in range(1, 9)]
    sides = [Side(bench, *nics, prepares=prepares) for prepares in (True, False)]
    shape = {"own": {opt.CLIENT_UUID}, "kind": opt.DHCPDISCOVER, "more": {}, "flags": 0, "giaddr": "10.10.0.2"}
    shape |= {"source": "10.10.0.2", "addressed": SERVER, "ciaddr": "0.0.0.0"}
    for number, client in ((0, UEFI), (100, IPXE)):
        arrivals = [asked(nic, number + place, shape | {"client": client}) for place, nic in enumerate(nics)]
        known = makes.PROOFS + 2
        expected = sides[1].ask(arrivals)
        assert sides[0].ask(arrivals[:known]) == expected[:known]
        with monkeypatch.context() as patch:
            patch.setattr(handler, "decode", None)
            assert sides[0].ask(arrivals[known:]) == expected[known:]
    assert b"auto.ipxe" in expected[0][0]
    assert sides[0].told() == sides[1].told()


def test_a_pattern_that_was_wrong_once_is_never_used(bench, monkeypatch):
    nics = [machine(number) for number in range(1, 9)]
    sides = [Side(bench, *nics, prepares=prepares) for prepares in (True, False)]
    monkeypatch.setattr(makes, "dashed", lambda _mac: "wrong")
    monkeypatch.setattr(makes, "_named", lambda *_given: ())
    shape = {"client": IPXE, "own": set(), "kind": opt.DHCPDISCOVER, "more": {}, "flags": 0, "giaddr": "10.10.0.2"}
    shape |= {"source": "10.10.0.2", "addressed": SERVER, "ciaddr": "0.0.0.0"}
    arrivals = [asked(nic, number, shape) for number, nic in enumerate(nics)]
    assert sides[0].ask(arrivals) == sides[1].ask(arrivals)
    assert [pattern.proofs for pattern in patterns(sides[0])] == [-1]
    assert sides[0].told() == sides[1].told()


def test_what_is_kept_of_makes_is_bounded(bench, monkeypatch):
    for bound, value in (("MAX_MACHINES", 3), ("MAX_MAKES", 2), ("MAX_LAYOUTS", 2), ("MAX_SIZES", 2)):
        monkeypatch.setattr(makes, bound, value)
    nics = [machine(number, lease_time=60 + number // 2) for number in range(1, 9)]
    sides = [Side(bench, *nics, prepares=prepares) for prepares in (True, False)]
    kept = sides[0].handler._makes
    kept._shapes._most = 4
    for side in sides:
        side.ask(
            [
                arrival(encode(message(opt.DHCPDISCOVER, UEFI | more, mac=nic.interface.mac)))
                for nic in nics
                for more in ({}, {61: b"a"}, {61: bytes(9)}, {12: b"a"}, {12: b"a", 61: b""}, {12: bytes(99)})
            ]
        )
    assert sides[0].told() == sides[1].told()
    assert len(kept._makes) <= 3
    assert len(kept._numbers) <= 2
    assert len(kept._layouts) <= 3
    assert max(map(len, kept._layouts.values())) <= 2
    assert len(kept._shapes._kept) <= 4


def test_make_is_all_but_the_machines_own():
    same = partial(machine, metadata={"instance": {"hostname": "a"}})
    assert make_of(same(1)) == make_of(same(2))
    for other in ({"lease_time": 60}, {"hostname": "longer-1"}, {"netboot": Netboot(False)}, {"address": "10.11.0.1"}):
        assert make_of(machine(2, **other)) != make_of(machine(2))


@given(st.lists(st.tuples(st.integers(1, 254), st.binary(max_size=9)), max_size=9), st.binary(max_size=9))
def test_layout_shares_all_but_xid_secs_and_own_values(options, behind):
    area = b"".join(bytes((code, len(value))) + value for code, value in options)
    data = bytes(range(236)) + b"\x63\x82\x53\x63" + area + b"\xff" + behind
    layout = Layout(data)
    kept = b"".join(layout.shared_of(data))
    own = {place for code, cut in layout.own.items() if code != 82 for place in range(cut.start, cut.stop)}
    inside = {place for place in range(len(data)) if not any(cut.start <= place < cut.stop for cut in layout.shared)}
    assert own | {*range(4, 10), *range(31, 34)} <= inside
    assert len(kept) == len(data) - len(inside)
    relay = layout.own.get(82, slice(0, 0))
    assert inside - own - {*range(4, 10), *range(31, 34)} <= set(range(relay.start, relay.stop))
    values = opt.spans(data, 240)
    assert {code: [data[cut] for cut in cuts] for code, cuts in values.items()} == {
        code: [value for other, value in options if other == code] for code, _value in options
    }


def test_each_field_of_an_object_counts_in_a_make_or_is_known_not_to():
    """A field that comes new has to be sorted in: what a decision reads of it, machines of one make have to share."""
    counted = set(makes.make_of.__code__.co_names) | {"osie", "ipxe_url"}
    own_or_unread = {
        Netboot: set(),
        # Names and place; and what DHCP does not read: what it installs is asked of the installer, which counts.
        Machine: {"name", "namespace", "interfaces", "disks", "metadata", "user_data", "reprovision", "after"}
        | {"user_data_from", "created", "source"},
    }
    for kind, unread in own_or_unread.items():
        assert {item.name for item in fields(kind)} - unread <= counted
