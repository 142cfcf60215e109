# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes plain data as YAML that people like to read: block style, text as it is where that is safe, else in quotes.

It writes the same bytes for the same data on every host, and needs no library where a module runs.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# Text that every YAML reader takes for this very text: it begins with a letter or a slash, so it is no number, date
# or indicator, and has no ": " and no " #" in it.
_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./@=,+()-]|:(?=\S)| (?=[^\s#]))*", re.ASCII)
_WORDS = frozenset("false n no null off on true y yes".split())
# YAML 1.1 section 5.1, less what it takes for line breaks or a byte order mark.
_UNPRINTABLE = re.compile("[^\x09\x0a\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def to_yaml(node: Any) -> str:
    """Return ``node`` as a YAML document; raises TypeError where it holds anything else than YAML's own types."""
    return "\n".join(_block(node, 0)) + "\n"


def _block(node: Any, indent: int) -> Iterator[str]:
    """Yield the lines of ``node``, each indented by ``indent`` spaces."""
    margin = " " * indent
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _entry(f"{margin}{_scalar(key)}:", value, indent)
    elif isinstance(node, list) and node:
        for value in node:
            yield from _item(margin, value, indent)
    else:
        yield margin + _scalar(node)


def _entry(head: str, value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, (dict, list)) and value:
        yield head
        yield from _block(value, indent + 2)
    elif isinstance(value, str) and _is_literal(value):
        yield from _literal(head, value, indent + 2)
    else:
        yield f"{head} {_scalar(value)}"


def _item(margin: str, value: Any, indent: int) -> Iterator[str]:
    """Yield a list's item: a collection begins on the line of its dash."""
    if isinstance(value, (dict, list)) and value:
        first, *rest = _block(value, indent + 2)
        yield f"{margin}- {first[indent + 2 :]}"
        yield from rest
    else:
        yield from _entry(f"{margin}-", value, indent)


def _is_literal(text: str) -> bool:
    """Return whether a block of lines shows ``text`` as it is: several lines, the first of which tells the margin."""
    return "\n" in text.rstrip("\n") and text[0] not in " \t\n" and not _UNPRINTABLE.search(text)


def _literal(head: str, text: str, indent: int) -> Iterator[str]:
    body = text.rstrip("\n")
    newlines = len(text) - len(body)
    yield f"{head} |{('-', '')[newlines] if newlines < 2 else '+'}"
    for line in text.split("\n")[: None if newlines == 0 else -1]:
        yield " " * indent + line if line else ""


def _scalar(node: Any) -> str:
    if node is None:
        return "null"
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, int):
        return str(int(node))
    if isinstance(node, float):
        return _float(node)
    if isinstance(node, str):
        return str(node) if _PLAIN.fullmatch(node) and node.lower() not in _WORDS else _quoted(node)
    if isinstance(node, (dict, list)):
        return "{}" if isinstance(node, dict) else "[]"
    raise TypeError(f"{type(node).__name__} can't be written as YAML")


def _float(number: float) -> str:
    text = repr(float(number))
    if text in ("inf", "-inf", "nan"):
        return text.replace("inf", ".inf").replace("nan", ".nan")
    # YAML 1.1 wants the dot and the exponent's sign, or takes it for text.
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text
    sign = exponent[0] if exponent[0] in "+-" else "+"
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{sign}{exponent.lstrip('+-')}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{_UNPRINTABLE.sub(_escape, escaped)}"'


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
