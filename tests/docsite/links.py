# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the links of a built site: those that lead nowhere in it, and resources from elsewhere.

Links to other sites are left alone: nothing is fetched.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# A page may lead elsewhere, but it may not load anything from there.
_LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}
_IN_STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")
# A <link> that only tells of another page, and loads nothing.
_TOLD = {"canonical", "next", "prev", "index", "search", "author", "copyright", "top", "up"}


class _Page(HTMLParser):
    """The names that a page's links may have behind their #, its links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := named.get(name))}
        if tag == "a" and (href := named.get("href")):
            self.links.add(href)
        value = named.get(_LOADED.get(tag, ""))
        if value and not (tag == "link" and set((named.get("rel") or "").split()) & _TOLD):
            self.loaded.add(value)


def pages(site: Path) -> list[Path]:
    """Return the pages of the site."""
    return sorted(site.rglob("*.html"))


def problems(site: Path) -> list[str]:
    """Return a sentence for each link and each resource that is wrong."""
    read = {path: _Page(path.read_text(encoding="utf-8")) for path in pages(site)}
    found = []
    for path, page in read.items():
        name = path.relative_to(site)
        found += [f"{name} loads {url}, which is not of this site" for url in sorted(page.loaded) if _elsewhere(url)]
        for url in sorted(page.links | page.loaded):
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append(f"{name} links {url}, and there is no such file")
            elif parts.fragment and target in read and unquote(parts.fragment) not in read[target].anchors:
                found.append(f"{name} links {url}, and there is no such place on that page")
    for sheet in sorted(site.rglob("*.css")):
        loaded = _IN_STYLES.findall(sheet.read_text(encoding="utf-8"))
        found += [f"{sheet.relative_to(site)} loads {url}, which is not of this site" for url in loaded]
    return found


def _elsewhere(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme not in ("", "data")
