# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often something may happen, for each of many keys, and never more memory than for so many."""

from __future__ import annotations

from _bootd.process.rate_limit import RateLimit


def test_rate_limit_refuses_what_exceeds_burst_and_counts_it():
    limit = RateLimit(rate=1.0, burst=2.0)
    assert [limit.admit("a", 0.0) for _unused in range(4)] == [0, 0, None, None]
    assert limit.admit("b", 0.0) == 0
    assert limit.admit("a", 0.5) is None
    assert limit.admit("a", 1.0) == 3
    assert limit.admit("a", 2.0) == 0


def test_rate_limit_survives_a_clock_set_back():
    limit = RateLimit(rate=1.0, burst=1.0)
    assert limit.admit("a", 100.0) == 0
    assert limit.admit("a", 0.0) is None
    assert limit.admit("a", 1.0) == 1


def test_rate_limit_forgets_the_key_silent_longest():
    limit = RateLimit(rate=1.0, burst=1.0, keys=2)
    assert [limit.admit(key, 0.0) for key in "abc"] == [0, 0, 0]
    assert limit.admit("a", 0.0) == 0
    assert limit.admit("c", 0.0) is None


def test_rate_limit_given_back_is_not_counted():
    limit = RateLimit(rate=1.0, burst=2.0)
    for _unused in range(100):
        assert limit.admit("a", 0.0) == 0
        limit.give_back("a")
    limit.give_back("never asked for")
    assert [limit.admit("a", 0.0) for _unused in range(3)] == [0, 0, None]
