# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which DHCP mode a request meets: one for all, or another for an interface or a subnet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from ..process.settings import DHCP_MODES, Settings

# "reservation": machines of the store get their address and what to boot, nobody else gets anything.
# "proxy": they get what to boot, and their address from another server. "auto-proxy": so do unknown machines.
# "off": nobody is answered, on 67 or 4011.
RESERVATION, PROXY, AUTO_PROXY, OFF = DHCP_MODES
PROXIES = (PROXY, AUTO_PROXY)


@dataclass(frozen=True, slots=True)
class Modes:
    """``default`` is the mode where neither ``interfaces`` nor ``networks`` (the longest prefix first) has another."""

    default: str = RESERVATION
    interfaces: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[tuple[IPv4Network, str], ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Modes:
        """Return the modes that ``settings`` describe; ValueError where one of them is none."""
        return cls.by_scope(settings.dhcp_mode, settings.dhcp_modes)

    @classmethod
    def by_scope(cls, default: str, modes: Mapping[str, str]) -> Modes:
        """Return ``default`` and the ``modes`` by interface or subnet; ValueError where one of these is none."""
        scopes = list(modes.items())
        networks = [(IPv4Network(scope), mode) for scope, mode in scopes if is_network(scope)]
        networks.sort(key=lambda item: item[0].prefixlen, reverse=True)
        interfaces = {scope: mode for scope, mode in scopes if not is_network(scope)}
        return cls(default, interfaces, tuple(networks))

    @property
    def is_one(self) -> bool:
        """Return whether there is one mode for all."""
        return not self.interfaces and not self.networks

    @property
    def used(self) -> frozenset[str]:
        """Return every mode that some request may meet."""
        return frozenset((self.default, *self.interfaces.values(), *(mode for _network, mode in self.networks)))

    def of_request(self, relay: str, interface: str, own: Iterable[IPv4Network] = (), reserved: str = "") -> str:
        """Return the mode of a DHCP message that was heard on ``interface``, whose networks are ``own``.

        ``relay`` is an address of the client's network as a relay names it: link selection (RFC 3527), else giaddr; ""
        without a relay; on port 4011, the address that asks. ``reserved`` is the address of the client's reservation,
        "" where it has none. A relay's network counts first, then the interface, then, of the interface's networks, the
        one that the relay or else the reservation is in, or else the first that has a mode; then the reservation's. A
        relay in one of ``own`` is on the link, as its clients are: ``of_address`` tells the same of them.
        """
        own = tuple(own)
        on_link = not relay or _is_in(relay, own)
        if not on_link and (found := self._of_network(relay)):
            return found
        if found := self.interfaces.get(interface, ""):
            return found
        if not self.networks:
            return self.default
        if on_link:
            where = relay or (reserved if _is_in(reserved, own) else "")
            if where:
                return self._of_network(where) or self.default
            for network in own:
                if found := self._of_network(str(network.network_address + (network.prefixlen < 31))):
                    return found
        return (reserved and self._of_network(reserved)) or self.default

    def of_address(self, address: str, interface: str) -> str:
        """Return the mode of the network of ``address``, which is on ``interface``, "" where it is on no link.

        For whoever asks by TFTP or HTTP. On a link the interface comes first, as in ``of_request``. Behind a router
        only a subnet tells: that a DHCP message of the same machine came by some interface is not known any more.
        """
        return self.interfaces.get(interface, "") or self._of_network(address) or self.default

    def _of_network(self, address: str) -> str:
        if not self.networks:
            return ""
        wanted = IPv4Address(address)
        return next((mode for network, mode in self.networks if wanted in network), "")


def _is_in(address: str, networks: Iterable[IPv4Network]) -> bool:
    return bool(address) and any(IPv4Address(address) in network for network in networks)


def is_network(scope: str) -> bool:
    """Return whether ``scope`` of ``settings.dhcp_modes`` is a subnet, or else the name of an interface."""
    return "/" in scope


def checked_modes(modes: Mapping[str, object]) -> dict[str, str]:
    """Return the mode by interface or subnet of ``modes``, as YAML has them: False is off without its quotes.

    Raises ValueError as ``parse_modes`` does.
    """
    return parse_modes(",".join(f"{scope}={OFF if mode is False else mode}" for scope, mode in modes.items()))


def parse_modes(text: str) -> dict[str, str]:
    """Return the mode by interface or subnet that ``text`` writes down, as "eth1=off,10.20.0.0/24=proxy".

    Raises ValueError that tells every entry that is none, with "; " between them.
    """
    found: dict[str, str] = {}
    wrong = []
    for item in filter(None, map(str.strip, text.split(","))):
        scope, _equals, mode = (part.strip() for part in item.partition("="))
        problem = _problem(scope, mode)
        if not problem and scope in found:
            problem = "is given twice"
        if problem:
            wrong.append(f"{item!r} {problem}")
        found[scope] = mode
    if wrong:
        raise ValueError("; ".join(wrong))
    return found


def _problem(scope: str, mode: str) -> str:
    if mode not in DHCP_MODES:
        shape = "have" if scope and mode else "be INTERFACE=MODE or SUBNET=MODE with"
        return f"should {shape} a mode of {', '.join(DHCP_MODES)}"
    if not is_network(scope):
        # Linux's IFNAMSIZ, and dev_valid_name() of its net/core/dev.c.
        valid = 0 < len(scope) < 16 and scope not in (".", "..") and scope.isprintable() and not set(scope) & set(": ")
        return "" if valid else "does not begin with the name of an interface or a subnet such as 10.20.0.0/24"
    try:
        IPv4Network(scope)
    except ValueError as error:
        return f"does not begin with a subnet such as 10.20.0.0/24: {error}"
    return ""
