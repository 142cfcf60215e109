# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the manifests' YAML says, kept for the next start: the same answer as without it, whatever the file holds."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.hardware.yaml_reader import Unreadable, YamlDocument, read_yaml
from _bootd.stores.manifests import cache as module
from _bootd.stores.manifests import file as manifest_file
from _bootd.stores.manifests.cache import ManifestCache, digest_of
from _bootd.stores.manifests.file import FileLoader, LoadedFile
from _bootd.stores.manifests.tree import Tree
from samples import howto
from samples.documents import YAML_LIKE

TEXT = howto.HARDWARE
DIGEST = digest_of(TEXT)


def documents(text: str = TEXT) -> list[YamlDocument]:
    return list(read_yaml(text))


def opened(directory: Path) -> ManifestCache:
    cache = ManifestCache(directory)
    assert cache.open() == ""
    return cache


@pytest.fixture
def saved(tmp_path):
    """A directory with the file of a cache that holds one text."""
    cache = opened(tmp_path)
    cache.add(DIGEST, documents())
    assert cache.save({DIGEST})
    return tmp_path


def load(cache: ManifestCache, text: str) -> LoadedFile:
    return FileLoader(cache).load(text.encode(), "f.yaml", "2026-01-01T00:00:00Z", LoadedFile())


def test_what_was_saved_is_found_by_the_digest_of_its_text(saved):
    cache = opened(saved)
    assert cache.get(DIGEST) == documents()
    assert cache.get(digest_of(TEXT + " ")) is None
    cache.close()
    assert cache.get(DIGEST) is None


def test_file_is_private_and_alone(saved):
    (file,) = saved.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


@given(YAML_LIKE | st.sampled_from(["a: .nan", "a: -.inf", "a: 0x1f", 'a: "\\ud83d\\ude00"', "~: 1", "a: 1\n...\n"]))
def test_loaded_from_the_cache_is_loaded_from_the_text(tmp_path_factory, text):
    directory = tmp_path_factory.mktemp("state")
    first = opened(directory)
    expected = load(first, text)
    first.save({chunk.digest for chunk in expected.chunks})
    assert load(opened(directory), text) == expected


@given(YAML_LIKE)
def test_documents_come_back(tmp_path_factory, text):
    try:
        found = documents(text)
    except Unreadable:
        return
    directory = tmp_path_factory.mktemp("state")
    cache = opened(directory)
    cache.add(DIGEST, found)
    cache.save({DIGEST})
    back = opened(directory).get(DIGEST)
    assert [(item.line, repr(item.value)) for item in back] == [(item.line, repr(item.value)) for item in found]


def test_numbers_that_json_has_not_come_back(tmp_path):
    cache = opened(tmp_path)
    cache.add(DIGEST, documents("[.inf, -.inf, .nan, 12345678901234567890123]"))
    cache.save({DIGEST})
    first, second, third, fourth = opened(tmp_path).get(DIGEST)[0].value
    assert (first, second, fourth) == (math.inf, -math.inf, 12345678901234567890123)
    assert math.isnan(third)


def test_restart_parses_nothing(saved, monkeypatch):
    monkeypatch.setattr(manifest_file, "read_chunk", None)
    assert load(opened(saved), TEXT).machines[0].name == "um790-1"


def test_problems_are_told_again_with_their_lines(tmp_path):
    text = TEXT + "spec: {}\n"
    first = opened(tmp_path)
    loaded = load(first, text)
    assert [problem.line for problem in loaded.problems if "twice" in problem.message] == [TEXT.count("\n") + 1]
    first.save({chunk.digest for chunk in loaded.chunks})
    assert load(opened(tmp_path), text) == loaded


def test_problems_of_fields_are_told_again(tmp_path):
    text = TEXT.replace("lease_time: 86400", "lease_time: soon")
    assert text != TEXT
    first = opened(tmp_path)
    loaded = load(first, text)
    assert loaded.problems
    assert first.save({chunk.digest for chunk in loaded.chunks})
    assert load(opened(tmp_path), text) == loaded


def test_aliases_are_not_written_out(tmp_path):
    """A file of a few hundred bytes would become one of gigabytes."""
    text = "a: &a [" + "x" * 1000 + "]\nb: [" + "*a," * 1000 + "]\n"
    cache = opened(tmp_path)
    loaded = load(cache, text)
    assert loaded.problems == () or loaded.chunks
    assert not cache.save({chunk.digest for chunk in loaded.chunks})


def spoil_head(field: str, value: object):
    def spoil(path: Path) -> None:
        head, *rest = path.read_text().split("\n")
        path.write_text("\n".join([json.dumps({**json.loads(head), field: value}), *rest]))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_head("format", 99), "another version"),
        (spoil_head("yaml", "PyYAML 1.0"), "another version"),
        (lambda path: path.write_bytes(b"[]\n"), "another version"),
        (lambda path: path.write_bytes(b""), "not as it was written"),
        (lambda path: path.write_bytes(b"\xff\x00"), "not as it was written"),
        (lambda path: path.write_bytes(b"[" * 100_000), "not as it was written"),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "not as it was written"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"um790-1", b"um790-2")), "not as it was written"),
        (lambda path: path.write_bytes(path.read_bytes() + b"[]\n"), "not as it was written"),
        (lambda path: path.chmod(0o644), "others"),
        (lambda path: path.rename(path.with_name("x")) and path.symlink_to("x"), "symbolic"),
        (lambda path: path.unlink() or path.mkdir(), "directory|others"),
    ],
)
def test_file_that_is_not_as_written_is_not_used_and_says_why(saved, spoil, reason):
    spoil(saved / module.NAME)
    cache = ManifestCache(saved)
    trouble = cache.open()
    assert trouble
    assert re.search(reason, trouble)
    assert cache.get(DIGEST) is None
    assert load(cache, TEXT).machines[0].name == "um790-1"


@pytest.mark.parametrize("documents", [5, [[1]], [["x", {}]], None, [[0, {}, 1]]])
def test_line_of_another_shape_is_not_used(saved, documents):
    line = json.dumps([DIGEST.hex(), documents], separators=(",", ":")).encode()
    head = {"format": module.FORMAT, "yaml": module.library(), "digest": module._digest_of([line, b"\n"])}
    (saved / module.NAME).write_bytes(json.dumps(head).encode() + b"\n" + line + b"\n")
    assert opened(saved).get(DIGEST) is None


def test_save_writes_only_where_something_has_changed(saved):
    cache = opened(saved)
    assert not cache.save({DIGEST})
    assert not cache.save({DIGEST, b"of another, which was never cached"})
    assert cache.save(set())
    assert not cache.save(set())


def test_save_forgets_what_no_manifest_holds_any_more(saved):
    other = digest_of("a: 1")
    cache = opened(saved)
    cache.add(other, documents("a: 1"))
    cache.close()
    cache.save({other})
    assert opened(saved).get(DIGEST) is None
    assert "um790" not in (saved / module.NAME).read_text()


def test_save_keeps_what_was_in_the_file_already(saved):
    other = digest_of("a: 1")
    cache = opened(saved)
    cache.close()
    cache.add(other, documents("a: 1"))
    cache.save({DIGEST, other})
    again = opened(saved)
    assert (again.get(DIGEST), again.get(other)) == (documents(), documents("a: 1"))


def test_size_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 300)
    cache = opened(tmp_path)
    digests = [digest_of(str(number)) for number in range(10)]
    for digest in digests:
        cache.add(digest, documents("a: 1"))
        cache.save(digests)
    assert 0 < (tmp_path / module.NAME).stat().st_size < 600
    assert opened(tmp_path).get(digests[0]) == documents("a: 1")


def test_failed_save_leaves_the_file_and_nothing_beside_it(saved, monkeypatch):
    before = (saved / module.NAME).read_bytes()
    cache = opened(saved)
    monkeypatch.setattr(Path, "replace", lambda *_unused: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        cache.save(set())
    assert [path.name for path in saved.iterdir()] == [module.NAME]
    assert (saved / module.NAME).read_bytes() == before


def test_tree_reads_a_changed_file_though_its_stamp_is_the_same(saved, tmp_path_factory):
    """The text counts, not when a file was written or what it is called."""
    root = tmp_path_factory.mktemp("manifests")
    (root / "a.yaml").write_text(TEXT.replace("um790-1", "um790-2"))
    tree = Tree(str(root), opened(saved))
    tree.load()
    assert [machine.name for machine in tree.machines.values()] == ["um790-2"]
