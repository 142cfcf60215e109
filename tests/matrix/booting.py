# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cell as it boots: a machine of one kind in one arrangement, from power-on to its report, and what was seen."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.daemon.running import ADDRESS, ROOT, Bootd
from lab import arm64_ipxe, artifacts, secure_boot
from lab.bootstrap import NODE
from lab.capture import Capture, own_wait
from lab.machine import Machine
from lab.network import BRIDGE, Lab
from matrix.bystander import Bystander
from matrix.cells import Cell
from matrix.clients import system
from matrix.seen import Seen, seen
from servers.rehearsal_lab import BESIDE, rehearse

MAC = "58:47:ca:71:d8:49"
NAME = "um790-1"
IPXE = (Path("/usr/lib/ipxe/snponly.efi"), Path("/usr/lib/ipxe/undionly.kpxe"))
CONSOLES = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
# Ten times what a boot takes on an idle host with two cores, emulated.
PATIENCE = 300.0  # seconds
LOOK = 1.0  # seconds between looks at where the machine stands
# What a console says last where it goes no further.
HOPELESS = ("report: failed", "No bootable device", "grub>")
# GRUB has its configuration a second after it has begun; from a server that has none it asks for minutes.
GRUB_BEGINS, GRUB_PATIENCE = "Welcome to GRUB!", 10.0  # seconds
TAIL = 2500  # characters of a log that are shown


class Stopped(Exception):
    """The tests end before the cell has."""


@dataclass(frozen=True, slots=True)
class Served:
    """What bootd serves in every cell: the directory of images for each architecture, and boot programs."""

    images: Mapping[str, Path]
    programs: Sequence[Path]

    @classmethod
    def built(cls, cache: Path, arches: Iterable[str]) -> Served:
        """Build it for ``arches``, or take what is below ``cache`` already."""
        images = {arch: artifacts.build(cache, arch) for arch in arches}
        signed = secure_boot.programs(cache)
        programs = [*IPXE, signed[secure_boot.SHIM], signed[secure_boot.GRUB]]
        return cls(images, programs + ([arm64_ipxe.program(cache)] if "arm64" in images else []))


class Booting:
    """A cell that boots; its logs are kept in ``directory``."""

    def __init__(self, cell: Cell, lab: Lab, served: Served, directory: Path) -> None:
        """Lay out the network and start bootd; the machine is off."""
        self.cell, self._lab, self._directory = cell, lab, directory
        cell.arrangement.lay_out(lab, directory, cell.setting)
        more = ("--image-dir", str(served.images[cell.client.arch]), *cell.arrangement.flags)
        self.bootd = Bootd(lab, NODE, directory, more=more)
        for program in served.programs:
            shutil.copy(program, self.bootd.boot_files)
        self._know(report_url="")
        self._know(self._report_url())
        self.bootd.start()
        self.rehearsed = self._rehearse()
        options = dict(cell.client.options)
        if cell.client.rom:
            options["rom"] = directory / "card.rom"
            options["rom"].write_bytes(cell.client.rom())
        self.machine = Machine(lab, directory, NAME, MAC, cell.client.firmware, **options)
        self._capture = Capture(lab, BRIDGE, self.machine.tap, directory / "machine.pcap")
        self._bystander = Bystander(lab, directory) if cell.has_bystander else None
        self.ipxe_wait: float | None = (
            None  # seconds from its first DISCOVER to its script, where it is iPXE that boots
        )

    def boot(self, stop: threading.Event, tell: Callable[[str], None]) -> float:
        """Power the machine on and wait until it has switched itself off; returns after how many seconds that was.

        Or until it goes no further, where the cell is one in which it can't. What its rehearsal said has to be so.
        """
        began = time.monotonic()
        self.machine.power_on()
        tell("power on")
        shown, grub_since = "", 0.0
        while not self.machine.wait(LOOK):
            stage = str(self.known()["stage"])
            seconds = time.monotonic() - began
            if stage != shown:
                shown = stage
                tell(f"{stage}, {seconds:.0f} s")
            if stop.is_set():
                raise Stopped
            waits = not self.cell.told and GRUB_BEGINS in self.machine.console
            grub_since = grub_since or (seconds if waits else 0.0)
            lost = bool(grub_since) and stage == "loading" and seconds - grub_since > GRUB_PATIENCE
            if lost or seconds > PATIENCE or any(words in self.machine.console for words in HOPELESS):
                return self._stayed(f"stands at {stage} after {seconds:.0f} s", seconds)
        seconds = time.monotonic() - began
        if "report: succeeded 200" not in self.machine.console:
            return self._stayed(f"switched itself off at {self.known()['stage']}, {seconds:.0f} s", seconds)
        if not self.cell.told or not foreseen(self.rehearsed, boots=True):
            raise AssertionError(self.story(f"booted, {words_of(self.rehearsed, boots=True)}"))
        self._look_at_the_wire()
        return seconds

    def _stayed(self, how: str, seconds: float) -> float:
        """Return ``seconds`` where the machine was to stay, and its rehearsal said so; AssertionError otherwise."""
        self._capture.end()
        if self.cell.told or not foreseen(self.rehearsed, boots=False):
            raise AssertionError(self.story(f"{how}, {words_of(self.rehearsed, boots=False)}"))
        return seconds

    def _look_at_the_wire(self) -> None:
        taken = self._capture.end()
        if self.cell.client.is_told_a_script:
            self.ipxe_wait = own_wait(taken, MAC)
        if self._bystander and (problem := self._bystander.problem(MAC)):
            raise AssertionError(self.story(f"booted, but the bystander {problem}"))

    def seen(self) -> Seen:
        """What was seen of the boot; to be asked for after it."""
        known = self.known()
        if (known["stage"], known["netboot"]) != ("installed", False):
            raise AssertionError(self.story(f"reported, but stands at {known['stage']}"))
        return seen([line for line in self.bootd.lines() if not line.get("rehearsal")], self.machine.console)

    def known(self) -> dict[str, object]:
        """What bootd's API says of the machine."""
        status, body = self.bootd.get(f"/api/v1/machines/{NAME}")
        if status != 200:
            raise AssertionError(f"{self.cell}: the API answered {status}: {body}")
        return json.loads(body)

    def story(self, verdict: str) -> str:
        """``verdict`` with the ends of all logs, and of the console last."""
        logs = [path for path in sorted(self._directory.glob("*.log")) if path != self.machine.serial]
        tails = ["\n".join(["--- rehearsal", *self.rehearsed["table"]])]
        tails += [f"--- {path.name}\n{path.read_text(errors='replace')[-TAIL:]}" for path in logs]
        return "\n".join(
            [f"{self.cell}: the machine {verdict}", *tails, f"--- console\n{self.machine.console[-TAIL:]}"]
        )

    def _rehearse(self) -> dict[str, Any]:
        """What the module says that the machine will do, on a host beside it; nothing of it counts as the machine's."""
        arrangement = self.cell.arrangement
        network = arrangement.address.rpartition(".")[0]
        self._lab.host(BESIDE, f"{network}.9/24", arrangement.gateway if arrangement.relay else None)
        before = self.known()
        result = rehearse(self._lab, BESIDE, self._directory, [self._document], client=self.cell.client.played_as)
        if self.known() != before:
            raise AssertionError(f"{self.cell}: its rehearsal has moved the machine")
        return result

    def _know(self, report_url: str) -> None:
        """Write the Hardware object, whose kernel is told to report to ``report_url``."""
        self._document = document = hardware(self.cell, report_url)
        # JSON is YAML too.
        (self.bootd.manifests / "hardware.yaml").write_text(json.dumps(document))

    def _report_url(self) -> str:
        argv = [str(ROOT / "bin/bootd"), "report-url", "--store", f"files:{self.bootd.manifests}"]
        argv += ["--state-dir", str(self.bootd.state), "--address", ADDRESS]
        (url,) = json.loads(self._lab.run(NODE, argv).stdout).values()
        return url


def foreseen(rehearsed: Mapping[str, Any], *, boots: bool) -> bool:
    """Return whether a rehearsal has said that the machine boots, or that it does not."""
    verdict = rehearsed["machines"][NAME]["verdict"] if NAME in rehearsed["machines"] else "fails"
    return (verdict, not rehearsed["problems"]) == (("boots", True) if boots else ("fails", False))


def words_of(rehearsed: Mapping[str, Any], *, boots: bool) -> str:
    """Return for people whether a rehearsal has said so."""
    return f"which its rehearsal {'foresaw' if foreseen(rehearsed, boots=boots) else 'did not foresee'}"


def hardware(cell: Cell, report_url: str) -> dict[str, object]:
    """The Hardware object of the machine in ``cell``; bootd itself serves its kernel."""
    arrangement, client = cell.arrangement, cell.client
    dhcp: dict[str, object] = {"mac": MAC, "arch": client.processor, "uefi": client.firmware == "uefi"}
    if arrangement.reserved:
        address = {"address": arrangement.address, "netmask": "255.255.255.0", "gateway": arrangement.gateway}
        dhcp |= {"hostname": NAME, "ip": address, "lease_time": 3600}
    netboot: dict[str, object] = {"allowPXE": True}
    if client.program:
        netboot["ipxe"] = {"binary": client.program}
    (kernel, _unused), (initrd, _unused) = system(client.arch)
    netboot["osie"] = {
        "baseURL": f"http://{ADDRESS}:7080/images",
        "kernel": kernel,
        "initrd": initrd,
        "kernelParams": [f"console={CONSOLES[client.arch]}", f"lab.report={report_url}"],
    }
    return {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": NAME, "namespace": "default"},
        "spec": {"interfaces": [{"dhcp": dhcp, "netboot": netboot}]},
    }
