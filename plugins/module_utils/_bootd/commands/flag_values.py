# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What people type as the values of flags: each function returns what one means, or raises ValueError."""

from __future__ import annotations

import os
from ipaddress import IPv4Address, IPv4Network, ip_network

from ..hardware.names import is_object_name


def store(text: str) -> str:
    """Return the store that ``text`` names: files:DIR, kubernetes or kubernetes:NAMESPACE."""
    kind, colon, rest = text.partition(":")
    if kind == "kubernetes":
        if colon and not is_object_name(rest):
            raise ValueError("no namespace has such a name")
        return text
    if kind != "files" or not colon or not rest:
        raise ValueError("no store of that kind")
    return text


def namespace_or_none(text: str) -> str:
    """Return the namespace ``text``, "" for none."""
    if text and not is_object_name(text):
        raise ValueError("no namespace has such a name")
    return text


def file_or_none(text: str) -> str:
    """Return the path of a file that exists, "" for none."""
    if text and not os.path.isfile(text):
        raise ValueError("no such file")
    return text


def host_address(text: str) -> str:
    """Return the IPv4 address of one host that machines can send to."""
    address = IPv4Address(text)
    if address.is_unspecified or address.is_multicast or text == "255.255.255.255":
        raise ValueError("machines can't send to that")
    return str(address)


def directories(text: str) -> tuple[str, ...]:
    """Return the directories that exist, separated by ":" as in PATH."""
    return tuple(directory(item) for item in text.split(os.pathsep) if item)


def directory_or_none(text: str) -> str:
    """Return the directory that exists, "" for none."""
    return directory(text) if text else ""


def directory(text: str) -> str:
    """Return the directory that exists."""
    if not os.path.isdir(text):
        raise ValueError(f"{text} is not a directory")
    return text


def networks(text: str) -> tuple[str, ...]:
    """Return networks of IPv4 or IPv6 in CIDR form, separated by commas."""
    return tuple(str(ip_network(item.strip())) for item in text.split(",") if item.strip())


def ipv4_networks(text: str) -> tuple[str, ...]:
    """Return networks of IPv4 in CIDR form, separated by commas."""
    return tuple(str(IPv4Network(item.strip())) for item in text.split(",") if item.strip())
