# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What bootd needs of a place where installer configurations are kept, one for each machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Configuration:
    """An installer's configuration as its author wrote it: ``document`` is what ``text`` says.

    It holds passwords and tokens, so neither is ever shown by printing the object.
    """

    document: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)


class Configurations(Protocol):
    """A place of configurations. One contract test holds for every implementation; none of the methods raises."""

    def read(self) -> None:
        """Load what is kept, once."""

    def start(self) -> None:
        """Load what is kept and follow it from then on."""

    def stop(self) -> None:
        """Stop following; no error where it was never started."""

    def get(self, key: str) -> Configuration | None:
        """Return the configuration of the machine ``key``, None where there is none that can be used."""

    def expects(self, key: str) -> bool:
        """Return whether ``get`` will answer a machine that asks soon; also true while that can't be known."""


class NoConfigurations:
    """The place where nothing is kept."""

    def read(self) -> None:
        """Load nothing."""

    def start(self) -> None:
        """Follow nothing."""

    def stop(self) -> None:
        """Follow nothing."""

    def get(self, _key: str) -> Configuration | None:
        """Return None."""
        return None

    def expects(self, _key: str) -> bool:
        """Return False."""
        return False
