# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from programs import known as tools
from programs.require import require

TESTS = Path(__file__).resolve().parents[1]
ESSENTIAL = {"bash", "apt", "dpkg", "util-linux"}


def listed_packages() -> set[str]:
    lines = [line for path in TESTS.glob("packages-*.txt") for line in path.read_text().splitlines()]
    listed = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return {package for line in listed for package in line.split("|")}


def test_packages_are_installed_by_make():
    assert set(tools.PACKAGES.values()) - ESSENTIAL <= listed_packages()


def test_missing_tool_names_its_package(monkeypatch):
    monkeypatch.setattr(tools.shutil, "which", lambda _name: None)
    assert tools.missing("udhcpc", "ip") == ["no udhcpc: apt-get install udhcpc", "no ip: apt-get install iproute2"]


def test_missing_root_is_said(monkeypatch):
    monkeypatch.setattr(tools.os, "geteuid", lambda: 1000)
    assert tools.missing("root") == ["must run as root"]


@pytest.mark.parametrize(("value", "outcome"), [("1", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_require_without_tool(monkeypatch, value, outcome):
    monkeypatch.setattr(tools.shutil, "which", lambda _name: None)
    monkeypatch.setenv("BOOTD_TEST_REQUIRE_ALL", value)
    with pytest.raises(outcome, match="apt-get install udhcpc"):
        require("udhcpc")


def test_require_with_everything_there(monkeypatch):
    monkeypatch.setattr(tools.shutil, "which", lambda name: f"/usr/bin/{name}")
    require("udhcpc", "curl")
