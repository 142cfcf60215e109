# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a rehearsal of many machines take little longer than that of one, counted: 100 are to take under 20 s.

How many seconds it takes, tests/bench/rehearse.py says; this is why.
"""

from __future__ import annotations

import threading
from collections import Counter
from urllib.parse import urlsplit

from ansible_collections.baremetal.netboot.plugins.module_utils._clients.http import Response
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.tftp import Transfer
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal import wire
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.intent import Bootd, Where
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.run import THREADS, rehearse
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.wire import Wire
from servers.rehearsal_lab import IMAGES, KERNEL_SHA256, PROGRAMS, URL, hardware
from unit.rehearsal.test_play import DecidedWire

MACHINES = 100


def test_a_hundred_machines_are_asked_for_together_and_share_what_they_load(monkeypatch):
    documents = [hardware(number) for number in range(MACHINES)]
    decided = DecidedWire(*documents)
    asked: Counter[str] = Counter()
    lock, together = threading.Lock(), threading.Barrier(THREADS)
    met = []

    def note(what):
        with lock:
            asked[what] += 1

    def exchange_all(_interface, discoveries, **_options):
        note(f"DHCP for {len(discoveries)}")
        return decided.offers(discoveries)

    def load(_server, name, *, first_block=False, **_options):
        note("TFTP, first block" if first_block else f"TFTP {name.rpartition('/')[2]}")
        content = PROGRAMS[name.rpartition("/")[2]]
        return Transfer(len(content), content[:512] if first_block else content, 0.0)

    def fetch(url, _method="GET", *, octets="", **_options):
        path = urlsplit(url).path
        if path.endswith("auto.ipxe"):
            note("script")
            if not met:
                # As many as there are threads are at it at the same time, or this breaks.
                together.wait(30)
                met.append(True)
            return decided.text(url)
        if path.startswith("/images/"):
            note(f"{path} {octets}")
            content = IMAGES[path.removeprefix("/images/")]
            first, last = map(int, octets.split("-"))
            return Response(206, {"content-range": f"bytes {octets}/{len(content)}"}, content[first : last + 1], 0.0)
        note("/api/v1/machines" if path == "/api/v1/machines" else "explain")
        return decided.document(url)

    def digest(url, _algorithm):
        note(f"{urlsplit(url).path} whole")
        return KERNEL_SHA256.partition(":")[2], len(IMAGES["vmlinuz"]), 0.0

    monkeypatch.setattr(wire.dhcp, "exchange_all", exchange_all)
    monkeypatch.setattr(wire.tftp, "load", load)
    monkeypatch.setattr(wire.http, "fetch", fetch)
    monkeypatch.setattr(wire.http, "digest", digest)
    monkeypatch.setattr(Wire, "document", lambda _wire, url: fetch(url))
    result = rehearse(
        documents, "auto", Bootd("10.10.0.20", URL), Wire("eth0", 5.0), {"vmlinuz": KERNEL_SHA256}, Where()
    )
    assert Counter(found["verdict"] for found in result["machines"].values()) == {"boots": MACHINES}
    # All at once, as firmware and then as the iPXE that it has loaded: servers are waited for twice, not 200 times.
    assert asked.pop(f"DHCP for {MACHINES}") == 2
    assert asked.pop("/api/v1/machines") == 1
    # A small question by each machine's own name, and the whole of a file once for all.
    assert [asked.pop(each) for each in ("TFTP, first block", "script", "explain")] == [MACHINES] * 3
    assert asked.pop("TFTP snponly.efi") == 1
    assert asked.pop("/images/vmlinuz whole") == 1
    # The first octets of each image, and the last.
    assert sorted(what.partition(" ")[0] for what in asked) == ["/images/initrd.img"] * 2 + ["/images/vmlinuz"] * 2
    assert set(asked.values()) == {1}
    assert THREADS > 1
