# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The steps of a boot: a client asks bootd's own functions, reads each answer as it would on the wire, and goes on.

Nothing here knows what bootd would answer: DHCP, TFTP and HTTP are asked by the calls that their servers make.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urlsplit

from ..decisions.boot import (
    FIRMWARE_PATH,
    SCRIPT_NAME,
    Asked,
    BootContext,
    Program,
    Refusal,
    Script,
    Wait,
    Wants,
    refuse_script,
)
from ..decisions.boot import decide as decide_boot
from ..decisions.boot_chains import ChainLink, ProgramKind, link_of
from ..decisions.events import Via
from ..decisions.modes import OFF, PROXIES, RESERVATION, Modes
from ..dhcp import options as opt
from ..dhcp.decide import DHCP_DISABLED, NO_RESERVATION, Answer, Silence
from ..dhcp.packet import NO_ADDRESS, Packet
from ..dhcp.proxy import LEASE_ONLY, NOT_A_BOOT_CLIENT, NOT_HERE, decide_in_mode, is_to_boot
from ..dhcp.reply import context_from
from ..grub.words import Files
from ..hardware.mac import dashed, parse_mac
from ..hardware.model import Nic
from ..installers.kernel_boot import KernelBoot
from ..process.served_files import open_inside
from ..process.settings import Settings
from ..runtime.boot_programs import has_http
from ..stores.catalog import Catalog
from ..tftp.decide import Refuse, ServeScript
from ..tftp.decide import decide as decide_tftp
from ..tftp.packet import Request
from .clients import FIRMWARE, IPXE, NONE, Client

MAX_PROGRAMS = 3  # that load each other, until it is a loop
OPERATING_SYSTEM = "operating system"
DISCOVER, PROXY_REQUEST = "DHCPDISCOVER", "DHCPREQUEST to port 4011"
EXAMPLE_CLIENT = "192.0.2.2"  # of nobody (RFC 5737), where the object does not say which address the machine has
_SILENCES = {
    NOT_A_BOOT_CLIENT: "another DHCP server gives it its address",
    NOT_HERE: "DHCP is off here: another server gives it its address, and says what to load",
    NO_RESERVATION: "the object has no address that a machine can have, and the mode is reservation",
    LEASE_ONLY: "it boots its disk, and by local-boot lease bootd says nothing of that: another server gives the lease",
}
_DISABLED = "disableDhcp is true and allowPXE is not, so bootd leaves it to the other server"
_DISABLED_IN_RESERVATION = (
    "disableDhcp of the object is true, and the mode is reservation: in proxy it would be told what to boot"
)
GRUB_CONFIGURATION = "grub/grub.cfg"  # as distributions' signed images ask for it


class ScriptOf(Protocol):
    """Gives what a machine is to boot, decided and as the text for ``program``, which for GRUB depends on ``via``."""

    def __call__(self, nic: Nic, program: Program, /, via: Via = "tftp") -> tuple[Script | Wait, str]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a client and its answer; or, where ``asks`` is "", that it does not come to ask.

    ``gets`` is what it is given, by name. ``refused`` is why bootd gives it nothing, ``missing`` why it can't, and
    ``because`` why it gives what it does.
    """

    client: str
    asks: str
    gets: Mapping[str, str | int] = field(default_factory=dict)
    refused: str = ""
    missing: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a DHCP reply has the client load, "" for nothing; ``netboot``: whether the machine may at all.

    ``asks_again``: the client asks port 4011 before it loads anything.
    """

    file: str = ""
    server: str = ""
    netboot: bool = False
    asks_again: bool = False


def mode_of(nic: Nic, settings: Settings) -> str:
    """Return the DHCP mode that the machine of ``nic`` meets, by ``settings.interface`` and its own address."""
    return Modes.of(settings).of_request("", settings.interface, reserved=nic.interface.address)


def silence_for_people(silence: Silence, nic: Nic, mode: str) -> str:
    """Return why the machine of ``nic`` gets no reply in ``mode``, in words where there are some."""
    if silence.reason == DHCP_DISABLED:
        return _DISABLED_IN_RESERVATION if mode == RESERVATION and is_to_boot(nic.interface) else _DISABLED
    return silence.wrong or _SILENCES.get(silence.reason, silence.reason)


def boot_steps(nic: Nic, client: Client, catalog: Catalog, settings: Settings, script_of: ScriptOf) -> Iterator[Step]:
    """Yield what happens when the machine of ``nic`` starts with ``client``, down to its operating system.

    ``script_of`` gives its scripts.
    """
    boot = _Boot(nic, catalog, settings, script_of, mode_of(nic, settings))
    yield from boot.of(client, client.describe(), MAX_PROGRAMS)
    if client.kind != NONE:
        yield boot.lease(Client(NONE, client.arch), OPERATING_SYSTEM)[0]


@dataclass(frozen=True, slots=True)
class _Boot:
    _nic: Nic
    _catalog: Catalog
    _settings: Settings
    _script_of: ScriptOf
    _mode: str

    def of(self, client: Client, name: str, left: int, *, loaded: bool = False) -> Iterator[Step]:
        """Yield the steps of ``client``, called ``name``, and of the ``left`` programs that may follow.

        ``loaded``: it is what the machine was told to load before.
        """
        told = yield from self._by_dhcp(client, name, loaded=loaded)
        if told is None:
            return
        name = name.partition(",")[0]
        if not told.file:
            if told.netboot:
                yield Step("iPXE", "", refused=f"not reached, since this {name} is given nothing to load")
            elif client.kind == FIRMWARE:
                yield from self.of(Client(IPXE, client.arch), "iPXE, if the network card carries it", left - 1)
            return
        if elsewhere := self._elsewhere(told):
            yield Step(name, "", refused=f"loads {elsewhere}, and what comes then is not up to bootd")
            return
        load = self._load(told.file, name)
        yield load
        link = link_of(told.file)
        if link.kind is not ProgramKind.IPXE and not load.refused:
            yield from self._chain(client, link, load, left)
        elif "script" not in load.gets:
            yield from self._ipxe(client, load, left)

    def _ipxe(self, client: Client, load: Step, left: int) -> Iterator[Step]:
        """Yield the steps of the iPXE that ``load`` has asked for, or that is there already."""
        if following := _following(client, load):
            if left > 1:
                yield from self.of(Client(IPXE, client.arch), following, left - 1, loaded=not load.refused)
            else:
                yield Step(following, "", refused="not followed: it is told to load the same again and again")

    def _by_dhcp(self, client: Client, name: str, *, loaded: bool) -> Generator[Step, None, _Told | None]:
        """Yield what ``client`` asks by DHCP; return what it is told to load, None where it is told nothing."""
        step, told = self.lease(client, name, loaded=loaded)
        yield step
        if self._mode == OFF and client.kind == FIRMWARE:
            yield self._by_http(f"{self._settings.http_base}/{dashed(self._nic.interface.mac)}/{SCRIPT_NAME}", "iPXE")
        if told.asks_again:
            step, told = self._ask_proxy(client, name.partition(",")[0])
            yield step
        return None if client.kind == NONE or step.refused else told

    def _chain(self, client: Client, link: ChainLink, load: Step, left: int) -> Iterator[Step]:
        """Yield what shim or GRUB, the program of ``link`` that ``load`` has asked for, does then."""
        name = f"{link.kind.value}, once that file is there" if load.missing else link.kind.value
        if link.kind is ProgramKind.GRUB:
            yield from self._grub(name, load, "http" if "://" in link.file else "tftp")
            return
        loads = self._load(link.next, name)
        yield loads
        following = link_of(link.next)
        if following.kind is ProgramKind.IPXE or loads.refused:
            yield from self._ipxe(client, loads, left)
        else:
            yield from self._chain(client, following, loads, left)

    def _grub(self, name: str, load: Step, via: Via) -> Iterator[Step]:
        """Yield what a GRUB does that was loaded ``via`` TFTP or HTTP: what it can do, its file tells."""
        path = str(load.gets.get("path", ""))
        without_http = bool(path) and not has_http(path)
        if via == "http" and without_http:
            yield Step(name, "", refused="has no module for HTTP: it asks for nothing, and stays at its prompt")
            return
        script, text = self._script_of(self._nic, Program.GRUB, via=via)
        asks = f"HTTP GET {self._settings.http_base}/" if via == "http" else "TFTP RRQ "
        if self._mode in PROXIES and via == "tftp":
            # https://github.com/rhboot/grub2/pull/87: it reads the lease alone, and no proxy's offer.
            where = f" at its lease's next server, which the other DHCP server has to say is {self._settings.address}"
        else:
            where = ""
        yield Step(name, f"{asks}{GRUB_CONFIGURATION}{where}", {"script": text}, because=script.reason)
        boots = script.boots if isinstance(script, Script) else None
        if without_http and isinstance(boots, KernelBoot):
            files = Files.of(self._nic.interface.mac, via, self._settings)
            if far := files.far([boots.kernel, *(initrd.url for initrd in boots.initrds)]):
                images = f"what is below {self._settings.http_base}/images/ comes by TFTP"
                yield Step(name, "", refused=f"has no module for HTTP, so {far} is out of its reach; {images}")

    def _load(self, file: str, name: str) -> Step:
        """Return the step that asks for ``file``, a URL or a name by TFTP."""
        return self._by_http(file, name) if "://" in file else self._by_tftp(file, name)

    def lease(self, client: Client, name: str, *, loaded: bool = False) -> tuple[Step, _Told]:
        """Return what ``client`` gets by DHCP, and what it reads in the reply."""
        return self._ask(client.discover(self._nic.interface.mac), name, DISCOVER, loaded=loaded)

    def _ask_proxy(self, client: Client, name: str) -> tuple[Step, _Told]:
        """Return what ``client`` gets that asks again, on port 4011, with the address that another server gave it."""
        address = self._nic.interface.address or EXAMPLE_CLIENT
        return self._ask(client.proxy_request(self._nic.interface.mac, address), name, PROXY_REQUEST)

    def _ask(self, request: Packet, name: str, asks: str, *, loaded: bool = False) -> tuple[Step, _Told]:
        context = replace(context_from(self._settings), has_program=loaded)
        answer = decide_in_mode(request, self._nic, context, self._mode, to_proxy_port=asks == PROXY_REQUEST)
        if not isinstance(answer, Answer):
            return Step(name, asks, refused=silence_for_people(answer, self._nic, self._mode)), _Told()
        reply, interface = answer.reply, self._nic.interface
        leases = reply.yiaddr != NO_ADDRESS
        vendor = reply.options.get(opt.VENDOR_CLASS, b"")
        # PXE firmware that reads of no file to load at once, and of no menu, asks the proxy (see dhcp/reply).
        asks_again = (
            not leases
            and asks == DISCOVER
            and vendor == b"PXEClient"
            and opt.VENDOR_SPECIFIC not in reply.options
            and not opt.user_classes(request.options.get(opt.USER_CLASS))
        )
        told = _Told(*_file_and_server(reply), bool(answer.leased and answer.leased.netboot), asks_again)
        gets = {
            "address": reply.yiaddr if leases else "",
            "netmask": interface.netmask if leases else "",
            "gateway": interface.gateway if leases else "",
            "further_options": ", ".join(map(str, interface.extra_options)) if leases else "",
            "server": "" if "://" in told.file else told.server,
            "file": told.file,
        }
        shown = {key: value for key, value in gets.items() if value}
        return Step(name, asks, shown, because=answer.reason), told

    def _elsewhere(self, told: _Told) -> str:
        """Return what ``told`` has the client load from another than bootd, "" where it is bootd's."""
        if "://" in told.file:
            own = filter(None, (self._settings.http_base, self._settings.https_base))
            return "" if any(told.file.startswith(f"{base}/") for base in own) else told.file
        return f"{told.file} from {told.server}" if told.server not in ("", self._settings.address) else ""

    def _by_http(self, url: str, name: str) -> Step:
        asks = f"HTTP GET {url}"
        path = urlsplit(url).path
        if path.rpartition("/")[2] == SCRIPT_NAME:
            if refusal := refuse_script(self._nic):
                return Step(name, asks, refused=f"404: {refusal.reason}")
            script, text = self._script_of(self._nic, Program.IPXE)
            return Step(name, asks, {"script": text}, because=script.reason)
        file = path.removeprefix(f"{FIRMWARE_PATH}/")
        first, _slash, rest = file.partition("/")
        file = rest if parse_mac(first) else file
        asked = Asked(Wants.FILE, Program.HTTP, name=file, who=self._nic.interface.mac)
        decision = decide_boot(self._nic, asked, BootContext.of(self._settings))
        if isinstance(decision, Refusal):
            return Step(name, asks, refused=f"{404 if decision.missing else 403}: {decision.reason}")
        return self._send(name, asks, file)

    def _by_tftp(self, file: str, name: str) -> Step:
        asks = f"TFTP RRQ {file}"
        request = Request(write=False, filename=file, mode="octet", options=())
        source = self._nic.interface.address
        decision = decide_tftp(
            request, source, self._catalog, BootContext.of(self._settings), self._script_by_tftp, _no_text
        )
        if isinstance(decision, Refuse):
            return Step(name, asks, refused=decision.reason)
        if isinstance(decision, ServeScript):
            return Step(name, asks, {"script": decision.content.decode()}, because=decision.script.reason)
        return self._send(name, asks, decision.name)

    def _script_by_tftp(self, nic: Nic, program: Program, _cpu: str, /) -> tuple[Script | Wait, str]:
        """Return the script; which processor asks, whoever explains knows of the client."""
        return self._script_of(nic, program)

    def _send(self, name: str, asks: str, file: str) -> Step:
        """Return the step that gets the boot file ``file``, or says that it is missing."""
        directories = self._settings.boot_files
        for directory in directories:
            try:
                descriptor = open_inside(directory, file)
            except OSError:
                continue
            size = os.fstat(descriptor).st_size
            os.close(descriptor)
            return Step(name, asks, {"file": file, "path": os.path.join(directory, file), "bytes": size})
        if not directories:
            return Step(name, asks, {"file": file})
        return Step(name, asks, missing=f"can't send {file}: it is in none of {', '.join(directories)}")


def _no_text(_script: Script | Wait, _mac: str, _program: Program) -> str:
    """Stand in for the script of an unknown machine, which nobody is told of here."""
    return ""


def _following(client: Client, load: Step) -> str:
    """Return what comes after ``client`` has asked for a program, "" for nothing."""
    if load.missing:
        return "iPXE, once that file is there"
    if load.refused:
        return "iPXE, if the network card carries it" if client.kind == FIRMWARE else ""
    return "iPXE"


def _file_and_server(reply: Packet) -> tuple[str, str]:
    """Return what ``reply`` has its client load, as one reads it: the header first, then options 67 and 66."""
    file = opt.text(reply.file) or opt.text(reply.options.get(opt.BOOT_FILE_NAME))
    named = opt.text(reply.options.get(opt.TFTP_SERVER_NAME))
    return file, named if reply.siaddr == NO_ADDRESS else reply.siaddr
