# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree that Sphinx reads: pages where their links hold, the entry with its trees, pictures where there are some."""

from __future__ import annotations

import pytest

from docsite import source

ENTRY = """\
# Documentation

[What it is](../README.md)

## Guides

- [One](one.md#part): a page. [Elsewhere](https://example.org/page.md)
- [Two](guides/two.md)

## Reference

- [A file](../example.yml)
"""
PICTURE = "# One\n\n<!-- picture machines: the page,\nwith machines -->\n"


@pytest.fixture
def checkout(tmp_path):
    files = {"README.md": "# It\n", "docs/README.md": ENTRY, "docs/one.md": PICTURE, "docs/guides/two.md": PICTURE}
    for name, text in {
        **files,
        "example.yml": "a: 1\n",
        "roles/a/README.md": "# a\n",
        "tests/notes.md": "no\n",
    }.items():
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "checkout"


def assembled(checkout, tmp_path):
    """The tree's files by name."""
    target = tmp_path / "tree"
    source.assemble(checkout, tmp_path / "pictures", target)
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def test_pages_and_the_files_they_link_are_there_and_nothing_else(checkout, tmp_path):
    pages = {"README.md", "docs/README.md", "docs/one.md", "docs/guides/two.md", "roles/a/README.md"}
    assert set(assembled(checkout, tmp_path)) == {*pages, "example.yml"}


def test_what_was_there_before_is_gone(checkout, tmp_path):
    assembled(checkout, tmp_path)
    (checkout / "docs/one.md").unlink()
    assert "docs/one.md" not in assembled(checkout, tmp_path)


def test_entry_gets_a_tree_for_each_section_and_the_collection_is_reference(checkout, tmp_path):
    text = assembled(checkout, tmp_path)["docs/README.md"].decode()
    assert text.startswith(ENTRY)
    trees = text.removeprefix(ENTRY).split("```{toctree}\n")[1:]
    # By the name of the collection, which antsibull-docs gives that page, nobody would look for modules there.
    assert [tree.rstrip().splitlines() for tree in trees] == [
        [":hidden:", ":caption: Guides", "", "one", "guides/two", "```"],
        [":hidden:", ":caption: Reference", "", "Modules and plugins <collection/index>", "```"],
    ]


def test_picture_is_in_its_place_from_pages_at_any_depth(checkout, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/machines.png").write_bytes(b"png")
    files = assembled(checkout, tmp_path)
    assert files["docs/pictures/machines.png"] == b"png"
    assert "![the page, with machines](../docs/pictures/machines.png)" in files["docs/one.md"].decode()
    assert "![the page, with machines](../../docs/pictures/machines.png)" in files["docs/guides/two.md"].decode()


def test_first_picture_that_was_made_is_taken(checkout, tmp_path):
    """One of a real boot is made by `make e2e`, and one like it by `make page` in a minute."""
    text = "<!-- picture boot or machines: a boot -->\n"
    (checkout / "docs/one.md").write_text(text, encoding="utf-8")
    (tmp_path / "pictures").mkdir()
    for name in ("machines", "boot"):
        (tmp_path / f"pictures/{name}.png").write_bytes(b"png")
        assert f"![a boot](../docs/pictures/{name}.png)" in assembled(checkout, tmp_path)["docs/one.md"].decode()


def test_picture_that_was_not_made_has_a_text_in_its_place(checkout, tmp_path):
    text = assembled(checkout, tmp_path)["docs/one.md"].decode()
    assert "*the page, with machines: " in text
    assert "![" not in text and "<!--" not in text
