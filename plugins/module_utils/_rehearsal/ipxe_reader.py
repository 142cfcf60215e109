# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an iPXE script as iPXE runs it: the commands that bootd's scripts are made of, and none other. Pure.

A user's own script is followed as far as it has only these. See https://ipxe.org/cmd.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.reading import (
    Leads,
    Reading,
    UnreadableScript,
)

MAGIC = "#!ipxe"
MAX_COMMANDS = 10_000  # that are run, until it is a loop
MAX_LINE = 64 * 1024  # characters of a line whose settings are filled in: a loop could double one again and again
MAX_DIGITS = 20  # of a number that is counted up
_SETTING = re.compile(r"\$\{([^}:]+)(?::[^}]*)?\}")
_PREFIX = "bootd: "
_OPTIONS_WITH_VALUE = ("--name", "--timeout", "--drive")
# Labels of bootd's own scripts.
_STUCK, _HOLD = "stuck", "hold"


def read(script: str, buildarch: str, platform: str) -> Reading:
    """Return what ``script`` leads to in an iPXE built for ``buildarch`` on ``platform``, "efi" or "pcbios".

    Raises UnreadableScript.
    """
    return _Run(script, {"buildarch": buildarch, "platform": platform, "netX/ip": "0.0.0.0"}).to_its_end()


class _Run:
    """One run of a script; ``_ended`` is what it has come to, None before."""

    def __init__(self, script: str, settings: Mapping[str, str]) -> None:
        self._lines = script.splitlines()
        first = self._lines[0].split() if self._lines else []
        if first[:1] != [MAGIC]:
            raise UnreadableScript(f"it does not begin with {MAGIC}")
        self._settings = dict(settings)
        self._labels = {line.strip()[1:]: place for place, line in enumerate(self._lines) if line.startswith(":")}
        self._visited: set[str] = set()
        self._place = 0
        self._says: list[str] = []
        self._kernel, self._arguments, self._initrds = "", "", []
        self._ended: Reading | None = None
        self._commands: Mapping[str, Callable[[list[str]], bool]] = {
            "echo": self._echo,
            "set": self._set,
            "clear": self._nothing,
            "isset": bool,  # whether there are words
            "iseq": lambda words: len(words) == 2 and words[0] == words[1],
            "inc": self._inc,
            "goto": self._goto,
            "dhcp": self._nothing,
            "ifopen": self._nothing,
            "sleep": self._nothing,
            "imgfree": self._nothing,
            "imgfetch": self._nothing,
            "kernel": self._load_kernel,
            "initrd": self._load_initrd,
            "chain": self._chain,
            "boot": self._boot,
            "sanboot": self._disk,
            "exit": self._disk,
            "reboot": self._stuck,
        }

    def to_its_end(self) -> Reading:
        for _unused in range(MAX_COMMANDS):
            if self._ended is not None:
                return self._ended
            if self._place >= len(self._lines):
                return self._at(Leads.DISK)  # iPXE goes back to firmware
            line = self._lines[self._place].strip()
            self._place += 1
            if line and not line.startswith(("#", ":")) and not self._run(line):
                raise UnreadableScript(f"it ends at line {self._place} by an error: {line[:80]}")
            if line.startswith(":"):
                self._visited.add(line[1:])
        raise UnreadableScript("it comes to no end")

    def _run(self, line: str) -> bool:
        """Run the commands of one line, which && and || join; return whether the last that ran was well."""
        command: list[str] = []
        well, runs = True, True
        for word in [*line.split(), "&&"]:
            if word not in ("&&", "||"):
                command.append(word)
                continue
            if runs:
                well = self._command(command)
                if self._ended is not None:
                    return True
            command, runs = [], well is (word == "&&")
        return well

    def _command(self, words: list[str]) -> bool:
        expanded = [text for word in words if (text := _SETTING.sub(self._value, word))]
        if sum(map(len, expanded)) > MAX_LINE:
            raise UnreadableScript(f"line {self._place}: with its settings it has more than {MAX_LINE} characters")
        if not expanded:
            return True  # an empty command is well
        name, *rest = expanded
        if name not in self._commands:
            raise UnreadableScript(f"line {self._place}: the command {name[:40]} is not followed here")
        return self._commands[name](rest)

    def _value(self, found: re.Match[str]) -> str:
        return self._settings.get(found[1], "")

    def _at(self, leads: Leads, url: str = "") -> Reading:
        if leads is Leads.CHAIN and _STUCK in self._visited:
            leads = Leads.STUCK
        if leads is Leads.CHAIN and _HOLD in self._visited:
            leads = Leads.WAIT
        return Reading(leads, tuple(self._says), self._kernel, self._arguments, tuple(self._initrds), url)

    def _nothing(self, _words: list[str]) -> bool:
        return True

    def _echo(self, words: list[str]) -> bool:
        self._says.append(" ".join(words).removeprefix(_PREFIX))
        return True

    def _set(self, words: list[str]) -> bool:
        if words:
            self._settings[words[0].partition(":")[0]] = " ".join(words[1:])
        return True

    def _inc(self, words: list[str]) -> bool:
        if not words:
            return False
        name, by = words[0], words[1] if len(words) > 1 else "1"
        number = self._settings.get(name, "0")
        if not all(text.isdecimal() and len(text) <= MAX_DIGITS for text in (number, by)):
            return False
        self._settings[name] = str(int(number) + int(by))
        return True

    def _goto(self, words: list[str]) -> bool:
        if words[:1] == [] or words[0] not in self._labels:
            return False
        self._place = self._labels[words[0]]
        return True

    def _load_kernel(self, words: list[str]) -> bool:
        self._kernel, rest = _first(words)
        self._arguments = " ".join(rest)
        return bool(self._kernel)

    def _load_initrd(self, words: list[str]) -> bool:
        url, _rest = _first(words)
        self._initrds.append(url)
        return bool(url)

    def _chain(self, words: list[str]) -> bool:
        url, _rest = _first(words)
        self._ended = self._at(Leads.CHAIN, url)
        return True

    def _boot(self, words: list[str]) -> bool:
        if words and not self._kernel:
            self._kernel, rest = _first(words)
            self._arguments = " ".join(rest)
        self._ended = self._at(Leads.KERNEL if self._kernel else Leads.STUCK)
        return True

    def _disk(self, _words: list[str]) -> bool:
        self._ended = self._at(Leads.DISK)
        return True

    def _stuck(self, _words: list[str]) -> bool:
        self._ended = self._at(Leads.STUCK)
        return True


def _first(words: list[str]) -> tuple[str, list[str]]:
    """Return the first of ``words`` that is no option, "" for none, and those behind it."""
    place = 0
    while place < len(words) and words[place].startswith("--"):
        place += 2 if words[place] in _OPTIONS_WITH_VALUE else 1
    return (words[place], words[place + 1 :]) if place < len(words) else ("", [])
