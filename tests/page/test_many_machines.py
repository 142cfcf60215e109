# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand machines of which fifty things are seen a second: every frame is drawn in time, and nothing piles up."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter

import pytest

from _bootd.decisions import events
from clients.browser import browsing
from page.boots import BOOT
from page.conftest import COMPLETE
from programs.require import require

MACHINES = 1000
A_SECOND = 50
SECONDS = 10.0
LONGEST_FRAME = 100.0  # milliseconds
GROWTH = 1.15  # of the heap after a collection

# The longest time between two frames, and the longest that a script ran, from now on.
WATCH = """
window.frames = []; window.tasks = [];
let last = performance.now();
const frame = (now) => { window.frames.push(now - last); last = now; requestAnimationFrame(frame); };
requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
const long = (list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration));
new PerformanceObserver(long).observe({type: 'longtask'});
"""
# What stands on the buttons above the table: how many machines are at each stage.
SHOWN = """JSON.stringify([...document.querySelectorAll('#stages button:not([hidden])')]
    .map((button) => [button.firstChild.data, Number(button.lastChild.textContent)]).sort())"""


@pytest.fixture
def browser():
    """A browser before which everything else on this machine stands back: its frames are those of the page."""
    require("chromium", "bash")
    if os.geteuid():
        pytest.skip("only root may have a program go before others")
    with browsing(urgent=True) as browser:
        browser.look_like()
        yield browser


@pytest.fixture
def number():
    return MACHINES


def heap(browser):
    """Bytes that scripts hold, and the number of nodes, after a collection."""
    browser.call("HeapProfiler.collectGarbage")
    used = browser.evaluate("performance.memory.usedJSHeapSize")
    return used, browser.evaluate("document.querySelectorAll('*').length")


def test_a_thousand_machines_without_a_stutter(browser, served):
    browser.show(served.url)
    browser.wait_for(COMPLETE)
    browser.wait_for(f"document.querySelectorAll('#rows .row').length === {MACHINES}")
    own = served.site.catalog.machines()
    chosen = random.Random(7)
    ended = threading.Event()

    def happen() -> None:
        began, count = time.monotonic(), 0
        while not ended.is_set():
            machine = chosen.choice(own)
            detail = chosen.choice([detail for _at, detail in BOOT] + [events.Progress("iso", count, 100_000)])
            served.seen(machine, detail)
            count += 1
            ended.wait(max(0.0, began + count / A_SECOND - time.monotonic()))

    source = threading.Thread(target=happen)
    source.start()
    try:
        time.sleep(2.0)
        before = heap(browser)
        browser.evaluate(WATCH)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            # Somebody reads on meanwhile.
            browser.evaluate("window.scrollBy({top: 400, behavior: 'smooth'})")
            time.sleep(0.5)
        frames, tasks = browser.evaluate("window.frames"), browser.evaluate("window.tasks")
        after = heap(browser)
    finally:
        ended.set()
        source.join()
    print(f"\n{len(frames)} frames, the longest {sorted(frames)[-3:]} ms, tasks {tasks}, heap {before} -> {after}")
    assert len(frames) > SECONDS * 10
    assert max(frames) < LONGEST_FRAME
    assert max(tasks, default=0) < LONGEST_FRAME
    assert after[0] < before[0] * GROWTH
    assert after[1] <= before[1] + 100
    stages = Counter(document["stage"] for document in served.machines())
    browser.wait_for(f"{SHOWN} === {json.dumps(json.dumps(sorted(stages.items()), separators=(',', ':')))}")
