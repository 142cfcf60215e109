# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A console's words are found however the firmware has moved the cursor between them."""

from __future__ import annotations

import pytest

from lab.console import without_control_sequences
from lab.machine import Machine


@pytest.mark.parametrize(
    ("console", "text"),
    [
        ("\x1b[0;30;47mWelcome \x1b[25;08H\x1b[25;09Hto GRUB!\r\n", "Welcome to GRUB!\r\n"),
        ("\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: loading Boot0001", "BdsDxe: loading Boot0001"),
        ("[2.31] system: booted from disk", "[2.31] system: booted from disk"),
        ("", ""),
    ],
    ids=["seabios", "edk2", "plain", "empty"],
)
def test_only_text_is_left(console, text):
    assert without_control_sequences(console) == text


def test_a_machines_console_is_text(tmp_path):
    machine = object.__new__(Machine)
    machine.serial = tmp_path / "serial.log"
    assert machine.console == ""
    machine.serial.write_bytes(b"Welcome \x1b[25;09Hto GRUB!\xff")
    assert machine.console == "Welcome to GRUB!\ufffd"
