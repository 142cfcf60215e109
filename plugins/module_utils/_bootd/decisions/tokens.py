# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Tokens: what makes the URLs that an installer reports to, and gets its configuration from, unguessable.

A token is HMAC-SHA256 (RFC 2104) over the machine, the number of its finished installations and that of its attempt,
keyed with a secret that never leaves the state directory. So it needs no table, survives a restart, and dies with the
attempt it belongs to.

``bootd report-url`` hands out tokens before the first boot, for configurations that are kept elsewhere. Nobody writes
those anew for each attempt, so these tokens hold until an installation has succeeded. Nothing that bootd sends to
machines has one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterable

from ..hardware.mac import dashed
from ..hardware.model import Machine, boot_interface
from .stages import State

SECRET_BYTES = 32
MAX_KEY_BYTES = 4096
MIN_KEY_VALUES = 8  # different bytes in a key: 32 random ones have about 30, hexadecimal digits up to 16
OUTCOMES = ("started", "succeeded", "failed")
REPORT_PREFIX = "/phone-home"
CONFIGURATION_PREFIX = "/configuration"
HIDDEN = "..."  # in the place of a token, for who is not to know it
_REPORT, _CONFIGURATION = "report", "configuration"


def is_weak(key: bytes) -> bool:
    """Return whether ``key`` can't be random: zeros, or the same few bytes again and again."""
    return len(set(key)) < MIN_KEY_VALUES


def token(secret: bytes, key: str, installs: int, attempt: int | None = None) -> str:
    """Return the 43-character token of machine ``key`` for the installation after ``installs`` finished ones.

    Without ``attempt`` it holds in each attempt at that installation.
    """
    return _token(_REPORT, secret, key, installs, attempt)


def matches(secret: bytes, key: str, installs: int, attempt: int, candidate: str) -> bool:
    """Return whether ``candidate`` is either token, in a time that does not depend on where they differ."""
    own = _is_same(token(secret, key, installs, attempt), candidate)
    return _is_same(token(secret, key, installs), candidate) or own


def configuration_token(secret: bytes, key: str, installs: int, attempt: int) -> str:
    """Return the token by which machine ``key`` gets its configuration: one that no report can be made with."""
    return _token(_CONFIGURATION, secret, key, installs, attempt)


def opens_configuration(secret: bytes, key: str, installs: int, attempt: int, candidate: str) -> bool:
    """Return whether ``candidate`` is that token, as ``matches`` does."""
    return _is_same(configuration_token(secret, key, installs, attempt), candidate)


def configuration_url(http_base: str, mac: str, value: str) -> str:
    """Return the URL of a machine's configuration."""
    return f"{http_base}{CONFIGURATION_PREFIX}/{dashed(mac)}/{value}"


def _token(purpose: str, secret: bytes, key: str, installs: int, attempt: int | None) -> str:
    numbers = [str(number) for number in (installs, attempt) if number is not None]
    digest = hmac.new(secret, "\0".join([purpose, key, *numbers]).encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _is_same(value: str, candidate: str) -> bool:
    return hmac.compare_digest(value.encode(), candidate.encode("utf-8", "surrogatepass"))


def report_url(http_base: str, mac: str, value: str) -> str:
    """Return the URL to which ``/started``, ``/succeeded`` or ``/failed`` is appended."""
    return f"{http_base}{REPORT_PREFIX}/{dashed(mac)}/{value}"


def report_urls(
    machines: Iterable[Machine], state_of: Callable[[str], State], secret: bytes, http_base: str
) -> dict[str, str]:
    """Return the URL prefix of each of ``machines`` that has an interface, by name; it holds until a success.

    Where several namespaces have a machine of one name, those go by ``namespace/name``.
    """
    machines = list(machines)
    named = Counter(machine.name for machine in machines)
    return {
        machine.name if named[machine.name] == 1 else machine.key: report_url(
            http_base, interface.mac, token(secret, machine.key, state_of(machine.key).installs)
        )
        for machine in machines
        if (interface := boot_interface(machine)) is not None
    }
