# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What two interfaces or two objects can't both have: MAC, address, host name, and namespace with name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .mac import parse_mac
from .manifest import Document
from .model import DEFAULT_NAMESPACE, ipv4, text_at
from .names import is_hostname
from .problem import Problem, printable, shown


@dataclass(frozen=True, slots=True)
class _Claim:
    """A value that only one object may have: ``value`` is for comparing, ``text`` as written at ``path``."""

    kind: str
    value: str
    text: str
    path: str
    document: Document

    @property
    def key(self) -> str:
        meta = (text_at(self.document.value, "metadata", name) for name in ("namespace", "name"))
        return printable("/".join(part for part in meta if part))


def clashes(documents: Iterable[Document]) -> Iterator[Problem]:
    """Yield a problem for each place that claims what an earlier one has; both places are named."""
    first: dict[tuple[str, str], _Claim] = {}
    for document in documents:
        for claim in _claims(document):
            other = first.setdefault((claim.kind, claim.value), claim)
            if other is not claim:
                yield _problem(claim, other)


def _problem(claim: _Claim, other: _Claim) -> Problem:
    place = " ".join(part for part in (other.key, other.path) if part)
    origin = other.document
    where = f"{origin.file}:{origin.line}" if origin.file and origin.line else origin.file
    message = f"the same {claim.kind} as {place}{f' ({where})' if where else ''}; each needs its own"
    return claim.document.problem(printable(message), object=claim.key, path=claim.path, value=shown(claim.text))


def _claims(document: Document) -> Iterator[_Claim]:
    value = document.value
    name = text_at(value, "metadata", "name")
    if name:
        namespace = text_at(value, "metadata", "namespace") or DEFAULT_NAMESPACE
        yield _Claim("namespace and name", f"{namespace}/{name}", name, "metadata.name", document)
    for place, item in enumerate(_interfaces(value)):
        path = f"spec.interfaces[{place}].dhcp"
        mac = parse_mac(text_at(item, "dhcp", "mac").strip())
        if mac:
            yield _Claim("MAC address", mac, text_at(item, "dhcp", "mac"), f"{path}.mac", document)
        address = ipv4(text_at(item, "dhcp", "ip", "address"))
        if address:
            yield _Claim("IP address", address, address, f"{path}.ip.address", document)
        hostname = text_at(item, "dhcp", "hostname")
        if is_hostname(hostname):
            yield _Claim("host name", hostname.lower(), hostname, f"{path}.hostname", document)


def _interfaces(value: Any) -> list[Any]:
    spec = value.get("spec") if isinstance(value, dict) else None
    interfaces = spec.get("interfaces") if isinstance(spec, dict) else None
    return interfaces if isinstance(interfaces, list) else []
