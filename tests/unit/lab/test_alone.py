# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made once is made by one process at a time."""

from __future__ import annotations

import fcntl
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from lab.alone import alone


def test_who_comes_second_waits_and_finds_it_made(tmp_path):
    target, asked = tmp_path / "cache/target", Event()

    def second() -> bool:
        asked.set()
        with alone(target) as missing:
            return missing

    with ThreadPoolExecutor(max_workers=1) as pool:
        with alone(target) as missing:
            other = pool.submit(second)
            asked.wait()
            assert missing
            assert not other.done()
            target.mkdir()
        assert other.result() is False


def test_lock_is_held_for_as_long_as_it_is_made_and_no_longer(tmp_path):
    target = tmp_path / "target"
    with alone(target) as missing, (tmp_path / "target.lock").open("w") as lock:
        assert missing
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with alone(target) as missing:
        assert missing
