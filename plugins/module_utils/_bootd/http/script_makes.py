# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Scripts that all machines of one make share, so that a machine's first script is made without a decision.

Most machines of a site differ in their MAC, their address, their names and the URL of their configuration, and in
nothing else that a script is made of. So the script of one that does not exist, whose values stand nowhere else, is a
pattern: that of another has its own values in their places. What a pattern gives is compared with what is decided for
the first machines, and one that was wrong is never used. As ``dhcp.makes`` does with answers.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import fields, replace
from operator import attrgetter, itemgetter
from typing import Any

from ..decisions import events
from ..decisions.boot import Script, Wait, kind_of
from ..hardware.mac import dashed
from ..hardware.model import Interface, Machine, Nic
from ..installers.kernel_boot import KernelBoot
from .scripts import Question

MAX_MAKES = 512
PROOFS = 2  # machines for which a pattern has to give what is decided, before it is used

# Decides and writes the script of a machine by its configuration's URL.
Write = Callable[[Nic, str], tuple["Script | Wait", bytes]]

# Longer than a machine's own may be, so that what has a limit in a script keeps it with those, too.
_MAX_NAME, _MAX_URL = 48, 256
_SERIAL, _ADDRESS = ":f1:9d:5b", "192.168.199.199"
_NAME, _HOST_NAME, _URL = (
    start.ljust(length, "x")
    for start, length in (("stand-in-name-", _MAX_NAME), ("stand-in-host-", _MAX_NAME), ("http://stand-in/", _MAX_URL))
)
_PLAIN_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.ASCII)

# All but what is the machine's own; of ``metadata`` see below.
_of_interface = attrgetter(
    *(item.name for item in fields(Interface) if item.name not in ("mac", "address", "hostname"))
)
_of_machine = attrgetter(
    *(
        item.name
        for item in fields(Machine)
        if item.name not in ("name", "interfaces", "metadata", "user_data", "created", "source")
    )
)
_INSTANCE, _OWN_OF_INSTANCE = "instance", ("hostname", "id")  # of Tinkerbell's objects, which nothing here reads


def make_of(nic: Nic, asked: Question, configuration_url: str) -> Hashable:
    """Return all that a script depends on but for the machine's own values; None where those are out of the common."""
    machine, interface = nic.machine, nic.interface
    name, hostname = machine.name, interface.hostname
    if len(name) > _MAX_NAME or len(configuration_url) > _MAX_URL or not _PLAIN_NAME.fullmatch(name):
        return None
    # Mostly it is the machine's name.
    if hostname and hostname != name and (len(hostname) > _MAX_NAME or not _PLAIN_NAME.fullmatch(hostname)):
        return None
    cards = machine.interfaces
    return (
        interface.mac[:8],
        not interface.address,
        not hostname,
        not configuration_url,
        asked[1:],  # all but whose script it is
        _of_interface(interface),
        tuple([_of_interface(item) for item in cards if item is not interface]) if len(cards) > 1 else (),
        _of_machine(machine),
        _as_octets(_shared(machine.metadata)),
    )


def _shared(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what of ``metadata`` machines of one make have in common."""
    instance = metadata.get(_INSTANCE)
    if not isinstance(instance, dict) or instance.keys().isdisjoint(_OWN_OF_INSTANCE):
        return metadata
    return {**metadata, _INSTANCE: {name: instance[name] for name in instance if name not in _OWN_OF_INSTANCE}}


def _as_octets(metadata: Any) -> bytes:
    """Return octets that are the same only for the same values, of the same types."""
    try:
        return marshal.dumps(metadata, 2)  # the last version in which they do not depend on who else holds a value
    except ValueError:
        return repr(metadata).encode("utf-8", "surrogatepass")


class Make:
    """The scripts of one make."""

    __slots__ = ("_compared", "_event", "_pattern", "_useless", "_values", "decided", "is_proven", "kind")

    def __init__(self, mac: str) -> None:
        self._compared = {mac}  # the first one, and those for which the pattern gave what was decided
        self._pattern: list[str] = []  # every other one is a value's
        self._values: Callable[[tuple[str, ...]], Iterable[str]] = tuple  # gives those, of what ``_own`` returns
        self._useless = False
        self.is_proven = False  # whether its scripts can be told without a decision
        self.kind, self.decided = "", ""  # of each Script, and as ``kind_of`` has it
        self._event = events.Script("", "http")  # of the last one

    def learn(self, nic: Nic, configuration_url: str, write: Write, script: Script | Wait, octets: bytes) -> None:
        """Note what was decided for ``nic``, the ``script``, and written, ``octets``.

        Where each machine is of a make of its own nothing is gained, so the first one costs nothing. One that asks
        again proves nothing more: what else is its own may stand in the pattern that was drawn of it.
        """
        if self._useless or nic.interface.mac in self._compared:
            return
        if not isinstance(script, Script) or not isinstance(script.boots, KernelBoot):
            self._useless = True
            return
        if not self._pattern:
            self._draw(nic, configuration_url, write)
        self._compared.add(nic.interface.mac)
        self._useless = self._useless or script.kind != self.kind or self.filled(nic, configuration_url) != octets
        self.is_proven = not self._useless and len(self._compared) > PROOFS

    def _draw(self, nic: Nic, configuration_url: str, write: Write) -> None:
        """Make the pattern, of a machine of this make that does not exist."""
        url = _URL if configuration_url else ""
        other = _stand_in(nic)
        script, octets = write(other, url)
        self._useless = not isinstance(script, Script) or not isinstance(script.boots, KernelBoot)
        self.kind, self.decided = script.kind, kind_of(script)
        own = _own(other, url)
        values = "|".join(map(re.escape, filter(None, own)))
        parts = re.split(f"({values})", octets.decode())
        self._pattern = parts
        places = [own.index(value) for value in parts[1::2]]
        # Of one place alone an itemgetter gives no tuple.
        self._values = itemgetter(*places) if len(places) > 1 else lambda own: [own[place] for place in places]

    def event(self, size: int) -> events.Script:
        """Return what is recorded of a machine that is given its script, of ``size`` octets: most are as long."""
        if self._event.bytes != size:
            self._event = events.Script(self.kind, "http", size)
        return self._event

    def filled(self, nic: Nic, configuration_url: str) -> bytes:
        """Return the script of ``nic``."""
        parts = self._pattern.copy()  # joined, they take a quarter of the time of a text with a %s for each value
        parts[1::2] = self._values(_own(nic, configuration_url))
        return "".join(parts).encode("utf-8", "replace")


def _own(nic: Nic, configuration_url: str) -> tuple[str, ...]:
    """Return a machine's own values, as they stand in a script."""
    interface = nic.interface
    mac = interface.mac
    return configuration_url, nic.machine.name, interface.hostname, interface.address, mac, dashed(mac)


def _stand_in(nic: Nic) -> Nic:
    """Return a machine of the make of ``nic``, whose own values stand in no object."""
    interface = replace(
        nic.interface,
        mac=f"{nic.interface.mac[:8]}{_SERIAL}",
        address=nic.interface.address and _ADDRESS,
        hostname=nic.interface.hostname and _HOST_NAME,
    )
    interfaces = tuple(interface if item is nic.interface else item for item in nic.machine.interfaces)
    return Nic(replace(nic.machine, name=_NAME, interfaces=interfaces), interface)


class ScriptMakes:
    """The makes of machines that have asked, MAX_MAKES at most. For one thread."""

    def __init__(self) -> None:
        self._makes: dict[Hashable, Make] = {}

    def of(self, nic: Nic, asked: Question, configuration_url: str) -> Make | None:
        """Return the make of ``nic``, None where it is of none."""
        key = make_of(nic, asked, configuration_url)
        if key is None:
            return None
        make = self._makes.get(key)
        if make is None:
            if len(self._makes) >= MAX_MAKES:
                self._makes.clear()
            make = self._makes[key] = Make(nic.interface.mac)
        return make
