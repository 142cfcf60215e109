# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page of the documentation has its reader write and type, and what it says comes of it.

A block of `console` has commands, after `$ `, each with what it prints. A block that begins with the comment `# NAME`
is the file NAME. A line `*Run by a test of its own: HOW.*` before a block of `console` takes it out. In what is printed
`...` stands for anything, and numbers of seconds, or of minutes and seconds, for any, as no boot takes as long as
another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<language>\S*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (?P<name>[a-z0-9_./-]+\.(?:ya?ml|cfg|conf|ipxe|txt))\n")
_ALONE = re.compile(r"\*Run by a test of its own: (?P<how>[^*]+)\.\*\n+\Z")
_SECONDS = re.compile(r"-?\b(?:\d+ min )?\d+(?:\.\d+)?(?= ?s\b)")
_CONSOLE = "console"


@dataclass(frozen=True)
class Written:
    """A file that the reader writes."""

    name: str
    text: str


@dataclass(frozen=True)
class Typed:
    """A command line, of one or more lines, and what it prints.

    ``alone`` says how a test of its own runs it, "" where it is run with the others of its page.
    """

    command: str
    prints: str
    alone: str = ""


def steps(page: Path) -> list[Written | Typed]:
    """Return what the page has its reader do, in order."""
    return list(_steps(page.read_text(encoding="utf-8")))


def _steps(text: str) -> Iterator[Written | Typed]:
    for block in _BLOCK.finditer(text):
        named = _FILE.match(block["text"])
        if block["language"] == _CONSOLE:
            alone = _ALONE.search(text, 0, block.start())
            yield from _typed(block["text"], alone["how"] if alone else "")
        elif named:
            yield Written(named["name"], block["text"])


def _typed(text: str, alone: str) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        end = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\\n"))
        yield Typed("".join(lines[:end]).rstrip("\n"), "".join(lines[end:]), alone)


def difference(said: str, printed: str, names: Mapping[str, str] | None = None) -> str:
    """Return how a page's text differs from what was ``printed``, "" where it does not.

    ``names`` are parts of what was printed, paths as a rule, and what stands for them on the page.
    """
    for name, stands in (names or {}).items():
        printed = printed.replace(name, stands)
    # What is left out may be nothing, at the beginning and between two lines.
    wanted = re.sub(r"\s*\.\.\.\s*", "...", _SECONDS.sub("N", said))
    if OutputChecker().check_output(wanted, _SECONDS.sub("N", printed), ELLIPSIS | NORMALIZE_WHITESPACE):
        return ""
    return f"the page says:\n{said}\nprinted was:\n{printed}"
