# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mounts are the lab's own."""

from __future__ import annotations

from pathlib import Path

from lab import mounts

TABLE = """\
/dev/vda / ext4 rw 0 0
tmpfs /srv/lab/kubelet/pods/1/token tmpfs rw 0 0
overlay /srv/lab/ctr/a\\040b/rootfs overlay rw 0 0
tmpfs /srv/laboratory tmpfs rw 0 0
tmpfs /srv/lab/ctr/a\\040b/rootfs/shm tmpfs rw 0 0
"""


def test_below_has_the_innermost_first():
    assert mounts.below(Path("/srv/lab"), TABLE) == [
        "/srv/lab/ctr/a b/rootfs/shm",
        "/srv/lab/ctr/a b/rootfs",
        "/srv/lab/kubelet/pods/1/token",
    ]


def test_below_of_a_directory_without_mounts_is_empty():
    assert mounts.below(Path("/srv/other"), TABLE) == []
