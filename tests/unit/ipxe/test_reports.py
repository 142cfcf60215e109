# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports from iPXE: what scripts send is what the reader understands."""

from __future__ import annotations

from dataclasses import astuple
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions import events
from _bootd.ipxe import reports
from _bootd.ipxe.artifacts import plain, role_of
from _bootd.ipxe.reports import read_report

KERNEL = "http://10.10.0.2/harvester/v1.2.0/harvester-v1.2.0-vmlinuz-amd64"


def parsed(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def test_read_report_facts_keeps_what_is_known_and_not_empty():
    query = {"event": "facts", "uuid": "u", "serial": "", "platform": "efi", "product": "p" * 300, "evil": "x"}
    assert read_report(query) == events.Facts({"uuid": "u", "product": "p" * 256, "platform": "efi"})


def test_facts_query_sends_each_fact_as_an_ipxe_setting():
    query = parsed(reports.facts_query())
    assert query.pop("event") == "facts"
    assert query == {name: f"${{{setting}}}" for name, setting in reports.FACTS.items()}


def test_read_report_loaded_understands_what_scripts_send():
    report = read_report(parsed(reports.loaded_query("kernel", KERNEL)))
    assert report == events.Loaded(KERNEL, "kernel")


def test_read_report_failed_understands_what_scripts_send():
    query = reports.failed_query("initrd", f"{KERNEL}?token=hush").replace("${error}", "0x2d0c613b")
    assert read_report(parsed(query)) == events.BootError(
        "the initrd could not be loaded", KERNEL, "https://ipxe.org/2d0c613b"
    )


def test_read_report_refused_understands_what_scripts_send():
    query = reports.refused_query("netboot.osie.baseURL is missing, 1 & 2")
    assert read_report(parsed(query)) == events.BootError("netboot.osie.baseURL is missing, 1 & 2")


@pytest.mark.parametrize(
    "query",
    [{}, {"mac": "x"}, {"event": "loaded"}, {"event": "loaded", "role": "disk"}, {"event": "x", "role": "kernel"}],
)
def test_read_report_of_anything_else_is_none(query):
    assert read_report(query) is None


@given(st.dictionaries(st.sampled_from(["event", "role", "url", "errno", "message", "uuid"]), st.text()))
def test_read_report_never_raises_and_is_bounded(query):
    report = read_report(query)
    if report is not None:
        texts = report.values.values() if isinstance(report, events.Facts) else filter(None, astuple(report))
        assert all(len(value) <= 256 for value in texts)


@pytest.mark.parametrize(
    ("errno", "link"),
    [
        ("0x2d0c613b", "https://ipxe.org/2d0c613b"),
        ("2D0C613B", "https://ipxe.org/2d0c613b"),
        ("0x1", "https://ipxe.org/00000001"),
        ("", ""),
        ("0x", ""),
        ("${error}", ""),
        ("2d0c613b0", ""),
    ],
)
def test_error_link_leads_to_the_explanation(errno, link):
    assert reports.error_link(errno) == link


@pytest.mark.parametrize(
    ("url", "role"),
    [
        (KERNEL, "kernel"),
        ("http://h/harvester-v1.2.0-initrd-amd64", "initrd"),
        ("http://h/initramfs-x86_64?x=rootfs", "initrd"),
        ("http://h/harvester-v1.2.0-rootfs-amd64.squashfs", "rootfs"),
        ("http://h/harvester-v1.2.0-amd64.iso", "iso"),
        ("http://10.10.0.20/linux.ipxe", "other"),
        ("/kernel/config-create.yaml", "other"),
        ("http://h/", "other"),
        ("http://[", "other"),
    ],
)
def test_role_of_goes_by_the_file_name(url, role):
    assert role_of(url) == role


@given(st.text())
def test_plain_never_raises_and_leaves_no_query(url):
    assert "?" not in plain(url)
