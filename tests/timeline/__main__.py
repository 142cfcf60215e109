# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines wait for while they boot, by bootd and by dnsmasq with nginx, as captures on their cables have it.

    PYTHONPATH=plugins/module_utils:tests build/venv/bin/python -m timeline [KIND...]

As root; `make timeline` does it. Machines in QEMU boot, one after the other, up to their kernel. Prints what each spent
its time on and its wait in iPXE, writes the picture docs/boot-timeline.svg where all kinds were booted, and leaves
captures and logs in build/timeline.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from lab import artifacts, rom
from timeline.boots import IPXE_OF_DEBIAN_12, MAC, Kind, boot, newer_programs
from timeline.phases import Phase, phases
from timeline.picture import picture

ROOT = Path(__file__).resolve().parents[2]
CACHE, LEFT, PICTURE = ROOT / "build/lab", ROOT / "build/timeline", ROOT / "docs/boot-timeline.svg"
SERVERS = {"dnsmasq": "dnsmasq + nginx", "bootd": "bootd"}
SHOWS = "Seconds from the first DISCOVER to the initrd, for each machine by dnsmasq with nginx and by bootd"


def _without_http() -> bytes:
    return rom.without_http(rom.SHIPPED.read_bytes())


KINDS = (
    Kind("rom", "BIOS, iPXE of 2019 in the card's ROM", "bios"),
    Kind("snponly", "UEFI, snponly.efi of Debian 12 (2019)", "uefi", "snponly.efi"),
    Kind("ipxe", "UEFI, ipxe.efi of Debian 12 (2019)", "uefi", "ipxe.efi"),
    Kind("snponly-newer", "UEFI, snponly.efi of Debian 13 (2025)", "uefi", "snponly.efi", newer=True),
)
# dnsmasq would send the ROM's iPXE, which has no HTTP, to a URL.
BY_BOOTD_ONLY = (Kind("undionly", "BIOS, undionly.kpxe of Debian 12", "bios", "undionly.kpxe", rom=_without_http),)


def main() -> None:
    """Boot, print and draw."""
    parser = argparse.ArgumentParser(prog="timeline", description="What machines wait for while they boot.")
    parser.add_argument("kinds", nargs="*", help="some of " + ", ".join(kind.name for kind in KINDS + BY_BOOTD_ONLY))
    wanted = parser.parse_args().kinds
    images = artifacts.build(CACHE)
    drawn: dict[str, dict[str, list[Phase]]] = {}
    for kind in KINDS + BY_BOOTD_ONLY:
        if wanted and kind.name not in wanted:
            continue
        programs = newer_programs(CACHE) if kind.newer else IPXE_OF_DEBIAN_12
        for server in ("bootd",) if kind in BY_BOOTD_ONLY else SERVERS:
            found = phases(boot(kind, server, images, LEFT / f"{kind.name}-{server}", programs), MAC)
            drawn.setdefault(kind.title, {})[SERVERS[server]] = found
            print(f"{kind.title}, by {SERVERS[server]}: {sum(phase.seconds for phase in found):.1f} s")
            for phase in found:
                print(f"  {phase.seconds:6.2f} s  {phase.name}", flush=True)
    document = {title: {by: list(map(asdict, bar)) for by, bar in bars.items()} for title, bars in drawn.items()}
    (LEFT / "phases.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if not wanted:
        both = {title: bars for title, bars in drawn.items() if len(bars) > 1}
        PICTURE.write_text(picture(both, SHOWS), encoding="utf-8")
        print(PICTURE)


if __name__ == "__main__":
    main()
