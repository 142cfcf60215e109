# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every tutorial is run by something, and what no test runs of it says why and is little."""

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


# By what they begin with: each more is a decision.
NOT_RUN = {
    "air-gapped": ["mkdir -p carry/deb", "apt-get download", "ansible localhost", "dpkg --install"],
    "beside-a-dhcp-server": [],
    "demo": [],
    "harvester-cluster": [],
    "one-machine": ["apt-get install", "python3 -m venv", ". /opt", "pip install"],
}
ALONE = "tests/loopback/test_tutorial_downloads.py"  # where others are typed, with servers of its own
RUN_ALONE = {
    "air-gapped": ["ansible-galaxy collection download"],
    "demo": ["git clone", "cd netboot"],
    "one-machine": ["ansible-galaxy collection install"],
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_is_run_but_what_is_known_not_to_be(page):
    assert [step for step in typed(page) if not step.not_run] != []
    for alone, known in ((False, NOT_RUN[page.stem]), (True, RUN_ALONE.get(page.stem, []))):
        left_out = [step.command for step in typed(page) if step.not_run and step.alone is alone]
        assert len(left_out) == len(known), left_out
        assert all(command.startswith(begin) for command, begin in zip(left_out, known, strict=True))
    test = (ROOT / ALONE).read_text(encoding="utf-8")
    assert [begin for begin in RUN_ALONE.get(page.stem, []) if f'"{begin}' not in test] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_command_hides_in_another_kind_of_block(page):
    """What a reader would type stands in a block of `console`, which is run, or in the running text."""
    text = re.sub(r"^```(console|yaml)\n.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^(?:    |```|\$ ).*", text, re.MULTILINE) == []
