# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents name only things that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").rglob("*.md")])
PAGES = sorted((ROOT / "docs").rglob("*.md"))
DIRECTORIES = ("bin", "changelogs", "docs", "extensions", "meta", "playbooks", "plugins", "roles", "tests")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def content_names() -> set[str]:
    """Return what may follow ``baremetal.netboot.``: modules, plugins, roles, playbooks and the group of all."""
    found = {path.stem for path in (ROOT / "plugins").glob("[a-z]*/*.py")}
    found |= {path.name for path in (ROOT / "roles").glob("*")}
    found |= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    return found | {"all"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_make_targets_exist(path):
    text = path.read_text(encoding="utf-8")
    in_code = re.findall(r"`make ([a-z0-9-]+)`", text)
    in_blocks = re.findall(r"^(?: {4}|\$ )?(?:[A-Z]+=\S+ )*make ([a-z0-9-]+)\s*(?:#.*)?$", text, re.MULTILINE)
    assert set(in_code + in_blocks) - make_targets() == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_collection_content_exists(path):
    named = set(re.findall(r"\bbaremetal\.netboot\.([a-z_]+)", path.read_text(encoding="utf-8")))
    assert named - content_names() == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert broken == []


def anchors(path: Path) -> set[str]:
    """Return what a link may have behind its #: the headings of a document, as GitHub makes them addresses."""
    headings = re.findall(r"^#+ +(.+?) *$", outside_code(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def outside_code(path: Path) -> str:
    """Return a document without its blocks of code, whose comments look like headings."""
    return re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_to_headings(path):
    links = re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", outside_code(path))
    places = [(path.parent / link if link else path, anchor) for link, anchor in links if "://" not in link]
    assert [anchor for place, anchor in places if anchor not in anchors(place)] == []


def test_every_page_is_in_the_index():
    index = ROOT / "docs/README.md"
    linked = re.findall(r"\]\(([a-z0-9/-]+\.md)\)", index.read_text(encoding="utf-8"))
    assert sorted(linked) == sorted(str(path.relative_to(index.parent)) for path in PAGES if path != index)


@pytest.mark.parametrize("name", ["CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md", "docs/README.md"])
def test_readme_leads_to_it(name):
    assert f"]({name})" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_files_named_in_code_exist(path):
    quoted = re.findall(r"`([A-Za-z0-9_./-]+)`", path.read_text(encoding="utf-8"))
    files = [name for name in quoted if name.split("/")[0] in DIRECTORIES and "/" in name]
    assert [name for name in files if not (ROOT / name).exists() and not (path.parent / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_daemon_options_exist(path):
    """Each long option on a line that runs `bootd` is one that its argument parser knows."""
    options = set()
    for line in re.sub(r"\\\n", " ", path.read_text(encoding="utf-8")).splitlines():
        if re.search(r"\bbootd (serve|machines|check|explain|report-url)\b", line):
            options |= set(re.findall(r"--[a-z][a-z-]+", line))
    sources = "".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "plugins/module_utils/_bootd").glob("commands/*.py")
    )
    assert {option for option in options if f'"{option}"' not in sources} == set()
