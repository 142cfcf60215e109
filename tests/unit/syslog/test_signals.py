# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iPXE's messages mean, from the walk-through's log and iPXE's own forms."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions import events
from _bootd.syslog.packet import Message, parse
from _bootd.syslog.signals import read_signal

KERNEL = "http://10.10.0.2/harvester/v1.2.0/harvester-v1.2.0-vmlinuz-amd64"


def signal(text: str, head: str = "<6>um790-1 ipxe: ") -> events.Loaded | events.BootError | None:
    return read_signal(parse((head + text).encode()))


@pytest.mark.parametrize(
    ("text", "url", "role"),
    [
        (f"{KERNEL}... ok", KERNEL, "kernel"),
        (KERNEL.replace("vmlinuz", "initrd") + "... ok", KERNEL.replace("vmlinuz", "initrd"), "initrd"),
        ("http://10.10.0.20/auto.ipxe.... ok", "http://10.10.0.20/auto.ipxe", "other"),
        ("http://h/x-rootfs.squashfs... 10%20%100% ok", "http://h/x-rootfs.squashfs", "rootfs"),
        ("tftp://10.10.0.20/a.iso?token=hush... ok", "tftp://10.10.0.20/a.iso", "iso"),
    ],
)
def test_read_signal_url_that_was_loaded(text, url, role):
    assert signal(text) == events.Loaded(url, role)


MISSING = "No such file or directory"


@pytest.mark.parametrize(
    ("text", "message", "url", "code"),
    [
        (f"{KERNEL}... {MISSING} (http://ipxe.org/2d0c613b)", MISSING, KERNEL, "2d0c613b"),
        (
            f"{KERNEL}....... Connection timed out (https://ipxe.org/4c126035)",
            "Connection timed out",
            KERNEL,
            "4c126035",
        ),
        ("Could not boot: Bad format (https://ipxe.org/2e008081)", "Could not boot: Bad format", "", "2e008081"),
        ("(http://ipxe.org/040ee119)", "iPXE met an error", "", "040ee119"),
    ],
)
def test_read_signal_error_with_its_page(text, message, url, code):
    detail = {"message": message, "url": url, "link": f"https://ipxe.org/{code}"}
    assert signal(text) == events.BootError(**detail)


@pytest.mark.parametrize(
    "text",
    [
        " ok",
        "net0: 10.10.0.16/255.255.255.0 gw 10.10.0.1",
        "Next server: 10.10.0.20",
        "Filename: http://10.10.0.20/auto.ipxe",
        "auto.ipxe : 854 bytes [script]",
        "bootd: loading the kernel, try 1 of 5",
        f"{KERNEL}... 10%",
        "see http://h/x... ok",
        "http://10.10.0.20:7080/phone-home?mac=x&event=facts... ok",
        "http://10.10.0.20:7080/phone-home... Connection timed out (http://ipxe.org/4c126035)",
        "Error (http://ipxe.org/4c12603z)",
        "Error (http://evil.example/4c126035)",
    ],
)
def test_read_signal_of_other_lines_is_none(text):
    assert signal(text) is None


def test_read_signal_of_other_programs_is_none():
    assert signal(f"{KERNEL}... ok", head="<30>um790-1 curl: ") is None


@given(st.text(st.sampled_from("htp:/.x? 10%()ok[]ipxe.orgabcdef") | st.characters()))
def test_read_signal_never_raises_and_is_bounded(text):
    found = read_signal(Message(0, 6, "", "ipxe", "", text))
    assert found is None or all(len(value) <= 256 for value in astuple(found) if value is not None)


def test_read_signal_long_line_costs_little():
    # Quadratic matching would take minutes here, and the whole suite with it.
    assert read_signal(Message(0, 6, "", "ipxe", "", "a://" + "." * 200_000)) is None
