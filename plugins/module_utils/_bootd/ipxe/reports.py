# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a machine in iPXE tells bootd: the queries that scripts make, and the reader of them.

iPXE as distributions ship it can't post, so everything goes as ``GET /phone-home?mac=...&event=...``. Its answer is
never waited for long and never decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from ..decisions.events import BootError, Facts, Loaded
from ..process.masking import MAX_TEXT, clean
from .artifacts import plain

MAX_FIELDS = 64
ERROR_LINK = "https://ipxe.org/"

# Fact -> the iPXE setting it comes from. Free text of the firmware is percent-encoded by iPXE.
FACTS = {
    "uuid": "uuid",
    "manufacturer": "manufacturer:uristring",
    "product": "product:uristring",
    "serial": "serial:uristring",
    "platform": "platform",
    "buildarch": "buildarch",
    "version": "version:uristring",
    "nic": "netX/chip:uristring",
}
_ROLES = ("kernel", "initrd", "script", "boot")
_FAILURES = {
    "kernel": "the kernel could not be loaded",
    "initrd": "the initrd could not be loaded",
    "script": "the script could not be loaded",
    "boot": "the kernel did not start",
}


def facts_query() -> str:
    """Return the part of the query, after the MAC, that tells the machine's facts."""
    return "&".join(["event=facts", *(f"{name}=${{{setting}}}" for name, setting in FACTS.items())])


def loaded_query(role: str, url: str) -> str:
    """Return the part of the query, after the MAC, that tells that ``url`` was loaded."""
    return f"event=loaded&role={role}&url={_quoted(plain(url))}"


def failed_query(role: str, url: str) -> str:
    """Return the part of the query, after the MAC, that tells that ``url`` failed with the error in ``${error}``."""
    return f"event=error&role={role}&errno=${{error}}&url={_quoted(plain(url))}"


def refused_query(message: str) -> str:
    """Return the part of the query, after the MAC, that tells why there is nothing to boot."""
    return f"event=error&role=script&message={_quoted(message)}"


def read_fields(text: str) -> dict[str, str]:
    """Return the fields of a query or a form, of a repeated one the last, as printable text without secrets.

    Raises ValueError where there are more than MAX_FIELDS.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise ValueError(f"more than {MAX_FIELDS} fields") from None
    return {clean(name): clean(value) for name, value in pairs}


def read_report(query: Mapping[str, str]) -> Facts | Loaded | BootError | None:
    """Return what ``query`` reports, or None where it is none of the queries above. Never raises."""
    event = query.get("event", "")
    if event == "facts":
        return Facts({name: query[name][:MAX_TEXT] for name in FACTS if query.get(name)})
    role, url = query.get("role", ""), query.get("url", "")[:MAX_TEXT]
    if role not in _ROLES:
        return None
    if event == "loaded":
        return Loaded(url, role)
    if event == "error":
        message = query.get("message", "")[:MAX_TEXT] or _FAILURES[role]
        return BootError(message, url, error_link(query.get("errno", "")))
    return None


def error_link(errno: str) -> str:
    """Return the page that explains iPXE's error number ``errno``, as ``0x2d0c613b``, or "" where it is none."""
    digits = errno.lower().removeprefix("0x")
    if not 1 <= len(digits) <= 8 or set(digits) - set("0123456789abcdef"):
        return ""
    return f"{ERROR_LINK}{digits:0>8}"


def _quoted(value: str) -> str:
    return quote(value, safe=":/,")
