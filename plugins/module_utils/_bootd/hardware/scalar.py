# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What an unquoted YAML scalar means: YAML 1.1 as Kubernetes reads it.

Two differences to PyYAML's safe loader, both as in Kubernetes: numbers of base 60 are text, for ``12:34:56:12:34:56``
is a MAC address, and dates are text, for a manifest becomes JSON.
"""

from __future__ import annotations

import re

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_INT = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?"
    r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN)",
    re.ASCII,
)
MAX_NUMBER = 64  # characters; what is longer is no number that a field could hold


def resolve(text: str) -> str | int | float | bool | None:
    """Return the value that the plain scalar ``text`` stands for."""
    if text in _WORDS:
        return _WORDS[text]
    return number(text) if text[0] in _NUMBER_STARTS else text


def number(text: str) -> str | int | float:
    """Return ``text`` as a number, or itself where it is none."""
    # Most of what begins with a digit in a manifest is a MAC or IP address.
    if ":" in text or text.count(".") > 1 or len(text) > MAX_NUMBER:
        return text
    if _INT.fullmatch(text):
        found = _integer(text.replace("_", ""))
        return text if found is None else found
    if _FLOAT.fullmatch(text):
        plain = text.replace("_", "").lower()
        return float(plain.replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _integer(text: str) -> int | None:
    digits = text.lstrip("+-")
    base = {"0b": 2, "0x": 16}.get(digits[:2], 8 if len(digits) > 1 and digits[0] == "0" else 10)
    try:
        value = int(digits.removeprefix("0b").removeprefix("0x"), base)
    except ValueError:  # it had nothing but underscores where digits should be
        return None
    return -value if text[0] == "-" else value
