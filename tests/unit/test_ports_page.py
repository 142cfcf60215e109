# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/ports.md has the ports that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from _bootd.commands.arguments import parse, settings_from
from _bootd.installers.harvester.answers import HTTPS, WITNESS
from _bootd.ra.packet import ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/ports.md").read_text(encoding="utf-8")
SETTINGS = settings_from(parse(["serve", "--store", "files:/tmp", "--address", "10.10.0.20"], {}))
LISTENS = {
    **dict.fromkeys(("dhcp_port", "proxy_port", "tftp_port", "syslog_port"), "UDP"),
    **dict.fromkeys(("http_port", "https_port"), "TCP"),
}


def rows() -> list[list[str]]:
    lines = [line for line in TEXT.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def ports_of(setting: str) -> set[str]:
    return {cells[2] for cells in rows() if len(cells) == 5 and cells[3] == f"`{setting}`"}


@pytest.mark.parametrize(("setting", "protocol"), LISTENS.items())
def test_port_is_the_one_that_bootd_listens_on(setting, protocol):
    assert ports_of(setting) == {f"{protocol} {getattr(SETTINGS, setting)}"}


def test_page_has_every_port_that_is_a_setting():
    assert {name for name in SETTINGS.__dataclass_fields__ if name.endswith("_port")} - {"tftp_single_port"} == set(
        LISTENS
    )


def test_port_is_the_one_that_bootd_asks():
    assert ports_of("ready_checks") == {f"TCP {HTTPS}", f"TCP {WITNESS}"}


def test_kinds_of_icmpv6():
    assert ports_of("router_advertisements") == {f"ICMPv6 {ROUTER_SOLICITATION}"}
    assert f"the answer is ICMPv6 {ROUTER_ADVERTISEMENT}." in TEXT


def test_port_of_the_image_server():
    defaults = yaml.safe_load((ROOT / "roles/image_server/defaults/main.yml").read_text(encoding="utf-8"))
    (row,) = [cells for cells in rows() if "`image_server_port`" in cells[-1]]
    assert row[2] == f"TCP {defaults['image_server_port']}"


@pytest.mark.parametrize("command", ["nftables", "firewalld", "ufw"])
def test_examples_open_all_of_them(command):
    block = re.split(rf"^(?:.*\. )?{command}\b.*:\n\n", TEXT, flags=re.MULTILINE)[1].partition("\n\n")[0]
    for setting in LISTENS.keys() - {"https_port"}:  # only where somebody has a certificate
        assert re.search(rf"\b{getattr(SETTINGS, setting)}\b", block)
