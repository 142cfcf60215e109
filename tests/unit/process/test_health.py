# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's thread that waits is well for ever; one that works too long, or has ended, is not."""

from __future__ import annotations

import pytest

from _bootd.process.health import STUCK, Health


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture
def health(clock, ended) -> Health:
    return Health(lambda: ended.append("now"), clock)


def test_thread_that_waits_for_a_year_is_well(health, clock):
    pulse = health.pulse("dhcp")
    with pulse:
        pass
    clock.now += 365 * 86400
    assert health.faults() == []


def test_thread_that_works_is_well_until_it_takes_too_long(health, clock):
    pulse = health.pulse("dhcp")
    with pulse:
        clock.now += STUCK
        assert health.faults() == []
        clock.now += 12
        assert health.faults() == ["dhcp: has been at one piece of work for 42 s"]
    assert health.faults() == []


def test_work_that_fails_is_over(health, clock):
    pulse = health.pulse("dhcp")
    with pytest.raises(KeyError), pulse:
        raise KeyError("surprise")
    clock.now += STUCK + 1
    assert health.faults() == []


def test_loop_that_ends_when_told_to_is_well(health, ended):
    health.pulse("tftp").run(lambda: None)
    assert (health.faults(), ended) == ([], [])


def test_loop_that_is_ended_by_something_else_is_told_once_and_stays_a_fault(health, ended):
    def loop() -> None:
        raise OSError(9, "Bad file descriptor")

    health.pulse("dhcp")
    with pytest.raises(OSError, match="Bad file"):
        health.pulse("tftp").run(loop)
    assert ended == ["now"]
    assert health.faults() == ["tftp: its thread has ended: OSError"]
