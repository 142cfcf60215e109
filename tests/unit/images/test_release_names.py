# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a release's files at a mirror, and its checksum file."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.releases import (
    release_files,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._images.release_names import (
    digest_of,
    parse_checksums,
    rendered,
    source_names,
)

V182_AMD64 = release_files("v1.8.2")
names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,60}", fullmatch=True)
digests = st.binary(min_size=64, max_size=64).map(bytes.hex)


def test_source_names_of_a_mirror_that_renames():
    """netboot.xyz keeps the files without the version in their names."""
    templates = {"kernel": "harvester-vmlinuz-{arch}", "checksums": "harvester-{arch}.sha512"}
    found = source_names(V182_AMD64, templates, "v1.8.2", "amd64")
    assert found == V182_AMD64 | {"kernel": "harvester-vmlinuz-amd64", "checksums": "harvester-amd64.sha512"}


@pytest.mark.parametrize(
    ("templates", "word"),
    [
        ({"kernl": "x"}, "kernl is none of"),
        ({"kernel": "{versoin}"}, "in braces, and nothing else"),
        ({"kernel": "{version"}, "in braces, and nothing else"),
        ({"kernel": "../{version}"}, "should be that of a file"),
        ({"kernel": ".{version}"}, "should be that of a file"),
    ],
)
def test_source_names_refuses(templates, word):
    with pytest.raises(ValueError, match=word):
        source_names(V182_AMD64, templates, "v1.8.2", "amd64")


def test_rendered_takes_no_format_specification():
    with pytest.raises(ValueError, match="nothing else"):
        rendered("{version.__class__}", "v1.8.2", "amd64")


def test_parse_checksums_reads_what_sha512sum_writes(tmp_path):
    for name in ("a", "b-1.iso"):
        (tmp_path / name).write_text(name)
    told = {name: hashlib.sha512(name.encode()).hexdigest() for name in ("a", "b-1.iso")}
    for mode in ("--text", "--binary"):
        output = subprocess.run(
            ["sha512sum", mode, "a", "b-1.iso"], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout
        assert parse_checksums(output) == told


@given(st.dictionaries(names, digests, min_size=1), st.sampled_from(" *"), st.booleans())
def test_parse_checksums_reads_any_table(table, mark, upper):
    lines = [f"{digest.upper() if upper else digest} {mark}{name}" for name, digest in table.items()]
    assert parse_checksums("\n".join(lines) + "\n") == table
    assert parse_checksums("\r\n".join(lines)) == table


@given(st.text())
def test_parse_checksums_of_anything_is_a_table_or_a_value_error(text):
    try:
        found = parse_checksums(text)
    except ValueError:
        return
    assert found
    assert all(len(digest) == 128 and "/" not in name for name, digest in found.items())


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "it has no line"),
        ("<html>Not found</html>", "line 1 is no line of sha512sum"),
        (f"{'0' * 127}  a", "line 1 is no line"),
        (f"{'0' * 64}  a", "line 1 is no line"),
        (f"{'0' * 128} a", "line 1 is no line"),
        (f"{'0' * 128}  a\n{'0' * 128}  ../a", "line 2 names '../a'"),
        (f"{'0' * 128}  .a", "line 1 names '.a'"),
        (f"{'0' * 128}  a\n{'1' * 128}  a", "line 2 has another digest of a"),
    ],
)
def test_parse_checksums_refuses(text, word):
    with pytest.raises(ValueError, match=word):
        parse_checksums(text)


def test_digest_of_takes_the_first_name_there_is():
    assert digest_of({"a": "1", "b": "2"}, ["c", "b", "a"]) == "2"
    assert digest_of({"a": "1"}, ["c"]) == ""
