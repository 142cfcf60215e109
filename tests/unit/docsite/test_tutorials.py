# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every tutorial is run by something, and every command of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docsite.transcript import Typed, steps

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted((ROOT / "docs/tutorials").glob("*.md"))
# Who runs a page, and the word by which it names it.
RUN_BY = {
    "air-gapped": ("tests/e2e/test_tutorials.py", '"air-gapped"'),
    "beside-a-dhcp-server": ("tests/e2e/test_tutorials.py", '"beside-a-dhcp-server"'),
    "demo": ("tests/steps/table.py", '"docs/tutorials/demo.md"'),
    "harvester-cluster": ("tests/lab/harvester.py", '"docs/tutorials/harvester-cluster.md"'),
    "one-machine": ("tests/e2e/test_tutorials.py", '"one-machine"'),
}


def typed(page: Path) -> list[Typed]:
    return [step for step in steps(page) if isinstance(step, Typed)]


def test_every_tutorial_is_run():
    assert sorted(RUN_BY) == [page.stem for page in PAGES]
    for path, named in RUN_BY.values():
        assert named in (ROOT / path).read_text(encoding="utf-8")


# By what they begin with: each is typed by a test of its own, with servers of the test's own.
DOWNLOADS, E2E = "tests/loopback/test_tutorial_downloads.py", "tests/e2e/test_tutorials.py"
RUN_ALONE = {
    "air-gapped": {
        "ansible-galaxy collection download": DOWNLOADS,
        "mkdir -p carry/deb": DOWNLOADS,
        "apt-get download": DOWNLOADS,
        "ansible localhost -m baremetal.netboot.harvester_image": DOWNLOADS,
        "dpkg --install": DOWNLOADS,
    },
    "demo": {"git clone": DOWNLOADS, "cd netboot": DOWNLOADS},
    "one-machine": {
        "apt-get install": E2E,
        "python3 -m venv": E2E,
        ". /opt": E2E,
        "pip install": E2E,
        "ansible-galaxy collection install": DOWNLOADS,
    },
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_is_run(page):
    assert [step for step in typed(page) if not step.alone] != []
    alone, known = [step.command for step in typed(page) if step.alone], RUN_ALONE.get(page.stem, {})
    assert len(alone) == len(known), alone
    assert all(command.startswith(begin) for command, begin in zip(alone, known, strict=True))
    assert [
        begin for begin, test in known.items() if f'"{begin}' not in (ROOT / test).read_text(encoding="utf-8")
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_command_hides_in_another_kind_of_block(page):
    """What a reader would type stands in a block of `console`, which is run, or in the running text."""
    text = re.sub(r"^```(console|yaml)\n.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^(?:    |```|\$ ).*", text, re.MULTILINE) == []
