# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's script as it comes: read, held against what the inventory wants, and each file in it looked at.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.boot import (
    Program,
    Script,
    Unusable,
    Wait,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.events import Via
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.tokens import CONFIGURATION_PREFIX
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.grub.words import IMAGES
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.ipxe.artifacts import plain, role_of
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.http import HttpProblem
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.tftp import TftpProblem
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal import (
    grub_reader,
    intent,
    ipxe_reader,
    steps,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.file_kinds import initrd_kind, kernel_kind
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.intent import Bootd, Intended
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.reading import (
    Leads,
    Reading,
    UnreadableScript,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.steps import Step
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.wire import Wire

_URL = re.compile(r"https?://[^\s\"']+")
_OWN_PATHS = (f"{CONFIGURATION_PREFIX}/", "/phone-home", "/2009-04-04", "/metadata")  # of bootd, which are no files
_IMAGE_REMEDY = "put it where netboot_image_url says, or have that, netboot_kernel or netboot_initrd name what is there"
_ISO_REMEDY = "put it there, as the role image_server does, or name another place with harvester_iso_url"
_CONFIGURATION = "configuration"
_CONFIGURATION_REMEDY = (
    "put it there, for provision in provision_before_rehearsal, or name another place with netboot_config_url"
)
_OWN_ARGUMENT = "other"  # as role_of says: what its URL is, only the installer knows that is given it


@dataclass(frozen=True, slots=True)
class Asks:
    """How ``program``, which runs on ``cpu`` as it calls it, asks ``via`` TFTP or HTTP for its script at ``url``.

    ``again`` is where it asks once more where the script is for another processor. ``can_http``: it loads from URLs.
    """

    program: Program
    via: Via
    url: str
    again: str
    cpu: str
    can_http: bool

    @property
    def step(self) -> str:
        """The name of the step that asks."""
        return f"{self.via.upper()} {_last(self.url)}"


def follow(
    machine: Intended, asks: Asks, bootd: Bootd, wire: Wire, checksums: Mapping[str, str]
) -> tuple[list[Step], str]:
    """Return the steps from the script on, and what it leads to: steps.BOOTS, WAITS or DISK, "" for nothing."""
    try:
        text, seconds = _text(asks.url, wire)
        octets, reading = len(text), _read(text, asks, machine)
        if reading.leads is Leads.CHAIN and _asks_again(reading, bootd, machine):
            text, more = _text(asks.again, wire)
            octets, seconds, reading = octets + len(text), seconds + more, _read(text, asks, machine)
    except (HttpProblem, TftpProblem) as error:
        return [_error(asks.step, str(error), "the machine's script", steps.WRITE_OBJECTS, steps.NODE)], ""
    except UnreadableScript as error:
        return _unreadable(machine, asks, bootd, str(error))
    got = Step(asks.step, steps.OK, _shown(reading), seconds, octets)
    if reading.leads is Leads.DISK:
        return _disk(machine, asks, got)
    if reading.leads is Leads.STUCK:
        said = ", ".join(item for item in reading.says[1:] if item) or reading.reason
        return [
            _error(
                asks.step,
                said,
                "something to boot",
                "change what that names in the inventory, and have the object written anew: run provision",
                steps.INVENTORY,
            )
        ], ""
    if reading.leads is Leads.CHAIN:
        return _chain(machine, asks, bootd, wire, reading, got)
    found = [got]
    waits = reading.leads is Leads.WAIT
    # Who waits is told no kernel yet: what the object makes of it is what comes then.
    wanted = intent.script_of(machine, asks.program, bootd, _configuration_url(reading.arguments, bootd))
    if not waits:
        found += _differences(machine, asks, bootd, reading, wanted)
    elif (boots := intent.kernel_of(wanted)) is not None:
        names = intent.names_of(machine, boots, asks.program, asks.via, bootd)
        urls = [grub_reader.url_of(name) for name in names]
        arguments = intent.command_line(boots, asks.program)
        reading = Reading(Leads.WAIT, reading.says, urls[0], arguments, tuple(urls[1:]))
    found += _files(machine, asks, bootd, wire, reading, checksums)
    found += _configuration(machine, bootd, wire, reading, checksums, waits=waits)
    return found, steps.WAITS if waits else steps.BOOTS


def _text(url: str, wire: Wire) -> tuple[str, float]:
    if url.startswith("tftp://"):
        server, _slash, name = url.removeprefix("tftp://").partition("/")
        came = wire.by_tftp(server, name)
        return came.content.decode("utf-8", "replace"), came.seconds
    answer = wire.text(url)
    return answer.body.decode("utf-8", "replace"), answer.seconds


def _read(text: str, asks: Asks, machine: Intended) -> Reading:
    if asks.program is Program.GRUB:
        return grub_reader.read(text, asks.cpu, "efi" if machine.is_uefi else "pc")
    return ipxe_reader.read(text, asks.cpu, "efi" if machine.is_uefi else "pcbios")


def _asks_again(reading: Reading, bootd: Bootd, machine: Intended) -> bool:
    """Return whether the script is for another processor, and leads to the machine's own one."""
    return not reading.url or reading.url.startswith(f"{bootd.http_base}/{machine.path}/")


def _shown(reading: Reading) -> str:
    more = f": {reading.reason}" if reading.reason else ""
    return f"leads to {reading.leads.value}{more}"


def _unreadable(machine: Intended, asks: Asks, bootd: Bootd, why: str) -> tuple[list[Step], str]:
    own = intent.own_script(intent.script_of(machine, asks.program, bootd, ""))
    if own:
        return [
            Step(asks.step, steps.NOTE, f"a script of your own ({own}), not followed to its end: {why}")
        ], steps.BOOTS
    return [_error(asks.step, why, "a script of bootd", "see whose file that is", steps.NODE)], ""


def _disk(machine: Intended, asks: Asks, got: Step) -> tuple[list[Step], str]:
    if machine.boots and not machine.is_installed:
        remedy = f"{steps.WRITE_OBJECTS}; or set netboot_allow_pxe: false in the inventory"
        what = f"it starts its disk: {got.what.partition(': ')[2]}"
        return [_error(asks.step, what, "it boots from the network", remedy, steps.INVENTORY)], ""
    verdict = steps.NOTE if machine.boots else steps.OK
    return [Step(got.name, verdict, got.what, got.seconds, got.octets)], steps.DISK


def _chain(
    machine: Intended, asks: Asks, bootd: Bootd, wire: Wire, reading: Reading, got: Step
) -> tuple[list[Step], str]:
    """Look whether the script of somebody else's is there; it is not followed."""
    own = intent.own_script(intent.script_of(machine, asks.program, bootd, ""))
    if own != reading.url:
        return [
            _error(
                asks.step, f"chains to {reading.url}", own or "bootd's own script", steps.WRITE_OBJECTS, steps.INVENTORY
            )
        ], ""
    step = f"HTTP {_last(reading.url)}"
    try:
        answer = wire.text(reading.url)
    except HttpProblem as error:
        missing = _error(
            step,
            f"{reading.url}: {error}",
            "a script",
            "put it there, or write another URL into netboot_ipxe",
            steps.INVENTORY,
        )
        found = _not_had(missing, reading.url, error, bootd)
        return [got, found], "" if found is missing else steps.BOOTS
    note = Step(step, steps.NOTE, "a script of your own, not followed", answer.seconds, len(answer.body))
    return [got, note], steps.BOOTS


def _differences(
    machine: Intended, asks: Asks, bootd: Bootd, reading: Reading, wanted: Script | Wait
) -> Iterator[Step]:
    """Yield an error for each thing in which the script differs from what the inventory's object makes of it."""
    boots = intent.kernel_of(wanted)
    if boots is None:
        made = wanted.boots if isinstance(wanted, Script) else None
        if not intent.own_script(wanted):
            expected = made.problem if isinstance(made, Unusable) else wanted.reason
            yield _error(asks.step, f"boots {reading.kernel}", expected, steps.WRITE_OBJECTS, steps.INVENTORY)
        return
    names = intent.names_of(machine, boots, asks.program, asks.via, bootd)
    kernel, *initrds = (grub_reader.url_of(name) for name in names)
    for what, expected, came in (
        ("kernel", kernel, reading.kernel),
        ("initrd", " ".join(initrds) or "none", " ".join(reading.initrds) or "none"),
    ):
        if expected != came:
            told = f"{expected}, as the inventory has it"
            yield _error(asks.step, f"the {what} is {came}", told, steps.WRITE_OBJECTS, steps.INVENTORY)
    wants, has = intent.command_line(boots, asks.program).split(), reading.arguments.split()
    missing, more = [word for word in wants if word not in has], [word for word in has if word not in wants]
    if missing or more or wants != has:
        # Names only: a kernel argument may be a password.
        lacks = f"lacks {_names(missing)}" if missing else ""
        brings = f"has {_names(more)} besides" if more else ""
        what = " and ".join(filter(None, (lacks, brings))) or "has them in another order"
        yield _error(
            asks.step,
            f"the kernel's command line {what}",
            "that of the inventory's object",
            steps.WRITE_OBJECTS,
            steps.INVENTORY,
        )


def _files(
    machine: Intended, asks: Asks, bootd: Bootd, wire: Wire, reading: Reading, checksums: Mapping[str, str]
) -> Iterator[Step]:
    """Yield a step for the kernel, each initrd, and each file that the kernel's arguments name."""
    further = [url for url in _URL.findall(reading.arguments) if not _is_own(url, bootd)]
    files = [("kernel", reading.kernel), *(("initrd", url) for url in reading.initrds)]
    configuration = intent.named_configuration(machine, reading.arguments)
    files += [(_CONFIGURATION if url == configuration else role_of(url), url) for url in dict.fromkeys(further)]
    for role, url in files:
        if not url:
            continue
        step = f"{role} {_last(url)}"
        if asks.program is Program.GRUB and not asks.can_http and role in ("kernel", "initrd") and "http" in url[:5]:
            yield _error(
                step,
                f"this GRUB has no module for HTTP, and {url} is out of its reach by TFTP",
                f"a file below {bootd.http_base}/images/",
                "serve it by bootd itself (netboot_image_url), or name a GRUB with HTTP",
                steps.INVENTORY,
            )
            continue
        yield _file(machine, step, role, url, wire, bootd, _checksum(url, checksums))


def _file(machine: Intended, step: str, role: str, url: str, wire: Wire, bootd: Bootd, checksum: str) -> Step:
    """Return the step of one file, which is read whole where it has a ``checksum``."""
    algorithm, _colon, digest = checksum.partition(":")
    try:
        image, first = wire.image(url, _by_http(url, bootd, machine), algorithm)
    except (HttpProblem, TftpProblem) as error:
        if role == _OWN_ARGUMENT and error.answered:
            return Step(step, steps.NOTE, f"{_told(url)}: {error}; only the installer knows what it loads from there")
        expected = {"kernel": "a kernel", "initrd": "an initrd"}.get(role, "a file")
        remedy = {_CONFIGURATION: _CONFIGURATION_REMEDY, "iso": _ISO_REMEDY}.get(role, _IMAGE_REMEDY)
        missing = _error(step, f"{_told(url)}: {error}", expected, remedy, _keeper(url, bootd))
        return _not_had(missing, url, error, bootd)
    seconds, octets = (image.seconds, image.octets) if first else (0.0, 0)
    what = ""
    if role in ("kernel", "initrd"):
        is_kernel = role == "kernel"
        kind = kernel_kind(image.first, machine.cpu, uefi=machine.is_uefi) if is_kernel else initrd_kind(image.first)
        if kind.wrong:
            return _error(step, f"{url}: {kind.wrong}", f"a {role} for the machine", _IMAGE_REMEDY, steps.NODE, seconds)
        what = kind.what
    if digest and image.digest != digest.lower():
        return _error(
            step,
            f"{url} has the {algorithm} {image.digest}",
            digest.lower(),
            "fetch it anew, it is not what was published; or write the checksum of this one into checksums",
            steps.NODE,
            seconds,
        )
    told = [
        what,
        f"{image.size} octets" if image.size is not None else "",
        f"{algorithm} as it has to be" if digest else "",
    ]
    return Step(step, steps.OK, ", ".join(filter(None, told)), seconds, octets)


def _not_had(missing: Step, url: str, error: HttpProblem | TftpProblem, bootd: Bootd) -> Step:
    """Return the error ``missing``, or a note where the server is not bootd's and has not been reached at all.

    A machine resolves names by the servers of its lease and has routes of its own, so that it may reach it. What a
    server answers it answers machines, too.
    """
    if error.answered or not _is_elsewhere(url, bootd):
        return missing
    return Step(missing.name, steps.NOTE, f"not seen from here: {missing.what}", unseen=_server(url))


def _is_elsewhere(url: str, bootd: Bootd) -> bool:
    return _server(url).partition(":")[0] != bootd.address


def _keeper(url: str, bootd: Bootd) -> str:
    """Return who can put a file into its place."""
    return steps.NETWORK if _is_elsewhere(url, bootd) else steps.NODE


def _configuration(
    machine: Intended, bootd: Bootd, wire: Wire, reading: Reading, checksums: Mapping[str, str], *, waits: bool
) -> Iterator[Step]:
    """Yield what bootd says of the installer's configuration, which itself is for nobody but the machine."""
    url = f"{bootd.http_base}/api/v1/machines/{machine.nic.machine.key}/explain?client={machine.kind}"
    remedy = "have it written by the role configuration or the module boot_configuration"
    needs = intent.needs_configuration(machine, reading.arguments)
    try:
        told = wire.document(url).get("configuration")
    except HttpProblem as error:
        yield Step("configuration", steps.NOTE, f"bootd does not say whether it has one: {error}")
        told = None
    known = told if isinstance(told, Mapping) else {}
    for problem in known.get("problems", []):
        yield _error("configuration", str(problem), "one that can be used", remedy, steps.INVENTORY)
    if known.get("present") or known.get("made"):
        kept = "bootd has it" if known.get("present") else "bootd makes it"
        yield Step("configuration", steps.OK, f"{kept}; its machine alone is given it")
        for url in map(str, known.get("loads", [])):
            yield from _image(machine, url, wire, bootd, checksums)
    elif needs and not waits:
        what = "there is none, and the kernel's arguments name none"
        yield _error("configuration", what, "one for the installer", remedy, steps.INVENTORY)
    elif needs and known:
        yield _error("configuration", "there is none", "one for the installer", remedy, steps.INVENTORY)


def _image(machine: Intended, url: str, wire: Wire, bootd: Bootd, checksums: Mapping[str, str]) -> Iterator[Step]:
    """Yield the steps of an image that the configuration has the installer load: to its last octet, and whole only
    where ``checksums`` has it, for it may be gigabytes; and of the list of checksums that a release has beside it.
    """
    yield _file(machine, f"{role_of(url)} {_last(url)}", role_of(url), url, wire, bootd, _checksum(url, checksums))
    beside = intent.checksums_beside(machine, url)
    if not beside:
        return
    step = f"checksums {_last(beside)}"
    try:
        image, first = wire.image(beside)
    except (HttpProblem, TftpProblem) as error:
        yield Step(step, steps.NOTE, f"{_told(beside)}: {error}; nobody can compare the ISO")
        return
    seconds, octets = (image.seconds, image.octets) if first else (0.0, 0)
    names = image.first.decode("utf-8", "replace").split()
    has = _last(url) in names or f"*{_last(url)}" in names
    told = f"it has {_last(url)}" if has else f"it has no {_last(url)}: it is another release's"
    yield Step(step, steps.OK if has else steps.NOTE, told, seconds, octets)


def _configuration_url(arguments: str, bootd: Bootd) -> str:
    """Return where the script has the installer get its configuration from bootd, "" for nowhere."""
    start = f"{bootd.http_base}{CONFIGURATION_PREFIX}/"
    return next((url for url in _URL.findall(arguments) if url.startswith(start)), "")


def _is_own(url: str, bootd: Bootd) -> bool:
    return any(url.startswith(f"{bootd.http_base}{path}") for path in _OWN_PATHS)


def _by_http(url: str, bootd: Bootd, machine: Intended) -> str:
    """Return where ``url`` is by HTTP: of bootd's images by TFTP, the same file."""
    own = f"tftp://{bootd.address}/{machine.path}/{IMAGES}/"
    return f"{bootd.http_base}/{IMAGES}/{url.removeprefix(own)}" if url.startswith(own) else url


def _checksum(url: str, checksums: Mapping[str, str]) -> str:
    return checksums.get(url) or checksums.get(_last(url), "")


def _names(words: list[str]) -> str:
    return ", ".join(dict.fromkeys(word.partition("=")[0] for word in words))


def _told(url: str) -> str:
    """Return ``url`` without what may be secret in it."""
    shown = plain(url)
    return shown.replace(_authority(shown), _server(shown), 1)


def _server(url: str) -> str:
    """Return the host, and the port where there is one, of ``url``."""
    return _authority(url).rpartition("@")[2]


def _authority(url: str) -> str:
    # Not urlsplit, which raises ValueError at what a stranger may have written, such as "http://[".
    return re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]


def _last(url: str) -> str:
    return re.split("[?#]", url, maxsplit=1)[0].rpartition("/")[2] or url


def _error(name: str, what: str, expected: str, remedy: str, who: str, seconds: float = 0.0) -> Step:
    return Step(name, steps.ERROR, what, seconds, 0, expected, remedy, who)
