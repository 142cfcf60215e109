# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What bootd needs of a place where installer configurations are kept, one for each machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

# What a kept configuration's name ends in says to people and editors what it is; what it means, its installer reads.
YAML_SUFFIX, TEXT_SUFFIX = ".yaml", ".cfg"
SUFFIXES = (YAML_SUFFIX, TEXT_SUFFIX)
MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Configuration:
    """An installer's configuration as its author wrote it: ``document`` is what ``text`` says.

    That is empty where the installer's format is no mapping. It holds passwords and tokens, so neither is ever shown
    by printing the object.
    """

    text: str = field(repr=False)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)


# How an installer parses what is kept for it; raises ValueError, whose message quotes nothing of it.
ConfigurationReader: TypeAlias = Callable[[str], Configuration]


def text_of(data: bytes) -> str:
    """Return ``data`` decoded from UTF-8; raises ValueError, whose message quotes nothing of it."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1024} KiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 in byte {error.start}") from None


def duplicate_reason(other: str) -> str:
    """Return the reason to refuse both of two configurations of one machine; ``other`` names the second."""
    return f"there is {other} too, and a machine has one configuration: remove one of them"


class Configurations(Protocol):
    """A place of configurations. One contract test holds for every implementation; none of the methods raises."""

    def read(self) -> None:
        """Load what is kept, once."""

    def start(self) -> None:
        """Load what is kept and follow it from then on."""

    def stop(self) -> None:
        """Stop following; no error where it was never started."""

    def get(self, key: str, read: ConfigurationReader) -> Configuration | None:
        """Return the configuration of the machine ``key`` as ``read`` parses it; None without one that can be used."""

    def expects(self, key: str, read: ConfigurationReader) -> bool:
        """Return whether ``get`` will have a configuration for the machine soon; also true while that is not known."""

    def knows(self, key: str) -> bool:
        """Return whether ``expects`` would answer without reading or parsing anything now."""


class NoConfigurations:
    """The place where nothing is kept."""

    def read(self) -> None:
        """Load nothing."""

    def start(self) -> None:
        """Follow nothing."""

    def stop(self) -> None:
        """Follow nothing."""

    def get(self, _key: str, _read: ConfigurationReader) -> Configuration | None:
        """Return None."""
        return None

    def expects(self, _key: str, _read: ConfigurationReader) -> bool:
        """Return False."""
        return False

    def knows(self, _key: str) -> bool:
        """Return True."""
        return True
