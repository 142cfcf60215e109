# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What firmware writes to a serial port, as text that words can be looked for in."""

from __future__ import annotations

import re

_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")  # ECMA-48, 5.4


def without_control_sequences(console: str) -> str:
    """Return ``console`` without colours and moves of the cursor.

    A BIOS that shows its screen on the serial port sends what has changed every so often, and moves the cursor first:
    in the middle of a word, on a busy host.
    """
    return _CONTROL_SEQUENCE.sub("", console)
