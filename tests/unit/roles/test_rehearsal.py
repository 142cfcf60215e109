# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When provision rehearses the boots, and what the report says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).resolve().parents[3]
(PLAY,) = (
    play
    for play in yaml.safe_load((ROOT / "playbooks/provision.yml").read_text(encoding="utf-8"))
    if play["name"] == "Boot the machines"
)
NAMES = [task["name"] for task in PLAY["tasks"]]
REHEARSE = "Rehearse the boots before a machine is powered on"
VARIABLES = yaml.safe_load((ROOT / "roles/preflight/vars/main.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("given", "rehearses"),
    [
        ({}, True),
        ({"provision_rehearse": "false"}, False),
        ({"provision_preflight": "false"}, False),
        ({"ansible_check_mode": True}, False),
        ({"provision_inventory": {"machines": []}}, False),
    ],
    ids=str,
)
def test_boots_are_rehearsed_unless_somebody_says_no_or_in_check_mode(given, rehearses):
    variables = {"ansible_check_mode": False, "provision_inventory": {"machines": ["um790-1"]}, **given}
    templar = Templar(DataLoader(), variables=variables)
    conditions = PLAY["tasks"][NAMES.index(REHEARSE)]["when"]
    assert all(templar.evaluate_conditional(trust_as_template(each)) for each in conditions) is rehearses


def test_files_of_the_site_come_before_the_rehearsal_and_power_after_it():
    order = ["Do what was asked for before the rehearsal", REHEARSE, "Do what was asked for before the wait"]
    assert NAMES[:3] == order
    assert NAMES.index("Boot the machines from the network") > 2


def machines(*verdicts):
    return {f"um790-{number}": {"verdict": verdict} for number, verdict in enumerate(verdicts)}


SKIPPED = {"skipped": True}
LOOKED = {
    "preflight_rehearse": True,
    "preflight_inventory": {"problems": []},
    "__bootd_preflight_node": {"interface": "eth0"},
    "__bootd_preflight_libraries": {"stdout": "scapy tftpy"},
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"__bootd_rehearsal": {"machines": machines("boots", "waits", "boots"), "unseen": []}}, "2 boots, 1 waits"),
        (
            {"__bootd_rehearsal": {"machines": machines("boots"), "unseen": ["a.example", "b.example"]}},
            "1 boots; not seen from here: a.example, b.example",
        ),
        (
            {"__bootd_rehearsal": SKIPPED, "__bootd_preflight_libraries": {"stdout": "kubernetes scapy"}},
            "scapy or tftpy is not in the Python of the libraries: see bootd_python and bootd_pip_requirements",
        ),
        (
            {"__bootd_rehearsal": SKIPPED, "__bootd_preflight_libraries": {"rc": 2}},
            "scapy or tftpy is not in the Python of the libraries: see bootd_python and bootd_pip_requirements",
        ),
        (
            {"__bootd_rehearsal": SKIPPED, "__bootd_preflight_node": {"interface": ""}},
            "preflight found no interface for it",
        ),
        (
            {"__bootd_rehearsal": SKIPPED},
            "it needs a bootd that runs and knows the machines",
        ),
        ({"__bootd_rehearsal": SKIPPED, "preflight_rehearse": False}, "provision does it when bootd runs"),
        (
            {"__bootd_rehearsal": SKIPPED, "preflight_inventory": {"problems": [{"what": "a name"}]}},
            "the inventory has to be put right first",
        ),
    ],
    ids=str,
)
def test_report_has_the_verdicts_or_why_there_are_none(given, said):
    variables = {name: trust_as_template(value) for name, value in VARIABLES.items()}
    templar = Templar(DataLoader(), variables={**variables, **LOOKED, **given})
    assert templar.template(trust_as_template("{{ __preflight_of_rehearsal }}")).strip() == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"__bootd_preflight_dhcp": {"servers": [{"address": "10.10.0.1"}]}}, "10.10.0.1"),
        ({"__bootd_preflight_dhcp": {"servers": []}}, "nobody answers yet"),
        (
            {"__bootd_preflight_node": {"interface": "eth0", "dhcp_mode": "off"}},
            "bootd answers none here: its mode is off",
        ),
        ({"preflight_inventory": {}}, "there is no machine to ask for"),
        ({"__bootd_preflight_node": {"interface": ""}}, "preflight found no interface for it"),
        ({}, "scapy is not in the Python of the libraries yet: the role bootd installs it"),
    ],
    ids=str,
)
def test_report_says_of_dhcp_who_answers_or_the_one_reason_why_nobody_was_asked(given, said):
    variables = {name: trust_as_template(value) for name, value in VARIABLES.items()}
    inventory = {"seen": {"machines": [{"macs": ["58:47:ca:71:d8:49"]}]}}
    looked = {**LOOKED, "preflight_inventory": inventory, "__bootd_preflight_dhcp": SKIPPED}
    templar = Templar(DataLoader(), variables={**variables, **looked, **given})
    assert templar.template(trust_as_template("{{ __preflight_of_dhcp }}")).strip() == said


@pytest.mark.parametrize(
    ("before", "reported"),
    [
        ({"__bootd_preflight_dhcp": {"servers": []}}, ["rehearsal"]),
        ({"__bootd_preflight_dhcp": SKIPPED}, ["DHCP servers", "rehearsal"]),
        ({}, ["DHCP servers", "rehearsal"]),
    ],
    ids=["asked before bootd ran", "skipped then", "no preflight before"],
)
def test_second_report_tells_of_dhcp_servers_only_where_they_were_asked_anew(before, reported):
    """What was heard before bootd ran, such as that nobody answers yet, is not so any more."""
    block = yaml.safe_load((ROOT / "roles/preflight/tasks/rehearsal.yml").read_text(encoding="utf-8"))[0]
    (told,) = (task["ansible.builtin.set_fact"] for task in block["block"] if "ansible.builtin.set_fact" in task)
    (report,) = block["always"]
    templar = Templar(DataLoader(), variables=dict(before))
    facts = {name: templar.template(trust_as_template(value)) for name, value in told.items()}
    shown = {name: {"name": given["name"]} for name, given in report["vars"].items()}
    templar = Templar(DataLoader(), variables={**facts, **shown})
    results = templar.template(trust_as_template(report["baremetal.netboot.preflight_report"]["results"]))
    assert [result["name"] for result in results] == reported
