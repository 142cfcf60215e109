# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker goes on working, whatever the work meets."""

from __future__ import annotations

import io
import json
import threading

from _bootd.process import worker
from _bootd.process.log import Log
from _bootd.process.worker import Worker


def test_worker_works_again_after_a_fault_and_says_where_it_was(monkeypatch):
    monkeypatch.setattr(worker, "FAULT_PAUSE", 0.01)
    calls, done, stream = [], threading.Event(), io.StringIO()

    def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("surprise")
        done.set()

    subject = Worker("hardware-states", work, Log("json", "error", stream))
    subject.start()
    assert done.wait(10)
    subject.stop()
    line = json.loads(stream.getvalue())
    assert (line["event"], line["thread"], line["reason"]) == ("fault", "hardware-states", "KeyError: 'surprise'")
    assert "test_worker.py:" in line["where"]
