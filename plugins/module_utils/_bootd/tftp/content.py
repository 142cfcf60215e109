# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a decision sends, opened and ready to be read."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .decide import ServeFile, ServeScript
from .files import BootFiles
from .source import BytesSource, FileSource, NetasciiSource, Source


@dataclass(frozen=True, slots=True)
class Content:
    """``size`` in octets as stored, which netascii makes longer; ``descriptor`` is -1 where no file is open."""

    source: Source
    size: int
    descriptor: int = -1

    def close(self) -> None:
        """Close the file, where one is open."""
        if self.descriptor >= 0:
            os.close(self.descriptor)


def open_content(decision: ServeFile | ServeScript, mode: str, files: BootFiles) -> Content:
    """Return what ``decision`` sends in ``mode``; raise TftpError where the file can't be had."""
    if isinstance(decision, ServeScript):
        return Content(_in_mode(mode, BytesSource(decision.content)), len(decision.content))
    found = files.open(decision.name)
    return Content(_in_mode(mode, FileSource(found.descriptor, found.size)), found.size, found.descriptor)


def _in_mode(mode: str, source: Source) -> Source:
    return NetasciiSource(source) if mode == "netascii" else source
