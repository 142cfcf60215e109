# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines kept of each machine, what is cut out of them, and the limit on how many come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.syslog.lines import MAX_TEXT, Line, Lines, presentable


def line(text: str) -> Line:
    return Line(0.0, "INFO", "ipxe", text)


def texts(lines: Lines, key: str) -> list[str]:
    return [line.text for line in lines.of(key)]


def test_lines_of_a_machine_keep_the_last_ones():
    lines = Lines(per_machine=2)
    for text in "abc":
        lines.add("ns/a", line(text))
    assert texts(lines, "ns/a") == ["b", "c"]
    assert len(lines) == 2


def test_lines_over_the_limit_are_taken_from_the_machine_silent_longest():
    lines = Lines(limit=3)
    for key, text in [("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")]:
        lines.add(key, line(text))
    assert texts(lines, "a") == ["3"]
    assert texts(lines, "b") == ["2", "4"]
    lines.add("b", line("5"))
    assert texts(lines, "a") == []


@given(st.lists(st.integers(0, 5).map(str)), st.integers(1, 10), st.integers(1, 4))
def test_lines_never_exceed_their_bounds(keys, limit, per_machine):
    lines = Lines(limit, per_machine)
    for key in keys:
        lines.add(key, line("x"))
    kept = [len(lines.of(key)) for key in set(keys)]
    assert len(lines) == sum(kept) <= limit
    assert max(kept, default=0) <= per_machine


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Command line: harvester.token=hush ip=dhcp", "Command line: harvester.token=*** ip=dhcp"),
        ("os.password: hush", "os.password: ***"),
        ('{"token": "hush", "a": 1}', '{"token": "***", "a": 1}'),
        ("GET http://h/x?a=b&Token=hush&c=d", "GET http://h/x?a=b&Token=***&c=d"),
        (f"POST /phone-home/58-47-ca-71-d8-49/{'h' * 43}/started", "POST /phone-home/58-47-ca-71-d8-49/***/started"),
        (
            f"config_url=http://h/configuration/58-47-ca-71-d8-49/{'h' * 43}",
            "config_url=http://h/configuration/58-47-ca-71-d8-49/***",
        ),
        ("no token here, phone-home/x", "no token here, phone-home/x"),
        ("x" * 600, "x" * MAX_TEXT),
    ],
)
def test_presentable_has_no_secrets(text, shown):
    assert presentable(text) == shown
