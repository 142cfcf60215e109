# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of docs/scaling.md, and that the page has a place for each block of them."""

from __future__ import annotations

import pytest

from storm.page import BLOCKS, PAGE, renewed

HOST = {"processors": 2, "processor": "Some", "kernel": "6.1", "python": "3.11.2", "load_after": [1.5, 1.0, 1.0]}
TIMES = {"median": 1.0, "p99": 2.0, "worst": 3.25}
ROUND = {
    "failures": 0,
    "seconds": 12.0,
    "server_cpu_seconds": 5.0,
    "server_bytes_at_most": 81_000_000,
    "sent_again": {"dhcp": 7, "tftp": 0},
    "milliseconds": dict.fromkeys(("dhcp", "tftp", "script", "report", "phone_home"), TIMES),
}
SIZE = {
    "first_start_cpu_seconds": 0.9,
    "restart_cpu_seconds": 0.8,
    "bytes_at_rest": 56_000_000,
    "first_offer_microseconds": 230,
    "offer_microseconds": 150,
    "first_script_microseconds": 450,
    "script_microseconds": 290,
}
DOCUMENTS = {
    "storm": {
        "machines": 1000,
        "spread_seconds": 1.0,
        "servers": {"bootd": [ROUND, ROUND | {"seconds": 14.0, "failures": 1}, ROUND], "others": [ROUND]},
    },
    "growth": {"sizes": {"10": [SIZE], "10000": [SIZE | {"bytes_at_rest": 91_000_000}]}},
    "api_writes": {
        "machines": 200,
        "answered_seconds": 5.0,
        "written_seconds": 5.5,
        "patches": 200.0,
        "events": 410.0,
        "writes_per_second": 110.9,
    },
}
EXPECTED = {
    "storm": [
        "| machines that failed | 1 | 0 |",
        "| last machine done after, s | 12 | 12 |",
        "| DHCP, worst, ms | 3.25",
    ],
    "growth": ["| 10 | 0.9 | 0.8 | 56 | 0.23 | 0.15 | 0.45 | 0.29 |", "| 10,000 | 0.9 | 0.8 | 91 |"],
    "api_writes": ["took 1 patches and 2.05 Events of each, 111 writes a second, and the last one 0.5 s after"],
}


@pytest.mark.parametrize("name", BLOCKS)
def test_block_is_renewed(name):
    text = PAGE.read_text(encoding="utf-8")
    page = renewed(text, name, DOCUMENTS[name] | {"measured": "2026-11-30 12:00", "machine": HOST})
    for line in EXPECTED[name]:
        assert line in page
    assert "*Measured 2026-11-30 12:00 on 2 processors (Some), Linux 6.1, Python 3.11.2; load average 1.5.*" in page
    assert page.count("<!-- end -->") == text.count("<!-- end -->") == len(BLOCKS)


def test_page_without_the_block():
    with pytest.raises(ValueError, match="0 blocks of figures growth"):
        renewed("# Scaling\n", "growth", DOCUMENTS["growth"] | {"measured": "", "machine": HOST})
