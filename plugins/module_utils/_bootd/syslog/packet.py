# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""syslog messages: RFC 5424, RFC 3164 (BSD syslog) and what iPXE sends, which is the latter without a time stamp.

RFC 3164 describes what was seen in the field rather than what must be sent, so reading it is guessing with rules, and
any bytes are a message of some kind: what has no header is all text (RFC 3164 section 4.3.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_SIZE = 8192  # bytes of a datagram that is read: four times what RFC 5424 section 6.1 asks a receiver to take
MAX_PRI = 191
DEFAULT_PRI = 13  # user.notice, for messages without PRI (RFC 3164 section 4.3.3)
MAX_WORD = 128  # characters of a host or application name

FACILITIES = ("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp") + (
    "ntp",
    "audit",
    "alert",
    "clock",
    *(f"local{number}" for number in range(8)),
)
SEVERITIES = ("EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG")

_PRI = re.compile(r"<(0|[1-9][0-9]{0,2})>", re.ASCII)
_HEADER_5424 = re.compile(r"1 (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?=[-\[])")
_STRUCTURED_DATA = re.compile(r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)(?: |$)', re.DOTALL)
_STAMP = re.compile(
    r"(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"  # Oct 11 22:14:15
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}\S{0,16}) ",  # what rsyslog sends by default
    re.ASCII,
)
_TAG = re.compile(r"([^\s:\[\]]{1,128})(?:\[([^\s\]]{0,128})\])?:(?: |$)")
_HOST = re.compile(r"([^\s:\[\]]{1,255}) ")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_NIL = "-"


class SyslogError(ValueError):
    """A datagram that is no message; ``reason`` is a short fixed word, fit for a counter's label."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Names are empty where the sender gives none; the text is one line of printable characters."""

    facility: int
    severity: int
    hostname: str
    app_name: str
    process: str
    text: str

    @property
    def facility_name(self) -> str:
        """Return the facility's name, as ``kern``."""
        return FACILITIES[self.facility]

    @property
    def severity_name(self) -> str:
        """Return the severity's name, as ``INFO``."""
        return SEVERITIES[self.severity]


def parse(data: bytes) -> Message:
    """Return the message in one UDP payload; SyslogError ``empty`` or ``too_big``, and nothing else, is raised."""
    if len(data) > MAX_SIZE:
        raise SyslogError("too_big")
    text = data.decode("utf-8", "replace").rstrip("\0\r\n ")
    if not text:
        raise SyslogError("empty")
    pri = DEFAULT_PRI
    found = _PRI.match(text)
    if found and int(found[1]) <= MAX_PRI:
        pri, text = int(found[1]), text[found.end() :]
    host, app, process, text = _parse_5424(text) or _parse_3164(text)
    return Message(pri >> 3, pri & 7, _word(host), _word(app), _word(process), _printable(text))


def _parse_5424(text: str) -> tuple[str, str, str, str] | None:
    header = _HEADER_5424.match(text)
    if header is None:
        return None
    data = _STRUCTURED_DATA.match(text, header.end())
    if data is None:
        return None
    host, app, process = (("" if word == _NIL else word) for word in header.group(2, 3, 4))
    return host, app, process, text[data.end() :].removeprefix("\ufeff")


def _parse_3164(text: str) -> tuple[str, str, str, str]:
    stamp = _STAMP.match(text)
    start = stamp.end() if stamp else 0
    tag = _TAG.match(text, start)
    if tag:
        return "", tag[1], tag[2] or "", text[tag.end() :]
    host = _HOST.match(text, start)
    tag = _TAG.match(text, host.end()) if host else None
    if host and tag:
        return host[1], tag[1], tag[2] or "", text[tag.end() :]
    # Without a tag only a time stamp makes the next word a host name.
    if host and stamp:
        return host[1], "", "", text[host.end() :]
    return "", "", "", text[start:]


def _word(text: str) -> str:
    return _printable(text)[:MAX_WORD]


def _printable(text: str) -> str:
    text = text.strip()
    if text.isprintable():
        return text
    text = _TERMINAL.sub("", text).replace("\b", "").replace("\r", "").replace("\t", " ")
    if not text.isprintable():
        text = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    return text.strip()
