# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision that is kept is the one that would be made: whatever was asked before, and whatever became of objects."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.boot import BootContext, Contents, Script
from _bootd.hardware.model import Interface, Machine, Netboot, Osie
from _bootd.process.settings import Settings
from _bootd.stores.catalog import Catalog
from _bootd.tftp.decide import ServeFile, decide
from _bootd.tftp.kept_decisions import KeptDecisions
from _bootd.tftp.packet import Request, encode, parse

MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
ADDRESSES = ("192.0.2.1", "192.0.2.2")
NETBOOTS = (
    Netboot(allow_pxe=True, ipxe_contents="#!ipxe\n"),
    Netboot(allow_pxe=True, osie=Osie(base_url="http://x")),
    Netboot(allow_pxe=False),
)
SETTINGS = Settings(store="files:", state_dir="", address="192.0.2.254")
CONTEXTS = [BootContext.of(SETTINGS, boots_unknown=unknown) for unknown in (False, True)]

# Few, so that the same is asked again after objects have changed.
NAMES = [f"{mac}{name}" for mac in ("", f"{MACS[0].replace(':', '-')}/") for name in ("snponly.efi", "images/vmlinuz")]
OTHERS = [
    Request(f"{MACS[1]}/grub.cfg"),
    Request("autoexec.ipxe"),
    Request("../x"),
    Request("phone-home?a=b"),
    Request(NAMES[0], write=True),
    Request(NAMES[0], "mail"),
    Request(NAMES[0], "netascii", (("rehearsal", "1"),)),
]
requests = st.one_of(st.sampled_from(NAMES).map(Request), st.sampled_from(OTHERS))
asks = st.tuples(st.just("ask"), requests, st.sampled_from(ADDRESSES))
# An object whose MAC and address are any, so that machines come and go, and take each other's.
edits = st.tuples(
    st.just("edit"),
    st.sampled_from(["a", "b"]),
    st.builds(Interface, st.sampled_from(MACS), st.sampled_from(ADDRESSES), netboot=st.sampled_from(NETBOOTS)),
)
removals = st.tuples(st.just("remove"), st.sampled_from(["a", "b"]), st.none())


def script_for(nic, _program, _cpu):
    return Script("for the test", Contents("text"), "contents"), nic.interface.mac


def text_of(script, mac, program):
    return f"{script} {mac} {program}"


def fresh(request, source, catalog, unknown):
    return decide(request, source, catalog, CONTEXTS[unknown], script_for, text_of)


@given(st.lists(st.one_of(asks, asks, edits, removals), max_size=40), st.integers(1, 4), st.booleans())
def test_what_is_kept_is_what_would_be_decided(steps, limit, unknown):
    catalog, kept = Catalog(), KeptDecisions(limit)
    for what, subject, more in steps:
        if what == "edit":
            catalog.upsert(Machine(subject, interfaces=(more,)))
        elif what == "remove":
            catalog.remove(f"default/{subject}")
        else:
            datagram = encode(subject)
            decision = fresh(subject, more, catalog, unknown)
            found = kept.find(datagram, more, catalog)
            if found is None:
                kept.keep(datagram, subject, decision)
            else:
                assert found.request == parse(datagram)
                assert found.decision == decision
                assert found.decision.nic is decision.nic
        assert len(kept) <= limit


def test_file_of_a_machine_is_kept_until_its_object_is_another():
    catalog, kept = Catalog(), KeptDecisions()
    on, off = (Machine("a", interfaces=(Interface(MACS[0], ADDRESSES[0], netboot=NETBOOTS[at]),)) for at in (0, 2))
    catalog.upsert(on)
    for name in ("snponly.efi", f"{MACS[0]}/snponly.efi"):
        request = Request(name)
        kept.keep(encode(request), request, fresh(request, ADDRESSES[0], catalog, unknown=False))
        found = kept.find(encode(request), ADDRESSES[0], catalog)
        assert (found.request, type(found.decision)) == (request, ServeFile)
        assert kept.find(encode(request), ADDRESSES[1], catalog) is (None if name == "snponly.efi" else found)
    catalog.upsert(off)
    for name in ("snponly.efi", f"{MACS[0]}/snponly.efi"):
        assert kept.find(encode(Request(name)), ADDRESSES[0], catalog) is None
