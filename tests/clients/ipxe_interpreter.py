# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small interpreter of iPXE scripts: enough of iPXE's own rules to say what a script does when things go wrong.

Words are split at white space and a command ends at ``&&``, ``||`` or ``;``, before settings are expanded; a line whose
last command fails ends the script.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_STEPS = 5000
_SETTING = re.compile(r"\$\{([^${}]*)\}")


@dataclass
class Run:
    """What a script did: every command executed, seconds slept, and how it ended."""

    commands: list[list[str]] = field(default_factory=list)
    echoed: list[str] = field(default_factory=list)
    slept: list[int] = field(default_factory=list)
    images: list[str] = field(default_factory=list)  # held when the run ended
    end: str = ""

    def urls(self, *verbs: str) -> list[str]:
        """The URLs that ``verbs`` asked for, in order."""
        return [word for line in self.commands if line[0] in verbs for word in line if "://" in word.split("=")[0]]


class _Ended(Exception):
    """The script is over; the argument says how."""


class Interpreter:
    """Runs scripts on a machine of ``platform`` where ``fails(command)`` says which commands fail."""

    def __init__(
        self,
        platform: str = "efi",
        fails: Callable[[list[str]], bool] = lambda _unused: False,
        buildarch: str = "x86_64",
    ) -> None:
        self._settings = {"platform": platform, "errno": "", "buildarch": buildarch}
        self._fails = fails
        self._run = Run()
        self._lines: list[str] = []
        self._next = 0
        self._jumped = False

    def run(self, script: str) -> Run:
        """Execute ``script`` to its end."""
        if not script.startswith("#!ipxe\n"):
            raise ValueError("not a script")
        self._lines = script.split("\n")
        try:
            self._steps()
        except _Ended as ended:
            self._run.end = str(ended)
        return self._run

    def _steps(self) -> None:
        for _unused in range(MAX_STEPS):
            if self._next >= len(self._lines):
                raise _Ended("fell off the end")
            line = self._lines[self._next].removesuffix("\r")
            if line.endswith("\\"):
                raise ValueError("continued line")
            self._next += 1
            if self._system(line.partition(" ")[2] if line.startswith(":") else line):
                raise _Ended(f"failed: {line}")
        raise _Ended("still running")

    def _system(self, line: str) -> int:
        self._jumped, status, process = False, 0, True
        for command, terminator in split(line):
            if process:
                status = self._execute([self._expand(word) for word in command])
            if self._jumped:
                break
            process = {"&&": status == 0, "||": status != 0}.get(terminator, True)
        return status

    def _expand(self, word: str) -> str:
        while match := _SETTING.search(word):
            value = self._settings.get(match[1].partition(":")[0], "")
            word = word[: match.start()] + value + word[match.end() :]
        return word

    def _execute(self, words: list[str]) -> int:
        if not words:
            return 0
        self._run.commands.append(words)
        status = 1 if self._fails(words) else getattr(self, f"_{words[0]}")(words[1:]) or 0
        if status:
            self._settings["errno"] = "0x2d0c613b"
        return status

    def _echo(self, words: list[str]) -> None:
        self._run.echoed.append(" ".join(words))

    def _set(self, words: list[str]) -> None:
        self._settings[words[0].partition(":")[0]] = " ".join(words[1:])

    def _inc(self, words: list[str]) -> None:
        self._settings[words[0]] = str(int(self._settings[words[0]]) + int([*words, "1"][1]))

    def _iseq(self, words: list[str]) -> int:
        return int(words[0] != words[1])

    def _isset(self, words: list[str]) -> int:
        return int(not words[0])

    def _sleep(self, words: list[str]) -> None:
        self._run.slept.append(int(words[0]))

    def _goto(self, words: list[str]) -> None:
        labels = [line.split()[0] if line.startswith(":") else "" for line in self._lines]
        self._next, self._jumped = labels.index(f":{words[0]}"), True

    def _imgfetch(self, words: list[str]) -> None:
        name = words[words.index("--name") + 1] if "--name" in words else words[0].rpartition("/")[2]
        self._run.images.append(name)

    _initrd = _imgfetch

    def _kernel(self, words: list[str]) -> None:
        self._run.images.append(words[0].rpartition("/")[2])

    def _imgfree(self, words: list[str]) -> int:
        if not words:
            self._run.images.clear()
        elif words[0] in self._run.images:
            self._run.images.remove(words[0])
        else:
            return 1
        return 0

    def _chain(self, words: list[str]) -> None:
        raise _Ended(f"chain {words[-1]}")

    def _boot(self, _words: list[str]) -> None:
        raise _Ended("boot")

    def _sanboot(self, words: list[str]) -> None:
        raise _Ended(" ".join(["sanboot", *words]))

    def _exit(self, words: list[str]) -> None:
        raise _Ended(" ".join(["exit", *words]))

    def _reboot(self, _words: list[str]) -> None:
        raise _Ended("reboot")


def split(line: str) -> list[tuple[list[str], str]]:
    """The commands of a line, each with the terminator after it, "" at the end of the line."""
    commands: list[tuple[list[str], str]] = []
    current: list[str] = []
    for word in line.split():
        if word.startswith("#"):
            break
        if word in ("&&", "||", ";"):
            commands.append((current, word))
            current = []
        else:
            current.append(word)
    return [*commands, (current, "")]
