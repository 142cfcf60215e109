# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that machines of one make share are those that are decided for each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _bootd.decisions import tokens
from _bootd.decisions.boot import kind_of
from _bootd.hardware.model import Interface, Machine, Netboot, Nic, Osie
from _bootd.http import script_makes
from _bootd.http.script_makes import PROOFS, ScriptMakes
from _bootd.http.scripts import Question, write
from _bootd.ipxe.render import render
from servers.http_site import make_site

_BASE = "http://10.10.0.2/x"
_METADATA = [
    {"instance": {"operating_system": {"distro": "harvester", "version": version}, **more}}
    for version in ("v1.2.0", "v1.8.0", "none!")
    for more in ({}, {"userdata": "console=tty1 BOOTIF=own"}, {"userdata": "ip=dhcp", "tags": [1, True, None]})
]
_METADATA += [{"instance": {"operating_system": {"distro": "debian"}}}, {}, {"instance": None}]
_NETBOOTS = [
    Netboot(allow_pxe=True),
    Netboot(allow_pxe=False),
    Netboot(allow_pxe=True, osie=Osie(_BASE)),
    Netboot(allow_pxe=True, osie=Osie(_BASE, kernel_params=("a=b", "---", "c"))),
    Netboot(allow_pxe=True, ipxe_contents="#!ipxe\nshell\n"),
    Netboot(allow_pxe=True, ipxe_url="http://files/script.ipxe"),
]
# Names that are part of what stands in scripts anyway, too.
_NAMES = st.one_of(
    st.from_regex(r"node-[0-9]{3}", fullmatch=True),
    st.sampled_from(["a", "kernel", "harvester", "boot", "n" * 60, "Upper", "x_y", "stand-in", "ipxe", "10"]),
)
_MACHINES = st.lists(
    st.tuples(
        _NAMES,
        st.integers(0, 255),
        st.sampled_from(["", "10.10.0.16", "10.10.0.1", "192.168.199.199"]),
        st.sampled_from(["", "host", "node-7", "http", "X"]),
        st.sampled_from(["", tokens.HIDDEN, "t" * 43, "t" * 300]),
        st.booleans(),
    ),
    min_size=4,
    max_size=12,
)


def nic_of(name, number, address, hostname, metadata, netboot, *, has_second=False, **more):
    card = Interface(f"52:54:00:f1:9d:{number:02x}", address, "255.255.0.0", "10.10.0.1", hostname, netboot=netboot)
    card = replace(card, **more)
    own = {"instance": {**metadata["instance"], "id": card.mac, "hostname": name}} if metadata.get("instance") else {}
    second = (Interface(f"52:54:00:00:01:{number:02x}"),) if has_second else ()
    return Nic(Machine(name, "default", (card, *second), metadata={**metadata, **own}, user_data=f"own: {name}"), card)


def written(site, nic, asked, url):
    """Return what is decided, and the octets of the script."""
    script, text = write(site, nic, asked, url)
    return script, text.encode()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = make_site(tmp_path_factory.mktemp("site"))
    made.render = render
    return made.app.site


@settings(max_examples=60, deadline=None)
@given(
    machines=_MACHINES,
    metadata=st.sampled_from(_METADATA),
    netboot=st.sampled_from(_NETBOOTS),
    question=st.sampled_from([("", False, False), ("x86_64", True, False), ("", False, True), ("arm64", True, False)]),
    more=st.sampled_from(
        [{}, {"arch": "x86_64"}, {"arch": "aarch64", "vlan_id": "7"}, {"name_servers": ("10.0.0.1",)}]
    ),
)
def test_what_a_pattern_gives_is_what_is_decided(site, machines, metadata, netboot, question, more):
    makes = ScriptMakes()
    for name, number, address, hostname, token, has_second in machines:
        nic = nic_of(name, number, address, hostname, metadata, netboot, has_second=has_second, **more)
        cpu, asked_cpu, in_firmware = question
        asked = Question(nic.interface.mac, cpu=cpu, asked_cpu=asked_cpu, in_firmware=in_firmware)
        url = tokens.configuration_url("http://10.10.0.20:7080", nic.interface.mac, token) if token else ""
        script, octets = written(site, nic, asked, url)
        make = makes.of(nic, asked, url)
        if make is None:
            continue
        if make.is_proven:
            assert (make.filled(nic, url), make.kind) == (octets, script.kind)
            assert make.decided == kind_of(script)
        else:
            make.learn(nic, url, lambda nic, url, asked=asked: written(site, nic, asked, url), script, octets)


def told(site, makes, number, **changes):
    """Return what is told without a decision of a machine, and have it learned where that is nothing."""
    fields = {"name": f"node-{number:03d}", "address": f"10.10.0.{number}", "hostname": f"node-{number:03d}"}
    fields |= {"metadata": _METADATA[0], "netboot": _NETBOOTS[2], **changes}
    nic = nic_of(number=number, **fields)
    asked = Question(nic.interface.mac)
    make = makes.of(nic, asked, "")
    if make.is_proven:
        return make.filled(nic, "").decode()
    make.learn(nic, "", lambda nic, url: written(site, nic, asked, url), *written(site, nic, asked, ""))
    return None


def test_the_first_of_a_make_are_decided_and_all_others_told(site):
    makes = ScriptMakes()
    found = [told(site, makes, number) for number in range(10)]
    assert [text is not None for text in found] == [False] * (1 + PROOFS) + [True] * (9 - PROOFS)
    assert "node-009 installs Harvester" in found[9]
    assert "BOOTIF=52:54:00:f1:9d:09" in found[9]


def test_a_pattern_that_was_wrong_is_not_used(site, monkeypatch):
    makes = ScriptMakes()
    told(site, makes, 1)
    with monkeypatch.context() as patched:
        patched.setattr(script_makes, "_stand_in", lambda nic: nic)  # whose values may stand in an object
        told(site, makes, 2, name="harvester")
    assert [told(site, makes, number) for number in range(3, 9)] == [None] * 6


def test_a_machine_that_asks_again_proves_nothing_more(site):
    def with_second_card(nic, url):
        script, octets = written(site, nic, Question(nic.interface.mac), url)
        return script, octets + nic.machine.interfaces[1].mac.encode()

    makes = ScriptMakes()
    for number in (1, 2, 2, 2, 3):
        nic = nic_of("node", number, "", "", _METADATA[0], _NETBOOTS[2], has_second=True)
        make = makes.of(nic, Question(nic.interface.mac), "")
        assert not make.is_proven
        make.learn(nic, "", with_second_card, *with_second_card(nic, ""))
    assert not make.is_proven


def test_what_is_remembered_has_a_bound(site, monkeypatch):
    monkeypatch.setattr(script_makes, "MAX_MAKES", 3)
    makes = ScriptMakes()
    for number in range(20):
        told(site, makes, number, metadata={**_METADATA[0], "custom": number})
    assert len(makes._makes) <= 3


def test_what_is_the_same_of_machines_is_told_from_what_only_looks_alike():
    like = [
        {"a": 1},
        {"a": True},
        {"a": 1.0},
        {"a": "1"},
        {"a": [1]},
        {"a": (1,)},
        {"a": None},
        {"a": "\ud800"},
        {1: "a"},
    ]
    assert len({script_makes._as_octets(value) for value in like}) == len(like)
    assert script_makes._as_octets({"a": ["x" * 3]}) == script_makes._as_octets({"a": ["".join("xxx")]})
    assert script_makes._as_octets({"a": Netboot()}) == script_makes._as_octets(
        {"a": Netboot()}
    )  # which marshal refuses
