# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a loop is done, whenever it ends."""

from __future__ import annotations

import io
import os

from _bootd.faults import Contained
from _bootd.health import Health
from _bootd.http.loop import Loop
from _bootd.logs import Log
from _bootd.metrics import Metrics


def loop_that_was_not_started() -> tuple[Loop, io.StringIO]:
    stream = io.StringIO()
    contained = Contained("http", Metrics(), Log("json", "debug", stream))
    pulse = Health().pulse("test")
    return Loop("test", contained, pulse, lambda _item: None, lambda _item: None, lambda: None), stream


def test_stop_does_what_was_asked_before():
    before = len(os.listdir("/proc/self/fd"))
    loop, stream = loop_that_was_not_started()
    done = []
    loop.call(lambda: done.append(1))
    loop.call(lambda: 1 / 0)
    loop.call(lambda: done.append(2))
    loop.stop()
    assert done == [1, 2]
    assert stream.getvalue().count("ZeroDivisionError") == 1
    assert len(os.listdir("/proc/self/fd")) == before
