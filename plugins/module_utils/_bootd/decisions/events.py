# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Events: one thing seen of a machine, as the servers report it to the journal.

What was seen is the event's detail, one small class for each kind. ``stages.advance`` says what each means for the
machine's stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import ClassVar, Literal, TypeAlias, get_args

Via = Literal["tftp", "http"]

MAX_TEXT = 256  # characters that are told of one event
_NOT_SHOWN = (
    *(("loaded", "size"), ("loaded", "via"), ("netboot", "macs"), ("netboot", "reprovision")),
    *((kind, field) for kind in ("discover", "lease") for field in ("netboot", "arch")),
)


@dataclass(frozen=True, slots=True)
class Leased:
    """What a machine was offered or given by DHCP, and who asked for it."""

    client: str  # "firmware", "ipxe" or "os"
    netboot: bool  # whether the machine may boot from the network
    firmware: str = ""  # "uefi" or "bios", "" where the client does not say
    arch: int | None = None  # option 93
    filename: str = ""  # what it was told to boot, "" for nothing


@dataclass(frozen=True, slots=True)
class Discover(Leased):
    """A DHCPDISCOVER was answered with an offer."""

    kind: ClassVar[str] = "discover"


@dataclass(frozen=True, slots=True)
class Lease(Leased):
    """A DHCPREQUEST was acknowledged."""

    kind: ClassVar[str] = "lease"


@dataclass(frozen=True, slots=True)
class Refused:
    """A DHCPNAK was sent for ``address``."""

    kind: ClassVar[str] = "refused"
    reason: str
    address: str


@dataclass(frozen=True, slots=True)
class Decline:
    """The client found its address in use."""

    kind: ClassVar[str] = "decline"
    address: str


@dataclass(frozen=True, slots=True)
class Release:
    """The client gave its address back."""

    kind: ClassVar[str] = "release"
    address: str


@dataclass(frozen=True, slots=True)
class BootFile:
    """A network boot program was sent whole."""

    kind: ClassVar[str] = "boot_file"
    name: str
    via: Via
    bytes: int


@dataclass(frozen=True, slots=True)
class Script:
    """An iPXE script, or a GRUB configuration, that boots something from the network was served."""

    kind: ClassVar[str] = "script"
    boot: str  # what it boots, as "netboot.osie"
    via: Via
    bytes: int | None = None  # None where its place was taken before it was sent


@dataclass(frozen=True, slots=True)
class Facts:
    """iPXE or GRUB told what the machine is: ``values`` by name, as "product"."""

    kind: ClassVar[str] = "facts"
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The machine has loaded a URL, with its last octet; ``role`` is one of ``ipxe.artifacts.role_of`` or "boot"."""

    kind: ClassVar[str] = "loaded"
    url: str
    role: str
    bytes: int | None = None  # sent by bootd, None where the machine only says that it has it
    size: int = 0  # of the whole file, 0 where it is not known
    via: Via = "http"  # by which bootd has sent it


@dataclass(frozen=True, slots=True)
class Progress:
    """How much bootd has sent of what a machine is loading, one of ``stages.LOADS``."""

    kind: ClassVar[str] = "progress"
    what: str
    bytes: int
    size: int  # 0 where it is not known

    @property
    def percent(self) -> int | None:
        """Return how much of it that is, rounded down; None where the size is not known."""
        return min(100, 100 * self.bytes // self.size) if self.size else None

    def __str__(self) -> str:
        return f"{self.what} {self.percent} %" if self.size else f"{self.what} {self.bytes} bytes"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The installer was given its configuration, to the last octet."""

    kind: ClassVar[str] = "configuration"
    bytes: int


@dataclass(frozen=True, slots=True)
class ConfigurationLeak:
    """Somebody else asked for the machine's configuration, and knew its URL, after the machine had fetched it."""

    kind: ClassVar[str] = "configuration_leak"
    address: str


@dataclass(frozen=True, slots=True)
class BootError:
    """iPXE or GRUB could not go on; ``link`` is the page that explains iPXE's error."""

    kind: ClassVar[str] = "boot_error"
    message: str
    url: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class PhoneHome:
    """A report by source address, without a token: kept and shown, never trusted."""

    kind: ClassVar[str] = "phone_home"
    type: str  # as in Boots: "phone-home", "failure", ...
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """An installer's report with the machine's token."""

    kind: ClassVar[str] = "report"
    outcome: str  # "started", "succeeded" or "failed"
    reason: str = ""
    reprovision: str = ""  # the object's annotation as it was when the report came


@dataclass(frozen=True, slots=True)
class LocalBoot:
    """The machine was told to boot its disk."""

    kind: ClassVar[str] = "local_boot"
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """The machine asked for its script and has to wait in iPXE."""

    kind: ClassVar[str] = "held"
    waits_for: str  # for people


@dataclass(frozen=True, slots=True)
class Overdue:
    """Nothing came for longer than the machine's stage may take."""

    kind: ClassVar[str] = "overdue"
    reason: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The installed machine answers."""

    kind: ClassVar[str] = "ready"
    where: str


@dataclass(frozen=True, slots=True)
class NetbootSwitched:
    """Somebody at the address ``by`` switched netboot: "off" on the interfaces ``macs``, or back "on" on all.

    ``reprovision`` is the object's annotation at that moment.
    """

    kind: ClassVar[str] = "netboot"
    netboot: Literal["on", "off"]
    by: str
    macs: tuple[str, ...] = ()
    reprovision: str = ""


@dataclass(frozen=True, slots=True)
class Retried:
    """Somebody at the address ``by`` asked for another try of what has failed."""

    kind: ClassVar[str] = "retry"
    by: str


Detail: TypeAlias = (
    Discover
    | Lease
    | Refused
    | Decline
    | Release
    | BootFile
    | Script
    | Facts
    | Loaded
    | Progress
    | Configuration
    | ConfigurationLeak
    | BootError
    | PhoneHome
    | Report
    | LocalBoot
    | Held
    | Overdue
    | Ready
    | NetbootSwitched
    | Retried
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing seen of the machine ``key`` through its interface ``mac`` at ``at`` (seconds since the epoch).

    ``began`` is when the first of several in a row was seen, of which only the last is remembered; 0.0 for one alone.
    """

    key: str
    mac: str
    at: float
    detail: Detail
    began: float = 0.0

    @property
    def kind(self) -> str:
        """Return the kind of event, as it stands in the API and for people."""
        return self.detail.kind

    def is_about_the_same(self, other: Event) -> bool:
        """Return whether ``other`` tells of what this one does, as of the same file on its way."""
        return self.kind == other.kind and subject_of(self.detail) == subject_of(other.detail)


def subject_of(detail: Detail) -> str:
    """Return what a transfer or a wait is of, "" for all else."""
    match detail:
        case Progress(what):
            return what
        case Held(waits_for):
            return waits_for
    return ""


_SHOWN = {
    kind: tuple(item.name for item in fields(kind) if (kind.kind, item.name) not in _NOT_SHOWN)
    for kind in get_args(Detail)
}


def describe(event: Event) -> str:
    """Return one line that says what ``event`` is, for people who ask where a machine stands."""
    detail = event.detail
    if isinstance(detail, Progress):
        return f"sending {detail}"
    if isinstance(detail, Held):
        return f"waits for {detail.waits_for}"[:MAX_TEXT]
    if isinstance(detail, Facts):
        return _in_words(detail, detail.values.values())
    return _script_in_words(detail) if isinstance(detail, Script) else _in_words(detail, _shown(detail))


@lru_cache(maxsize=1024)  # many machines are given the same, at the same time
def _script_in_words(script: Script) -> str:
    return _in_words(script, _shown(script))


def _shown(detail: Detail) -> Iterable[object]:
    return [getattr(detail, name) for name in _SHOWN[type(detail)]]


def _in_words(detail: Detail, shown: Iterable[object]) -> str:
    words = [str(value) for value in shown if value not in ("", None)]
    return " ".join([detail.kind.replace("_", " "), *words])[:MAX_TEXT]
