# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Option negotiation: what is asked for, what is granted, and what is left out of the OACK."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.tftp.packet import Limits, Terms, blksize_for_mtu, negotiate

LIMITS = Limits(blksize=1468, windowsize=64)
SIZE = 1017856
DIGITS = "9" * 1_000_000

# Each option with values of every kind, and what the OACK then says: None where it is left out.
VALUES = {
    "blksize": {
        "0": None, "7": None, "8": "8", "512": "512", "1468": "1468", "1469": "1468", "65464": "1468", "65465": None,
    },
    "timeout": {"0": None, "1": "1", "255": "255", "256": None},
    "tsize": {"0": str(SIZE), "1": str(SIZE), "18446744073709551616": str(SIZE)},
    "windowsize": {"0": None, "1": "1", "64": "64", "65": "64", "65535": "64", "65536": None},
}  # fmt: skip
UNREADABLE = ["-1", "x", "", " 8", "8 ", "+8", "0x10", "1e3", "1_0", "\u0661\u0662", "8.0", DIGITS]
for known in VALUES.values():
    known.update(dict.fromkeys(UNREADABLE))


def offered(*options):
    return dict(negotiate(options, SIZE, LIMITS).oack)


@pytest.mark.parametrize(
    ("name", "value", "answer"),
    [(name, value, answer) for name, values in VALUES.items() for value, answer in values.items()],
    ids=lambda text: str(text)[:24],
)
def test_negotiate_one_option(name, value, answer):
    assert offered((name, value)) == ({} if answer is None else {name: answer})


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(VALUES, 2)))
def test_negotiate_all_pairs(first, second):
    for (one, one_answer), (two, two_answer) in itertools.product(VALUES[first].items(), VALUES[second].items()):
        expected = {name: answer for name, answer in ((first, one_answer), (second, two_answer)) if answer}
        assert offered((first, one), (second, two)) == expected


@pytest.mark.parametrize("name", VALUES)
def test_negotiate_duplicate_is_left_out(name):
    assert offered((name, "1000"), (name, "1000"), ("timeout" if name != "timeout" else "tsize", "3")).keys() == {
        "timeout" if name != "timeout" else "tsize"
    }


def test_negotiate_unknown_option_is_left_out():
    assert offered(("multicast", ""), ("rollover", "1"), ("blksize", "1024")) == {"blksize": "1024"}


def test_negotiate_answers_in_the_order_asked():
    terms = negotiate((("windowsize", "4"), ("tsize", "0"), ("blksize", "1468")), 10, LIMITS)
    assert terms == Terms(1468, 4, None, (("windowsize", "4"), ("tsize", "10"), ("blksize", "1468")))


def test_negotiate_nothing_asked():
    assert negotiate((), SIZE, LIMITS) == Terms(512, 1, None, ())


@pytest.mark.parametrize("size", [None, 0])
def test_negotiate_size_there_is_nothing_to_say_of(size):
    assert negotiate((("tsize", "0"), ("timeout", "3")), size, LIMITS).oack == (("timeout", "3"),)


@given(
    st.lists(
        st.tuples(st.sampled_from([*VALUES, "utimeout"]), st.text(max_size=8) | st.integers().map(str)), max_size=6
    )
)
def test_negotiate_never_grants_more_than_asked_or_allowed(options):
    terms = negotiate(tuple(options), SIZE, LIMITS)
    asked = dict(options)
    for name, value in terms.oack:
        assert name == "tsize" or int(value) <= int(asked[name])
    assert 8 <= terms.blksize <= LIMITS.blksize
    assert 1 <= terms.windowsize <= LIMITS.windowsize
    assert terms.timeout is None or 1 <= terms.timeout <= 255


@pytest.mark.parametrize(("mtu", "blksize"), [(1500, 1468), (9000, 8968), (65536, 65464), (68, 36), (0, 8)])
def test_blksize_for_mtu(mtu, blksize):
    assert blksize_for_mtu(mtu) == blksize
