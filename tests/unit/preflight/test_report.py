# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one report: results of tasks to checks, checks to lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import Check, Problem, result_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import Finding
from ansible_collections.baremetal.netboot.plugins.plugin_utils._preflight import (
    checks_of,
    inventory_problems,
    joined,
    lines_of,
    problems_in,
)

HELD = {"what": "TCP port 7080 is held", "where": "", "remedy": "stop it", "who": "node"}
VIP = {"what": "10.10.0.30 is somebody's", "where": "eth0", "remedy": "use another", "who": "network"}


def checked(result, looked_at="", who="node"):
    return checks_of("ports", result, looked_at, who, "bootstrap")


def test_report_is_a_line_for_each_check_and_then_what_is_wrong_by_who_can_mend_it():
    checks = [*checked({"problems": [HELD]}), *checked({"problems": [VIP]}), *checked({"problems": []}, "7080 and 69")]
    assert lines_of(checks, problems_in(checks)) == [
        "WRONG   ports: a problem",
        "WRONG   ports: a problem",
        "ok      ports: 7080 and 69",
        "",
        "To be put right in the network:",
        "  eth0: 10.10.0.30 is somebody's",
        "      use another",
        "",
        "To be put right on the node:",
        "  bootstrap: TCP port 7080 is held",
        "      stop it",
    ]


def test_report_has_nothing_that_a_terminal_would_obey():
    checks = checked({"problems": [{**VIP, "what": "held by \x1b[2Jx", "remedy": "a\nb\x07"}]}, "7080\nok")
    assert lines_of(checks, problems_in(checks))[-3:] == ["  eth0: held by \\x1b[2Jx", "      a", "      b\\x07"]


def test_task_that_was_skipped_says_why():
    checks = checked({"skipped": True}, "there is no cluster")
    assert lines_of(checks, problems_in(checks)) == ["skipped ports: there is no cluster"]


def test_task_that_failed_is_a_problem_of_its_own():
    (problem,) = problems_in(checked({"msg": "no scapy here\nmore"}, who="cluster"))
    assert problem["what"] == "ports could not be looked at: no scapy here"
    assert problem["who"] == "cluster"


def test_module_that_did_not_start_says_why():
    result = {"msg": "Module result deserialization failed", "module_stderr": "Warning\npython3: No such file\n"}
    (problem,) = problems_in(checked(result))
    assert (
        problem["what"] == "ports could not be looked at: Module result deserialization failed: python3: No such file"
    )


def test_host_that_is_not_reached_is_told_once():
    checks = [*checked({"unreachable": True, "msg": "no route"}), *checked({"unreachable": True, "msg": "no route"})]
    (problem,) = problems_in(checks)
    assert problem["what"] == "bootstrap can't be reached: no route"
    assert problem["who"] == "node"


def test_result_with_checks_of_its_own_keeps_their_names():
    result = result_of([Check("disk", "/srv"), Check("clock", problems=[Problem("late", "bootstrap", "NTP", "node")])])
    assert [check["name"] for check in checked(result)] == ["disk", "clock"]
    assert [problem["what"] for problem in problems_in(checked(result))] == ["late"]


def test_clock_of_the_controller_joins_that_of_the_servers():
    result = result_of([Check("clock", "bootstrap against 10.10.0.2")])
    (check,) = joined(result, Check("clock", "bootstrap against the controller"))["checks"]
    assert check["looked_at"] == "bootstrap against the controller, 10.10.0.2"


def test_what_hosts_of_a_group_have_in_common_is_one_problem():
    message = "is the gateway of um790-1; should be one that nobody else has"
    found = inventory_problems(Finding(name, "harvester_vip", '"10.10.0.1"', message) for name in ("a", "b"))
    assert found == [
        {
            "what": '"10.10.0.1": is the gateway of um790-1',
            "where": "a, b harvester_vip",
            "remedy": "should be one that nobody else has",
            "who": "inventory",
        }
    ]


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("the same IP address as um790-1 netboot_ip; each needs its own", "give one of them another"),
        ("missing", "write it, as docs/variables.md describes it"),
        ("unknown", "take it out, or write the name as docs/variables.md has it"),
        ("not read here: it is for bootstrap, the host that runs bootd", "move it to that host"),
        ("not the one that other machines of this cluster have", "write it once, as a variable of the cluster's group"),
        ("something that nobody has thought of", "write what docs/variables.md says of it, or take it out"),
    ],
)
def test_problem_of_an_inventory_says_what_to_do(message, remedy):
    (problem,) = inventory_problems([Finding("a", "netboot_ip", '"x"', message)])
    assert problem["remedy"] == remedy


def test_what_is_missing_is_said_in_a_sentence():
    (problem,) = inventory_problems([Finding("a", "netboot_bmc.password", "", "missing")])
    assert problem["what"] == "it is missing"


def test_no_remedy_is_only_to_correct_it():
    """What to do has to be said: that something is wrong is known by then."""
    plugins = Path(__file__).resolve().parents[3] / "plugins"
    said = [
        path.name
        for room in ("module_utils/_preflight", "module_utils/_rehearsal", "plugin_utils")
        for path in sorted((plugins / room).glob("*.py"))
        if re.search(r"\bcorrect (?:it|that|the|bootd|netboot)\b", path.read_text(encoding="utf-8"))
    ]
    assert said == []
