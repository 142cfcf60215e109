# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges and conditions of RFC 9110."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.http.ranges import Part, Version, parse_ranges, select

FILE = Version(1000, 1_700_000_000, '"tag"')
DATE, BEFORE, AFTER = (
    "Tue, 14 Nov 2023 22:13:20 GMT",
    "Tue, 14 Nov 2023 22:13:19 GMT",
    "Tue, 14 Nov 2023 22:13:21 GMT",
)
WHOLE = Part(200, 0, 1000)


def test_last_modified():
    assert FILE.last_modified == DATE


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("bytes=0-0", Part(206, 0, 1)),
        ("bytes=0-499", Part(206, 0, 500)),
        ("bytes=500-", Part(206, 500, 500)),
        ("bytes=-1", Part(206, 999, 1)),
        ("bytes=-5000", Part(206, 0, 1000)),
        ("bytes=0-999999", Part(206, 0, 1000)),
        ("BYTES= 1-2 ", Part(206, 1, 2)),
        ("bytes=,0-1,", Part(206, 0, 2)),
        ("bytes=0-1,5000-", Part(206, 0, 2)),
        ("bytes=0-1,5-6", WHOLE),
        ("bytes=1000-", Part(416)),
        ("bytes=5000-6000", Part(416)),
        ("bytes=-0", Part(416)),
        ("bytes=5000-,6000-", Part(416)),
        ("bytes=" + "9" * 30 + "-", Part(416)),
        ("bytes=0-" + "9" * 30, Part(206, 0, 1000)),
        ("bytes=2-1", WHOLE),
        ("bytes=5000-4000", WHOLE),
        ("bytes=", WHOLE),
        ("bytes=,", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=--1", WHOLE),
        ("bytes=+1-2", WHOLE),
        ("bytes=1 - 2", WHOLE),
        ("bytes=\u0661-", WHOLE),
        ("bytes=" + "9" * 5000 + "-", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes 0-1", WHOLE),
        ("", WHOLE),
    ],
)
def test_select_range(value, part):
    assert select("GET", {"range": value}, FILE) == part


def test_select_range_of_a_head_request():
    assert select("HEAD", {"range": "bytes=0-1"}, FILE) == WHOLE


@pytest.mark.parametrize(("value", "status"), [("bytes=0-", 416), ("bytes=-5", 200)])
def test_select_range_of_an_empty_file(value, status):
    assert select("GET", {"range": value}, Version(0, 0, '"e"')) == Part(status)


@pytest.mark.parametrize(
    ("value", "status"),
    [('"tag"', 206), (DATE, 206), ('"other"', 200), ('W/"tag"', 200), (BEFORE, 200), (AFTER, 200), ("rubbish", 200)],
)
def test_select_if_range(value, status):
    assert select("GET", {"range": "bytes=0-1", "if-range": value}, FILE).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": '"tag"'}, 304),
        ({"if-none-match": 'W/"tag"'}, 304),
        ({"if-none-match": '"a", "tag"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"a,tag"'}, 200),
        ({"if-none-match": '"other"', "if-modified-since": DATE}, 200),
        ({"if-modified-since": DATE}, 304),
        ({"if-modified-since": AFTER}, 304),
        ({"if-modified-since": BEFORE}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "Tue, 99 Nov 2023 22:13:20 GMT"}, 200),
        ({"if-match": '"tag"'}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": 'W/"tag"'}, 412),
        ({"if-match": '"other"'}, 412),
        ({"if-unmodified-since": DATE}, 200),
        ({"if-unmodified-since": BEFORE}, 412),
        ({"if-match": '"tag"', "if-unmodified-since": BEFORE}, 200),
        ({"if-match": '"other"', "if-none-match": '"tag"'}, 412),
        ({"if-none-match": '"tag"', "range": "bytes=0-1"}, 304),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_select_condition(method, headers, status):
    assert select(method, headers, FILE).status == status


SPEC = st.one_of(
    st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda ends: (min(ends), max(ends))),
    st.integers(0, 40).map(lambda first: (first, None)),
    st.integers(0, 40).map(lambda last: (None, last)),
)


def written(spec):
    first, last = spec
    return f"{'' if first is None else first}-{'' if last is None else last}"


def wanted(spec, content):
    """Return the octets RFC 9110 means by ``spec``, said with Python's slices."""
    first, last = spec
    if first is None:
        return content[-last:] if last else b""
    return content[first:] if last is None else content[first : last + 1]


@given(st.lists(SPEC, min_size=1, max_size=4), st.binary(min_size=1, max_size=30))
def test_parse_ranges_names_the_octets_wanted(specs, content):
    found = parse_ranges("bytes=" + ", ".join(map(written, specs)), len(content))
    pieces = [content[offset : offset + count] for offset, count in found]
    assert pieces == [piece for spec in specs if (piece := wanted(spec, content))]


@given(st.text(max_size=40), st.integers(0, 50))
def test_select_survives_anything(text, size):
    names = ("range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
    version = Version(size, 0, '"e"')
    for name in names:
        part = select("GET", {"range": f"bytes={text}", name: text}, version)
        assert 0 <= part.offset <= part.offset + part.count <= size
