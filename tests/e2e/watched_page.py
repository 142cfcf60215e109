# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd's page in Chromium while a machine boots: it shows by itself what happens, and the numbers of the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from clients.browser import Browser, browsing
from e2e.site import Site
from integration.daemon.running import ROOT
from lab import bootstrap
from programs.require import require

PAGE = "http://10.10.0.20:7080/"
STAGE = "document.querySelector('#rows .stage')?.textContent"
WATCH = """
window.stages = ['known'];
new MutationObserver(() => {
    const now = document.querySelector('#rows .stage').textContent;
    if (now !== window.stages.at(-1)) window.stages.push(now);
}).observe(document.querySelector('#rows'), {subtree: true, childList: true, characterData: true});
"""


@contextmanager
def watched(site: Site) -> Iterator[None]:
    """Have bootd's page open in Chromium, at its node, while the machine boots: it shows how that goes by itself."""
    require("chromium")
    with browsing(partial(site.lab.popen, bootstrap.NODE)) as browser:
        browser.look_like()
        browser.show(PAGE)
        browser.wait_for(f"({STAGE}) === 'known'")
        browser.evaluate(WATCH)
        yield
        browser.wait_for(f"({STAGE}) === 'ready'")
        shown, reached = browser.evaluate("window.stages"), [step["stage"] for step in site.known()["stages"]]
        # In their order, and all that lasted for longer than bootd waits until it tells of a change.
        assert [stage for stage in reached if stage in shown] == shown
        assert {"known", "loading", "kernel", "installing", "ready"} <= set(shown)
        look_at_machine(browser, site)
        assert browser.faults == []


def look_at_machine(page: Browser, site: Site) -> None:
    """See that the numbers on the machine's own page are those of the API, and keep a picture of it."""
    page.evaluate("location.hash = document.querySelector('#rows a').hash")
    page.wait_for("document.querySelectorAll('#seen tbody tr').length > 5")
    known = site.known()
    facts = page.evaluate("document.querySelector('#view-machine dl').textContent")
    assert known["facts"]["serial"] in facts
    assert f"attempt {known['attempt']}," in page.evaluate("document.querySelector('#machine-since').textContent")
    stages = page.evaluate("[...document.querySelectorAll('#timeline rect > title')].map((it) => it.textContent)")
    shown = [step["stage"] for step in known["stages"]][1:]
    assert [stage for stage in shown if not any(text.startswith(f"{stage} for ") for text in stages)] == []
    page.look_like(height=1400)
    page.picture(ROOT / f"build/pictures/boot-{known['firmware']}.png")
