# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Plain values to YAML as people like to read it: in blocks, in the order of the keys, text of many lines as it is.

Text that some reader could take for something else, such as the token ``12e45`` for a number, is in quotes. The layout
may differ between versions of PyYAML, so two texts are best compared by what they say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True

MAX_WIDTH = 1 << 30  # characters; nothing is folded
# What begins so is no number and no date to any reader; of words that are none to PyYAML, two are booleans to others.
_PLAIN = re.compile(r"[A-Za-z/]")
_WORDS = frozenset("yn")
# What YAML 1.2 section 5.1 does not let stand in a file, and what some take for the end of a line.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def write_yaml(value: Any) -> str:
    """Return ``value`` as a YAML document; raises TypeError and UnicodeError where YAML has no word for what it holds.

    Where PyYAML is not installed, as on hosts that modules run on, it is JSON, which is YAML too.
    """
    if not HAS_YAML:
        try:
            plain = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        except ValueError as error:
            raise TypeError(f"{error}: install PyYAML to write this as YAML") from None
        return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", plain) + "\n"
    try:
        text: str = yaml.dump(
            value, Dumper=_dumper(), default_flow_style=False, sort_keys=False, allow_unicode=True, width=MAX_WIDTH
        )
    except yaml.representer.RepresenterError as error:
        raise TypeError(f"{type(error.args[-1]).__name__} can't be written as YAML") from None
    return text


@cache
def _dumper() -> Any:
    represent: dict[Any, Callable[[Any, Any], Any]] = yaml.SafeDumper.yaml_representers

    base = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the first only where PyYAML was built with libyaml
    kinds: tuple[type, ...] = (dict, list, int, float)
    return type(
        "Dumper",
        (base,),
        {
            # Not what else PyYAML knows, such as sets and dates: no manifest holds them.
            "yaml_representers": {kind: represent[kind] for kind in (bool, type(None), None)},
            # Of subclasses too: Ansible's values know where they come from.
            "yaml_multi_representers": {str: _text, **{kind: _as(kind, represent[kind]) for kind in kinds}},
            "ignore_aliases": lambda _dumper, _data: True,
        },
    )


def _as(kind: type, represent: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda dumper, value: represent(dumper, kind(value))


def _text(dumper: Any, value: str) -> Any:
    text = str(value)
    style = None
    if "\n" in text.rstrip("\n") and text[0] not in " \t\n" and text.replace("\n", "").replace("\t", "").isprintable():
        style = "|"
    elif not _PLAIN.match(text) or not text.isprintable() or text.lower() in _WORDS:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
