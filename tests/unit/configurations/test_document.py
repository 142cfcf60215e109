# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations are read with suspicion, and written so that every reader understands the same."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from _bootd.configurations.base import MAX_BYTES, text_of
from _bootd.configurations.document import read, write

CANARY = "canary-5f3a"

scalars = st.none() | st.booleans() | st.integers() | st.sampled_from([0.5, -1.25, float("inf")]) | st.text()
documents = st.dictionaries(
    st.text(min_size=1),
    st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=20),
)


@given(documents)
def test_write_is_read_as_it_was(document):
    assert read(write(document)).document == document


@pytest.mark.parametrize(
    "text", ["12e45", "0o17", "yes", "null", "2026-11-23", "~", "0x1F", "1_000", "", "a: b", "a #b", "y", "N"]
)
def test_write_quotes_text_that_some_reader_takes_for_something_else(text):
    written = write({"token": text})
    assert written in (f'token: "{text}"\n', f"token: '{text}'\n")
    assert yaml.safe_load(written) == {"token": text}


@pytest.mark.parametrize("key", ["yes", "1", "a b", "", "<<", "-", "null", "é"])
def test_write_quotes_such_keys_too(key):
    assert list(yaml.safe_load(write({key: 1}))) == [key]


def test_write_is_in_blocks_as_people_and_awk_like_it():
    document = {"install": {"webhooks": [{"event": "STARTED", "url": "http://x/"}], "addons": {}, "list": [1, [2]]}}
    assert write(document).splitlines() == [
        "install:",
        "  webhooks:",
        "  - event: STARTED",
        "    url: http://x/",
        "  addons: {}",
        "  list:",
        "  - 1",
        "  - - 2",
    ]


def test_write_keeps_the_line_by_which_cloud_init_knows_it():
    assert write({"a": 1}, like="#cloud-config \na: 1\n") == "#cloud-config\na: 1\n"
    assert write({"a": 1}, like="# cloud-config\na: 1\n") == "a: 1\n"


@pytest.mark.parametrize("text", ["\x7f", "\x85", "\u2028", "\ufeff", "\U0001f511", "\\u0041", "a\nb\tc\x01"])
def test_write_text_that_is_hard_to_write(text):
    assert yaml.safe_load(write({"a": text})) == {"a": text}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not one mapping"),
        (b"- a\n", "not one mapping"),
        (b"a: 1\n---\nb: 2\n", "not one mapping"),
        (b"a: \xff\n", "not UTF-8 in byte 3"),
        (f"a: 1\npassword: !{CANARY}\n".encode(), "from line 2 on"),
        (f"password: *{CANARY}\n".encode(), "from line 1 on"),
        (f"a: 1\nb: '{CANARY}\n".encode(), "no YAML"),
        (f"{CANARY}: {{{CANARY}\n".encode(), "no YAML"),
        (b"a: " + b"x" * MAX_BYTES, "larger than 256 KiB"),
        (b"[" * 5000, "no YAML"),
    ],
)
def test_read_refuses_without_a_word_of_what_is_in_it(data, words):
    with pytest.raises(ValueError, match=words) as refused:
        read(text_of(data))
    assert CANARY not in str(refused.value)
    # What is shown of an exception that nobody expected is its context too.
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_configuration_is_not_shown_by_printing_it():
    configuration = read(f"token: {CANARY}\n")
    assert configuration.document == {"token": CANARY}
    assert CANARY not in repr(configuration)
    assert CANARY not in f"{configuration}"
