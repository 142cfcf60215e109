# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to become of a file, as a function of what is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._images.content_range import first_and_total
from ansible_collections.baremetal.netboot.plugins.module_utils._images.release_names import parse_checksums
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import secrets_in, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import (
    Found,
    Judgement,
    digests,
    judge,
    kept_checksums,
    release_from,
    shown_size,
    space_problem,
)

RIGHT, WRONG = "a" * 128, "b" * 128
ALL = ("kernel", "initrd", "rootfs", "iso")


@pytest.mark.parametrize(
    ("found", "digest", "size", "wanted"),
    [
        (None, RIGHT, 10, Judgement("fetched")),
        (None, "", None, Judgement("fetched")),
        (Found(10, RIGHT), RIGHT, 10, Judgement("unchanged")),
        # A size that the source tells wrongly is no reason to fetch what is right.
        (Found(10, RIGHT), RIGHT, 11, Judgement("unchanged")),
        (Found(10), "", 10, Judgement("unchanged")),
        (Found(10), "", None, Judgement("unchanged")),
        (Found(9), "", 10, Judgement("replaced", "it has 9 bytes, at the source 10")),
        (Found(9, WRONG), RIGHT, 10, Judgement("replaced", "it is truncated or wrong: 9 of 10 bytes", resumable=True)),
        (
            Found(10, WRONG),
            RIGHT,
            10,
            Judgement("replaced", "it is not what the checksums say: 10 bytes, sha512 bbbbbbbbbbbbbbbb..."),
        ),
        (
            Found(11, WRONG),
            RIGHT,
            10,
            Judgement("replaced", "it is not what the checksums say: 11 bytes, not 10, sha512 bbbbbbbbbbbbbbbb..."),
        ),
    ],
)
def test_judge(found, digest, size, wanted):
    assert judge(found, digest, size) == wanted


def test_judge_names_the_file_that_it_is():
    told = judge(Found(9, WRONG), RIGHT, 10, {"x.iso": RIGHT, "x.squashfs": WRONG})
    assert told == Judgement("replaced", "it is x.squashfs under a wrong name")


@given(
    st.none() | st.builds(Found, st.integers(0, 9), st.sampled_from(["", RIGHT, WRONG])),
    st.sampled_from(["", RIGHT]),
    st.none() | st.integers(0, 9),
)
def test_judge_never_keeps_what_is_known_to_be_wrong(found, digest, size):
    told = judge(found, digest, size)
    assert (told.action == "fetched") is (found is None)
    if digest:
        assert (told.action == "unchanged") is (found is not None and found.sha512 == digest)
    assert bool(told.reason) is (told.action == "replaced")


def test_release_from_refuses_what_the_release_has_not():
    with pytest.raises(ValueError, match=r"Harvester v1\.2\.0 for amd64 has no net_install_iso"):
        release_from("v1.2.0", "amd64", ["iso", "net_install_iso"], {})
    with pytest.raises(ValueError, match="names no file"):
        release_from("v1.2.0", "amd64", [], {})


def test_digests_are_found_by_either_name():
    release = release_from("v1.8.2", "amd64", ["kernel", "iso"], {"kernel": "vmlinuz"})
    assert digests(release, {"vmlinuz": RIGHT, "harvester-v1.8.2-amd64.iso": WRONG}) == {"kernel": RIGHT, "iso": WRONG}
    with pytest.raises(ValueError, match=r"\.sha512 has no line for harvester-v1\.8\.2-vmlinuz-amd64"):
        digests(release, {"harvester-v1.8.2-amd64.iso": WRONG})


def test_kept_checksums_are_as_they_came_where_names_are():
    release = release_from("v1.8.2", "amd64", ["iso"], {})
    text = f"{RIGHT} *harvester-v1.8.2-amd64.iso\r\n{WRONG}  another\n"
    assert kept_checksums(release, text, parse_checksums(text)) == text


def test_kept_checksums_name_the_files_as_they_are_called_here():
    release = release_from("v1.8.2", "amd64", ALL, {"kernel": "vmlinuz"})
    table = {name: RIGHT for role, name in release.names.items() if role != "checksums"} | {"another": WRONG}
    kept = parse_checksums(kept_checksums(release, "", table))
    assert {release.files[role] for role in ALL} <= set(kept)
    assert kept["another"] == WRONG
    assert "vmlinuz" not in kept


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.00 kB"), (6_442_450_944, "6.44 GB"), (10**13, "10000.00 GB")],
)
def test_shown_size(size, text):
    assert shown_size(size) == text


def test_space_problem():
    assert space_problem(10, 10, "/srv") == ""
    assert space_problem(7_000_000_000, 10_000_000, "/srv") == "/srv has 10.00 MB free but 7.00 GB are needed"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("bytes 5-9/10", (5, 10)),
        ("bytes 5-9/*", (5, None)),
        ("bytes 9-5/10", (-1, None)),
        ("bytes */10", (-1, None)),
        ("", (-1, None)),
        ("items 5-9/10", (-1, None)),
    ],
)
def test_first_and_total(value, found):
    assert first_and_total(value) == found


def test_shown_has_no_secrets():
    url = "https://me:p%40ss@mirror:8080/x/y?X-Signature=0123456789&v=1#f"
    assert shown(url) == "https://mirror:8080/x/y"
    assert secrets_in(url) == {"me:p%40ss", "p%40ss", "p@ss", "X-Signature=0123456789&v=1", "0123456789"}
    assert secrets_in("https://mirror/x") == secrets_in("/a/path") == secrets_in("http://[") == set()
