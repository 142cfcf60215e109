# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in Chromium, over machines in memory."""

from __future__ import annotations

import base64
import hashlib
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from _bootd.commands.explain_served import explain_served
from _bootd.decisions.events import Detail, Event
from _bootd.decisions.stages import State
from _bootd.hardware.model import Machine
from _bootd.http.app import create_app
from _bootd.ipxe.render import render
from clients.browser import Browser, browsing
from programs.require import fail_or_skip, require
from servers.http_site import Site, machine, make_site, serve_switches, serving

CACHE = Path(__file__).resolve().parents[2] / "build/cache"
# Finds what keeps people from using a page (Mozilla Public License 2.0): fetched for the tests, and no part of bootd.
AXE = "https://registry.npmjs.org/axe-core/-/axe-core-4.14.1.tgz"
AXE_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
TOKEN = "0123456789abcdef" * 4
COMPLETE = "document.documentElement.dataset.complete === 'yes'"


@dataclass
class Served:
    """A site that is served at ``url``."""

    site: Site
    url: str

    def seen(self, of: Machine, detail: Detail, ago: float = 0.0) -> None:
        """Have bootd see something of a machine, ``ago`` seconds before now."""
        self.site.journal.record(Event(of.key, of.interfaces[0].mac, time.time() - ago, detail))

    def machines(self) -> list[dict[str, Any]]:
        return self.site.get("/api/v1/machines").json["machines"]


def machines(number: int) -> list[Machine]:
    """Return as many machines, each with an address of its own."""
    hundreds = [divmod(place, 200) for place in range(number)]
    return [
        machine(f"um790-{100 * 2 * high + low}", f"58:47:ca:00:{high:02x}:{low:02x}", f"10.10.{high}.{low + 1}")
        for high, low in hundreds
    ]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    require("chromium", "bash")
    with browsing() as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """A browser that knows nothing of earlier tests; whatever its console tells is a failure."""
    chromium.show("about:blank")
    chromium.look_like()
    chromium.faults.clear()
    chromium.requests.clear()
    yield chromium
    assert chromium.faults == []


@pytest.fixture
def number() -> int:
    """How many machines there are."""
    return 12


@pytest.fixture
def served(tmp_path: Path, number: int) -> Iterator[Served]:
    """A site with machines, at which nothing was seen yet, and whose admin token is TOKEN."""
    token = tmp_path / "token"
    token.write_text(TOKEN, encoding="ascii")
    site = make_site(tmp_path, *machines(number), bind="127.0.0.1", http_port=0, admin_token_file=str(token))
    object.__setattr__(site.services, "clock", time.time)
    site.journal.opened_at = time.time() - 3600
    site.journal._unseen = State(since=site.journal.opened_at)
    serve_switches(site)
    site.app = create_app(site.services, site.settings.boot_files, render, explain_served)
    with serving(site) as port:
        yield Served(site, f"http://127.0.0.1:{port}/")


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, fetched once."""
    archive = CACHE / AXE.rpartition("/")[2]
    if not archive.exists():
        try:
            with urllib.request.urlopen(AXE, timeout=60) as answer:
                content = answer.read()
        except OSError as error:
            fail_or_skip(f"{AXE} can't be fetched: {error}")
        assert base64.b64encode(hashlib.sha512(content).digest()).decode() == AXE_SHA512, f"{AXE} is another file"
        archive.parent.mkdir(parents=True, exist_ok=True)
        archive.write_bytes(content)
    with tarfile.open(archive) as files:
        source = files.extractfile("package/axe.min.js")
        assert source is not None
        return source.read().decode()
