# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of files that are being fetched, and the file in which the module tells it."""

from __future__ import annotations

import json

from ansible_collections.baremetal.netboot.plugins.module_utils._images.progress_file import Progress
from ansible_collections.baremetal.netboot.plugins.plugin_utils._download_report import ImageProgress


def file(doing, count, size):
    return {"doing": doing, "bytes": count, "size": size}


def document(**files):
    return {"files": files}


def test_update_says_how_far_it_is_from_time_to_time():
    progress = ImageProgress()
    assert progress.update(document(iso=file("fetching", 10_000_000, 100_000_000)), 9.0) == []
    assert progress.update(document(iso=file("fetching", 20_000_000, 100_000_000)), 10.0) == [
        "fetches 20.00 MB of 100.00 MB, 2.00 MB/s, 40.0 s left: iso 20 %"
    ]
    assert progress.update(document(iso=file("fetching", 30_000_000, 100_000_000)), 19.0) == []
    assert progress.update(document(iso=file("fetching", 30_000_000, 100_000_000)), 20.0) == [
        "fetches 30.00 MB of 100.00 MB, 1.00 MB/s, 70.0 s left: iso 30 %"
    ]


def test_update_says_once_that_a_file_is_there():
    progress = ImageProgress()
    done = document(kernel=file("done", 14_000_000, 14_000_000), iso=file("fetching", 1, None))
    assert progress.update(done, 1.0) == ["kernel: whole and right, 14.00 MB"]
    assert progress.update(done, 2.0) == []
    assert progress.update(done, 12.0) == ["fetches 14.00 MB, 1.17 MB/s: iso 1 bytes"]


def test_update_of_what_is_read_and_of_nothing():
    progress = ImageProgress()
    assert progress.update(document(iso=file("reading", 50, 100)), 10.0) == [
        "reads 50 bytes of 100 bytes, 5 bytes/s, 10.0 s left: iso 50 %"
    ]
    assert progress.update({}, 30.0) == []
    assert progress.update({"files": {"iso": "?"}}, 50.0) == []


def test_progress_writes_at_most_once_a_second(tmp_path):
    now = [0.0]
    path = tmp_path / ".progress.json"
    progress = Progress(path, lambda: now[0])
    add = progress.begin("iso", "fetching", 100)
    add(10)
    assert json.loads(path.read_text()) == document(iso=file("fetching", 0, 100))
    now[0] = 1.0
    add(20)
    assert json.loads(path.read_text()) == document(iso=file("fetching", 30, 100))
    progress.done("iso")
    assert json.loads(path.read_text())["files"]["iso"]["doing"] == "done"
    progress.end()
    assert list(tmp_path.iterdir()) == []


def test_progress_that_nobody_can_read_stops_nothing(tmp_path):
    progress = Progress(tmp_path / "gone/.progress.json")
    progress.begin("iso", "fetching", 1)(1)
    progress.done("iso")
    progress.end()
