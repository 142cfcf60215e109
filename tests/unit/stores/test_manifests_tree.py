# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests as they are served: what changed is read again, what can't be read stays. Time is passed in."""

from __future__ import annotations

import os
import time

import pytest

from _bootd.stores.manifests import tree as module
from _bootd.stores.manifests.directory import list_manifests
from _bootd.stores.manifests.tree import ABSENT_POLL, GRACE, MAX_GRACE, OPEN_SETTLE, SETTLE, Tree, WriterActivity
from samples.manifests import key, mac, manifest

LATER = 1000.0  # seconds after which every file has come to rest


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "manifests"
    root.mkdir()
    return root


@pytest.fixture
def tree(root):
    (root / "a.yaml").write_text(manifest(1) + "---\n" + manifest(2))
    (root / "b.yaml").write_text(manifest(3))
    tree = Tree(str(root))
    tree.load()
    return tree


class Clock:
    """Now, far enough from any write in these tests unless set back."""

    def __init__(self) -> None:
        self.now = time.time() + LATER

    def __call__(self, seconds: float = 0.0) -> float:
        self.now += seconds
        return self.now


@pytest.fixture
def clock():
    return Clock()


def refresh(tree, clock, *finished):
    return tree.refresh(WriterActivity(clock(), frozenset(str(path) for path in finished)))


def messages(tree) -> list[str]:
    return [f"{problem.where}: {problem.message}" for problem in tree.problems()]


def test_load_every_document_of_every_file(tree, root):
    assert sorted(tree.machines) == [key(1), key(2), key(3)]
    assert tree.machines[key(2)].source == f"{root}/a.yaml, document 2"
    assert messages(tree) == []


def test_load_of_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Tree(str(tmp_path / "nowhere")).load()


def test_refresh_without_a_change_reads_nothing(tree, clock, monkeypatch):
    monkeypatch.setattr(module, "read_stamped", lambda path, _size: pytest.fail(f"{path} was read"))
    assert refresh(tree, clock) == module.Refreshed(False, 0.0)


def test_refresh_reads_only_the_file_that_changed(tree, root, clock, monkeypatch):
    read = []
    real = module.read_stamped
    monkeypatch.setattr(module, "read_stamped", lambda path, size: read.append(path) or real(path, size))
    (root / "b.yaml").write_text(manifest(3, address="10.10.0.33"))
    assert refresh(tree, clock).changed
    assert read == [str(root / "b.yaml")]
    assert tree.machines[key(3)].interfaces[0].address == "10.10.0.33"


def test_refresh_keeps_the_machines_of_unchanged_documents(tree, root, clock):
    before = dict(tree.machines)
    (root / "a.yaml").write_text(manifest(1) + "---\n" + manifest(2, address="10.10.0.22"))
    assert refresh(tree, clock).changed
    assert tree.machines[key(1)] is before[key(1)]
    assert tree.machines[key(2)] is not before[key(2)]


def test_refresh_document_that_moved_within_its_file_has_its_new_place(tree, root, clock):
    (root / "a.yaml").write_text(manifest(9) + "---\n" + manifest(1) + "---\n" + manifest(2))
    refresh(tree, clock)
    assert tree.machines[key(2)].source == f"{root}/a.yaml, document 3"


def test_refresh_same_size_and_time_is_read_when_its_writing_was_seen(tree, root, clock):
    path = root / "b.yaml"
    before = path.stat()
    path.write_text(path.read_text().replace("10.10.0.103\n", "10.10.0.104\n"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    refresh(tree, clock, path)
    assert tree.machines[key(3)].interfaces[0].address == "10.10.0.104"


def test_refresh_file_that_is_being_written_waits_for_its_end(tree, root, clock):
    path = root / "b.yaml"
    path.write_text(manifest(3)[:100])
    os.utime(path, (clock.now - SETTLE / 2, clock.now - SETTLE / 2))
    refreshed = refresh(tree, clock)
    assert refreshed == module.Refreshed(False, SETTLE)
    path.write_text(manifest(3, address="10.10.0.33"))
    assert refresh(tree, clock, path).changed
    assert tree.machines[key(3)].interfaces[0].address == "10.10.0.33"


def test_refresh_end_of_a_writing_says_nothing_of_the_next(tree, root):
    path = root / "b.yaml"
    path.write_text(manifest(3)[:100])
    closed = path.stat().st_mtime - 0.001
    assert tree.refresh(WriterActivity(closed, frozenset({str(path)}))) == module.Refreshed(False, SETTLE)
    assert tree.machines[key(3)].interfaces


def test_refresh_file_that_its_writer_has_open_waits_longer_but_not_for_ever(tree, root):
    path = root / "b.yaml"
    path.write_text(manifest(3, address="10.10.0.33"))
    writing, written = frozenset({str(path)}), path.stat().st_mtime
    assert tree.refresh(WriterActivity(written + SETTLE * 2, writing=writing)) == module.Refreshed(False, SETTLE)
    assert tree.refresh(WriterActivity(written + OPEN_SETTLE + 0.1, writing=writing)).changed


def test_refresh_file_that_changes_while_it_is_read_is_read_again(tree, root, clock, monkeypatch):
    path = root / "b.yaml"
    path.write_text(manifest(3)[:100])

    def read(descriptor, size, real=os.read):
        data = real(descriptor, size)
        path.write_text(manifest(3, address="10.10.0.33"))
        return data

    with monkeypatch.context() as patch:
        patch.setattr(os, "read", read)
        assert refresh(tree, clock, path) == module.Refreshed(False, SETTLE)
    assert refresh(tree, clock, path).changed
    assert tree.machines[key(3)].interfaces[0].address == "10.10.0.33"


@pytest.mark.parametrize("content", ["spec: [unclosed", "\ta: 1", "\x00\x01", "a: 'b"])
def test_refresh_file_that_stops_parsing_keeps_its_machines(tree, root, clock, content):
    (root / "a.yaml").write_text(content)
    assert refresh(tree, clock).changed
    assert sorted(tree.machines) == [key(1), key(2), key(3)]
    (message,) = messages(tree)
    assert message.startswith(f"{root}/a.yaml:")
    (root / "a.yaml").write_text(manifest(1))
    assert refresh(tree, clock).changed
    assert sorted(tree.machines) == [key(1), key(3)]
    assert messages(tree) == []


def test_refresh_broken_document_keeps_its_last_good_version_beside_the_good(tree, root, clock):
    (root / "a.yaml").write_text(manifest(1, address="10.10.0.11") + "---\n" + manifest(2) + " x: [\n")
    refresh(tree, clock)
    assert tree.machines[key(1)].interfaces[0].address == "10.10.0.11"
    assert tree.machines[key(2)].interfaces[0].address == "10.10.0.102"
    (message,) = messages(tree)
    assert "a.yaml" in message


def test_refresh_broken_file_twice_still_keeps_its_machines(tree, root, clock):
    for content in ("[", "{"):
        (root / "a.yaml").write_text(content)
        refresh(tree, clock)
    assert sorted(tree.machines) == [key(1), key(2), key(3)]


def test_refresh_empty_file_has_no_machines(tree, root, clock):
    (root / "a.yaml").write_text("")
    refresh(tree, clock)
    assert sorted(tree.machines) == [key(3)]


def test_refresh_unreadable_file_keeps_its_machines_and_is_tried_again(tree, root, clock, monkeypatch):
    (root / "b.yaml").write_text(manifest(3, address="10.10.0.33"))

    def refuse(_path, _size):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(module, "read_stamped", refuse)
        assert refresh(tree, clock).changed
        assert not refresh(tree, clock).changed
    assert tree.machines[key(3)].interfaces[0].address == "10.10.0.103"
    assert "Permission denied" in messages(tree)[0]
    assert refresh(tree, clock).changed
    assert tree.machines[key(3)].interfaces[0].address == "10.10.0.33"
    assert messages(tree) == []


def test_refresh_deleted_file_takes_its_machines_along_after_a_moment(tree, root, clock):
    (root / "a.yaml").unlink()
    assert refresh(tree, clock) == module.Refreshed(False, GRACE)
    assert key(1) in tree.machines
    clock(GRACE)
    assert refresh(tree, clock) == module.Refreshed(True, 0.0)
    assert sorted(tree.machines) == [key(3)]


def test_refresh_file_that_comes_back_in_time_was_never_away(tree, root, clock):
    content = (root / "a.yaml").read_text()
    (root / "a.yaml").unlink()
    refresh(tree, clock)
    (root / "a.yaml").write_text(content)
    clock(GRACE)
    assert refresh(tree, clock) == module.Refreshed(False, 0.0)
    assert sorted(tree.machines) == [key(1), key(2), key(3)]


def test_refresh_directory_that_is_being_removed_keeps_everything(tree, root, clock):
    (root / "a.yaml").unlink()
    refresh(tree, clock)
    clock(GRACE / 2)
    (root / "b.yaml").unlink()
    refresh(tree, clock)
    root.rmdir()
    clock(GRACE)
    assert refresh(tree, clock) == module.Refreshed(True, ABSENT_POLL)
    assert sorted(tree.machines) == [key(1), key(2), key(3)]


def test_refresh_files_that_keep_vanishing_go_in_the_end(root, clock):
    for number in range(1, 30):
        (root / f"{number}.yaml").write_text(manifest(number))
    tree = Tree(str(root))
    tree.load()
    waited = 0.0
    for number in range(1, 30):
        (root / f"{number}.yaml").unlink()
        if refresh(tree, clock).changed:
            break
        clock(GRACE * 0.9)
        waited += GRACE * 0.9
    assert MAX_GRACE <= waited <= MAX_GRACE + 2 * GRACE


def test_refresh_vanished_directory_serves_on_and_follows_when_it_is_back(tree, root, clock, tmp_path):
    root.rename(tmp_path / "away")
    assert refresh(tree, clock) == module.Refreshed(True, ABSENT_POLL)
    assert refresh(tree, clock) == module.Refreshed(False, ABSENT_POLL)
    assert sorted(tree.machines) == [key(1), key(2), key(3)]
    (message,) = messages(tree)
    assert message.startswith(f"{root}: ")
    (tmp_path / "away" / "b.yaml").write_text(manifest(4))
    (tmp_path / "away").rename(root)
    assert refresh(tree, clock).changed
    assert sorted(tree.machines) == [key(1), key(2), key(4)]
    assert messages(tree) == []


def test_refresh_file_that_was_renamed_is_no_clash_with_itself(tree, root, clock):
    (root / "b.yaml").rename(root / "c.yaml")
    refresh(tree, clock)
    assert messages(tree) == []
    assert tree.machines[key(3)].source == f"{root}/c.yaml"


def test_merge_of_two_with_one_name_serves_the_older_and_tells(tree, root, clock):
    (root / "0.yaml").write_text(manifest(3, address="10.10.0.99"))
    os.utime(root / "0.yaml", (clock.now - 10, clock.now - 10))
    refresh(tree, clock)
    assert tree.machines[key(3)].interfaces[0].address == "10.10.0.103"
    (message,) = messages(tree)
    assert "0.yaml" in message and "b.yaml" in message


def test_edited_machine_keeps_its_age(tree, root, clock):
    created = tree.machines[key(3)].created
    (root / "b.yaml").write_text(manifest(3, address="10.10.0.33"))
    os.utime(root / "b.yaml", (clock.now - 5, clock.now - 5))
    refresh(tree, clock)
    assert tree.machines[key(3)].created == created


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("10.10.0.1\n          netmask", "fe80::1\n          netmask"), "gateway"),
        ((mac(3), "52:54:00:00:00"), "mac"),
        (("allowPXE: true", "allowPXE: maybe"), "allowPXE"),
        (("name: um790-3\n  n", "name: ../x\n  n"), "metadata.name"),
        (("name: um790-3\n  n", "n"), "metadata.name"),
        (("v1alpha1", "v1alpha2"), "apiVersion"),
        (("kind: Hardware", "kind: hardware"), "kind"),
    ],
)
def test_object_that_is_not_served_as_written_is_a_problem(root, change, words):
    text = manifest(3)
    assert change[0] in text
    (root / "c.yaml").write_text(text.replace(*change))
    tree = Tree(str(root))
    tree.load()
    assert any(words in message for message in messages(tree))


def test_object_of_another_kind_is_no_problem(tree, root, clock):
    (root / "c.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    refresh(tree, clock)
    assert messages(tree) == []
    assert sorted(tree.machines) == [key(1), key(2), key(3)]


def test_list_manifests_which_files(root):
    read = ["a.yaml", "b.yml", "c.json"]
    for name in [
        *read,
        ".a.yaml.swp",
        ".hidden.yaml",
        "a.yaml~",
        "#a.yaml#",
        "4913",
        "README.md",
    ]:
        (root / name).touch()
    for name in ["sub/d.yaml", "sub/sub/e.yaml", ".git/f.yaml"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    os.mkfifo(root / "pipe.yaml")
    listing = list_manifests(str(root))
    found = [os.path.relpath(path, root) for path in sorted(listing.files)]
    assert found == [*read, "sub/d.yaml", "sub/sub/e.yaml"]
    assert sorted(listing.directories) == [str(root), str(root / "sub"), str(root / "sub/sub")]
    assert listing.skipped == {}


def test_list_manifests_links(root, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.yaml").touch()
    (root / "out.yaml").symlink_to(outside / "x.yaml")
    (root / "dangling.yaml").symlink_to(root / "nowhere.yaml")
    (root / "loop").symlink_to(root)
    (root / "dir").symlink_to(outside)
    (root / "real.yaml").touch()
    (root / "in.yaml").symlink_to(root / "real.yaml")
    listing = list_manifests(str(root))
    assert sorted(os.path.basename(path) for path in listing.files) == ["in.yaml", "real.yaml"]
    assert list(listing.skipped) == [str(root / "out.yaml")]


def test_list_manifests_of_a_link_to_a_directory(root, tmp_path):
    (root / "a.yaml").touch()
    (root / "b.yaml").symlink_to("a.yaml")
    link = tmp_path / "link"
    link.symlink_to(root)
    assert sorted(list_manifests(str(link)).files) == [f"{link}/a.yaml", f"{link}/b.yaml"]


def test_refresh_config_map_that_is_swapped(root, clock):
    """Kubernetes mounts a ConfigMap as links through ..data, which it replaces by rename."""
    for version, address in (("1", "10.10.0.105"), ("2", "10.10.0.106")):
        (root / f"..{version}").mkdir()
        (root / f"..{version}" / "m.yaml").write_text(manifest(5, address=address))
    (root / "..data").symlink_to("..1")
    (root / "m.yaml").symlink_to("..data/m.yaml")
    tree = Tree(str(root))
    tree.load()
    assert tree.machines[key(5)].interfaces[0].address == "10.10.0.105"
    (root / "..new").symlink_to("..2")
    (root / "..new").rename(root / "..data")
    assert refresh(tree, clock).changed
    assert tree.machines[key(5)].interfaces[0].address == "10.10.0.106"
