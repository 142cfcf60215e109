# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/troubleshooting.md prints is what bootd's commands print, of a site with all of these troubles."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import pytest

from _bootd.daemon import main
from docsite.transcript import Typed, difference, steps
from samples import troubles

PAGE = Path(__file__).resolve().parents[3] / "docs/troubleshooting.md"
COMMANDS = [step for step in steps(PAGE) if isinstance(step, Typed)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site's directory and the file of bootd's settings there."""
    directory = tmp_path_factory.mktemp("site")
    return directory, troubles.lay_out(directory, time.time())


@pytest.mark.parametrize("typed", COMMANDS, ids=lambda typed: typed.command)
def test_page_says_what_the_command_prints(typed, site, capsys):
    directory, settings = site
    argv, _bar, count = typed.command.partition(" | grep -c ")
    program, command, *more = shlex.split(argv)
    assert program == "bootd"
    assert main([command, *more, "--settings", str(settings)]) in (0, 1)
    printed = capsys.readouterr().out
    if count:
        printed = f"{sum(count in line for line in printed.splitlines())}\n"
    names = {f"{directory}/hardware": "/etc/bootd/hardware", f"{directory}/boot": "/opt/bootd/boot"}
    found = difference(typed.prints, printed, names)
    assert not found, found


def test_each_trouble_of_the_site_is_on_the_page():
    shown = {word for typed in COMMANDS for word in typed.command.split() if word.startswith("node-")}
    assert shown == {f"node-{number}" for number in range(1, 10)}


def test_each_symptom_has_what_explain_rehearse_or_the_page_shows():
    symptoms = dict(section.split("\n", 1) for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:])
    del symptoms["Where it stands"], symptoms["Nothing helps"]
    shows = ("bootd explain ", "[`rehearse`](rehearsal.md)", "he page](page.md)")
    assert len(symptoms) > 8
    assert [title for title, text in symptoms.items() if not any(what in text for what in shows)] == []
