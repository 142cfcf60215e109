# Copyright: (c) 2026, The baremetal.netboot authors
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


# How an installer reads what is kept for it; raises ValueError, which says nothing of what is in it.
Reading: TypeAlias = Callable[[str], Configuration]


def text_of(data: bytes) -> str:
    """Return ``data`` as text; raises ValueError, which says nothing of what is in it."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1024} KiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 in byte {error.start}") from None


def told_of_two(other: str) -> str:
    """Return why neither of two configurations of one machine is used, where ``other`` is the second."""
    return f"there is {other} too, and a machine has one configuration: remove one of them"


class Configurations(Protocol):
    """A place of configurations. One contract test holds for every implementation; none of the methods raises."""

    def read(self) -> None:
        """Load what is kept, once."""

    def start(self) -> None:
        """Load what is kept and follow it from then on."""

    def stop(self) -> None:
        """Stop following; no error where it was never started."""

    def get(self, key: str, read: Reading) -> Configuration | None:
        """Return the configuration of the machine ``key`` as ``read`` has it, None where there is none it can use."""

    def expects(self, key: str, read: Reading) -> bool:
        """Return whether ``get`` will answer a machine that asks soon; also true while that can't be known."""


class NoConfigurations:
    """The place where nothing is kept."""

    def read(self) -> None:
        """Load nothing."""

    def start(self) -> None:
        """Follow nothing."""

    def stop(self) -> None:
        """Follow nothing."""

    def get(self, _key: str, _read: Reading) -> Configuration | None:
        """Return None."""
        return None

    def expects(self, _key: str, _read: Reading) -> bool:
        """Return False."""
        return False
