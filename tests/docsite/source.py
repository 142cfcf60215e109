# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree that Sphinx reads: the project's Markdown where it lies in the checkout, so that its links hold.

Two things are added that Markdown has no words for: docs/README.md, the entry, gets the tree of the pages that it
links, and a comment `<!-- picture NAME or NAME: what it shows -->` becomes the first build/pictures/NAME.png that
there is.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

ENTRY = "docs/README.md"
# The collection's own pages, which antsibull-docs writes from its documentation, go here.
COLLECTION = "docs/collection"
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
_PICTURE = re.compile(r"^<!-- picture ([a-z0-9-]+(?: or [a-z0-9-]+)*): (.+?) -->$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## +", re.MULTILINE)


def documents(root: Path) -> list[Path]:
    """Return the project's Markdown files, without those that are only for working on it."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "roles").glob("*/README.md")])


def assemble(root: Path, pictures: Path, target: Path) -> None:
    """Write the tree to ``target``, which is made anew; ``pictures`` need not be there."""
    shutil.rmtree(target, ignore_errors=True)
    for path in documents(root):
        text = with_pictures(path.read_text(encoding="utf-8"), path.parent, root, pictures, target)
        if path == root / ENTRY:
            text += "\n" + "\n".join(trees(text))
        page = target / path.relative_to(root)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        for file in linked_files(text, path.parent):
            copy = target / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def linked_files(text: str, directory: Path) -> Iterator[Path]:
    """Yield the files that a page in ``directory`` links and that are no pages: the site has a copy of each."""
    for link in _LINK.findall(text):
        path = (directory / link).resolve()
        if "://" not in link and path.suffix != ".md" and path.is_file():
            yield path


def with_pictures(text: str, directory: Path, root: Path, pictures: Path, target: Path) -> str:
    """Return a page with its pictures; where one was not made, with a line on how it is made."""

    def picture(match: re.Match[str]) -> str:
        shows = " ".join(match[2].split())
        files = [pictures / f"{name}.png" for name in match[1].split(" or ")]
        file = next((file for file in files if file.is_file()), None)
        if file is None:
            return f"*{shows}: `make page` makes the picture, and this site was built without it.*"
        copy = target / "docs/pictures" / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        up = "../" * len(directory.relative_to(root).parts)
        return f"![{shows}]({up}docs/pictures/{file.name})"

    return _PICTURE.sub(picture, text)


def trees(entry: str) -> Iterator[str]:
    """Yield a hidden tree of pages for each section of the entry, in the order in which it links them."""
    for section in _SECTION.split(entry)[1:]:
        title, _newline, body = section.partition("\n")
        links = [link for link in _LINK.findall(body) if "://" not in link]
        pages = [link.removesuffix(".md") for link in links if link.endswith(".md")]
        more = ["Modules and plugins <collection/index>"] if title == "Reference" else []
        yield "\n".join(["```{toctree}", ":hidden:", f":caption: {title}", "", *pages, *more, "```", ""])
