# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""An installer's configuration as YAML: read with suspicion, written so that no reader can take it for anything else.

No message says what stands in a configuration, not even a word of it: where YAML goes wrong may be in a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..hardware.yaml_reader import Unreadable, read_yaml
from ..hardware.yaml_writer import write_yaml
from .base import Configuration

CLOUD_CONFIG = "#cloud-config"


def read(text: str) -> Configuration:
    """Return the mapping that ``text`` is; raises ValueError, which says nothing of what is in it."""
    try:
        documents = [item.value for item in read_yaml(text)]
    except Unreadable as error:
        raise ValueError(f"it is no YAML that can be used, from line {error.line + 1} on") from None
    if len(documents) != 1 or not isinstance(documents[0], Mapping):
        raise ValueError("it is not one mapping, as an installer's configuration is")
    return Configuration(text, documents[0])


def write(document: Mapping[str, Any], like: str = "") -> str:
    """Return ``document`` as YAML.

    The first line is #cloud-config where that of ``like`` is: cloud-init takes a document by it.
    """
    head = f"{CLOUD_CONFIG}\n" if like.split("\n", 1)[0].rstrip() == CLOUD_CONFIG else ""
    return head + write_yaml(document)
