# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""An installer's configuration as YAML: read with suspicion, written so that no reader can take it for anything else.

No message says what stands in a configuration, not even a word of it: where YAML goes wrong may be in a password.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite, isnan
from typing import Any

from ..hardware.yaml_reader import Unreadable, read_yaml
from .base import Configuration

MAX_BYTES = 256 * 1024
CLOUD_CONFIG = "#cloud-config"

# YAML takes no such key for anything but text.
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*", re.ASCII)
_WORDS = frozenset("y yes n no true false on off null".split())
# What YAML 1.2 section 5.1 does not let stand in a file, and what some take for the end of a line.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def read(data: bytes) -> Configuration:
    """Return the configuration that ``data`` holds; raises ValueError, which says nothing of what is in it."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1024} KiB")
    try:
        text = data.decode("utf-8")
        documents = [item.value for item in read_yaml(text)]
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 in byte {error.start}") from None
    except Unreadable as error:
        raise ValueError(f"it is no YAML that can be used, from line {error.line + 1} on") from None
    if len(documents) != 1 or not isinstance(documents[0], Mapping):
        raise ValueError("it is not one mapping, as an installer's configuration is")
    return Configuration(documents[0], text)


def write(document: Mapping[str, Any], like: str = "") -> str:
    """Return ``document`` as YAML, all text in quotes: a token such as 12e45 is a number to some readers.

    The first line is #cloud-config where that of ``like`` is: cloud-init takes a document by it.
    """
    head = f"{CLOUD_CONFIG}\n" if like.split("\n", 1)[0].rstrip() == CLOUD_CONFIG else ""
    return head + "\n".join(_lines(document, "")) + "\n"


def _lines(node: Any, margin: str) -> Iterator[str]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _entry(f"{margin}{_key(key)}:", value, margin)
    elif isinstance(node, list) and node:
        for value in node:
            if isinstance(value, (Mapping, list)) and value:
                # A collection begins on the line of its dash.
                first, *rest = _lines(value, f"{margin}  ")
                yield f"{margin}- {first.lstrip(' ')}"
                yield from rest
            else:
                yield f"{margin}- {_scalar(value)}"
    else:
        yield f"{margin}{_scalar(node)}"


def _entry(head: str, value: Any, margin: str) -> Iterator[str]:
    if isinstance(value, (Mapping, list)) and value:
        yield head
        yield from _lines(value, f"{margin}  ")
    else:
        yield f"{head} {_scalar(value)}"


def _key(key: Any) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS else _scalar(key)


def _scalar(value: Any) -> str:
    """Return ``value`` in JSON, which is YAML, other than its escapes for what is beyond 16 bits."""
    if isinstance(value, float) and not isfinite(value):
        return ".nan" if isnan(value) else ".inf" if value > 0 else "-.inf"
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
