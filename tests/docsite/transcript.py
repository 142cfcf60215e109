# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page of the documentation has its reader write and type, and what it says comes of it.

A block of `console` has commands, after `$ `, each with what it prints. A block that begins with the comment `# NAME`
is the file NAME. A line `*Not run by the tests: WHY.*` before a block of `console` takes it out, and so does
`*Run by a test of its own: HOW.*`. In what is printed
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
_NOT_RUN = re.compile(r"\*(?P<alone>Run by a test of its own|Not run by the tests): (?P<why>[^*]+)\.\*\n+\Z")
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

    ``not_run`` says why it is not run with the others, else "", and ``alone`` whether a test of its own runs it.
    """

    command: str
    prints: str
    not_run: str = ""
    alone: bool = False


def steps(page: Path) -> list[Written | Typed]:
    """Return what the page has its reader do, in order."""
    return list(_steps(page.read_text(encoding="utf-8")))


def _steps(text: str) -> Iterator[Written | Typed]:
    for block in _BLOCK.finditer(text):
        named = _FILE.match(block["text"])
        if block["language"] == _CONSOLE:
            left_out = _NOT_RUN.search(text, 0, block.start())
            alone = left_out is not None and left_out["alone"].startswith("Run")
            yield from _typed(block["text"], left_out["why"] if left_out else "", alone)
        elif named:
            yield Written(named["name"], block["text"])


def _typed(text: str, not_run: str, alone: bool) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        end = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\\n"))
        yield Typed("".join(lines[:end]).rstrip("\n"), "".join(lines[end:]), not_run, alone)


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
