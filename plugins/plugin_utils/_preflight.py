# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one report of all checks: what is wrong, by who can put it right, or a line for each check. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import printable
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import (
    INVENTORY,
    NODE,
    WHO,
    Check,
    some,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import Finding

WHOSE = {
    "inventory": "in the inventory",
    "network": "in the network",
    "node": "on the node",
    "cluster": "in the cluster",
    "machine": "at the machines",
}
_RIGHT = re.compile(r"should (?:this )?be .*", re.DOTALL)
# What is wrong, by a part of the message, and what to do about it.
_REMEDIES = (
    ("each needs its own", "give one of them another"),
    ("has it too, in the same cluster", "give one of them another"),
    ("a cluster has one witness", "take harvester_role: witness from one of them"),
    ("that other machines of this cluster have", "write it once, as a variable of the cluster's group"),
    ("its BMC is that of", "give each machine the address, or the system, of its own BMC"),
    ("missing", "write it, as docs/variables.md describes it"),
    ("no host of the inventory", "write the name as the inventory has it, or add the host"),
    ("not read here: it is for the hosts of", "move it to the machines, or to their group"),
    ("not read here: it is for", "move it to that host"),
    ("nothing reads this", "take it out: it does nothing"),
    ("unknown", "take it out, or write the name as docs/variables.md has it"),
    ("can't be worked out", "look at the template in its value, and at the variables that this names"),
    ("has no meaning for", "take it out"),
    ("is not for", "take it out"),
    ("only for", "take it out, or change what it is for"),
    ("not before", "take it out, or install a release that has it"),
    ("outside network", "write an address of that network"),
    ("overlap", "give one of them another range"),
)
_READ_THE_PAGE = "write what docs/variables.md says of it, or take it out"
UNREACHABLE = "see that ansible_host, SSH and sudo are right: nothing can be looked at without"
NOT_MADE = "put that right and run it again: what it would have found is not in this report"


def joined(result: Mapping[str, Any], check: Check) -> dict[str, Any]:
    """Return the result of a module with one check more, which is part of that of the same name if there is one."""
    more = asdict(check)
    checks = [dict(each) for each in result["checks"]]
    same = next((each for each in checks if each["name"] == more["name"]), None)
    if same is None:
        checks.append(more)
    else:
        same["looked_at"] = ", ".join(filter(None, (more["looked_at"], same["looked_at"].partition(" against ")[2])))
        same["problems"] = [*more["problems"], *same["problems"]]
    return {**result, "checks": checks, "problems": [*more["problems"], *result["problems"]]}


def checks_of(name: str, result: Mapping[str, Any], looked_at: str, who: str, host: str) -> list[dict[str, Any]]:
    """Return the checks in the ``result`` of a task that looked: of one called ``name`` where it does not tell them.

    Where the task itself came to nothing, that is a problem for ``who``. A task that was skipped did not look.
    """
    if result.get("unreachable"):
        problem = {"what": f"{host} can't be reached: {_message(result)}", "where": host, "remedy": UNREACHABLE}
        return [_check(name, problems=[{**problem, "who": NODE}])]
    if "checks" in result:
        return [dict(each) for each in result["checks"]]
    if result.get("skipped"):
        return [_check(name, skipped=looked_at or "not asked for")]
    if "problems" in result:
        problems = [{**each, "where": each.get("where") or host} for each in result["problems"]]
        return [_check(name, looked_at, problems)]
    problem = {"what": f"{name} could not be looked at: {_message(result)}", "where": host, "remedy": NOT_MADE}
    return [_check(name, problems=[{**problem, "who": who}])]


def problems_in(checks: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return what the checks found, by who can put it right, each once; who is none of WHO counts as the node."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for check in checks:
        for problem in check["problems"]:
            plain = {key: str(problem.get(key) or "") for key in ("what", "where", "remedy", "who")}
            plain["who"] = plain["who"] if plain["who"] in WHO else NODE
            found.setdefault((plain["what"], plain["where"]), plain)
    return sorted(found.values(), key=lambda problem: WHO.index(problem["who"]))


def lines_of(checks: Iterable[Mapping[str, Any]], problems: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the report: a line for each check, then what is wrong."""
    lines = [_line(check) for check in checks]
    who = ""
    for problem in problems:
        if problem["who"] != who:
            who = problem["who"]
            lines += ["", f"To be put right {WHOSE[who]}:"]
        first, *others = f"{problem['where']}: {problem['what']}".removeprefix(": ").splitlines()
        lines.append(f"  {first}")
        lines += [f"      {line}".rstrip() for line in (*others, *problem["remedy"].splitlines())]
    return [printable(line) for line in lines]


def title(count: int) -> str:
    """Return how many problems there are."""
    return "a problem" if count == 1 else f"{count} problems"


def _line(check: Mapping[str, Any]) -> str:
    count = len(check["problems"])
    if count:
        return f"{'WRONG':7} {check['name']}: {title(count)}"
    if check["skipped"]:
        return f"{'skipped':7} {check['name']}: {check['skipped']}"
    return f"{'ok':7} {check['name']}: {check['looked_at']}".rstrip(": ")


def _check(
    name: str, looked_at: str = "", problems: Iterable[Mapping[str, Any]] = (), skipped: str = ""
) -> dict[str, Any]:
    return {"name": name, "looked_at": looked_at, "problems": list(problems), "skipped": skipped}


def _message(result: Mapping[str, Any]) -> str:
    said = str(result.get("msg") or "").strip().splitlines()[:1]
    # Where a module's Python did not even start, only its last words say why.
    last = str(result.get("module_stderr") or "").strip().splitlines()[-1:]
    return ": ".join([*said, *last]) or "it said nothing"


def _remedy_of(message: str) -> str:
    """Return what to do about a problem whose message says only what is wrong."""
    return next((remedy for part, remedy in _REMEDIES if part in message), _READ_THE_PAGE)


def inventory_problems(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Return what is wrong with an inventory; what several hosts have in common, as of their group, is one problem."""
    hosts: dict[tuple[str, str, str], list[str]] = {}
    for finding in findings:
        hosts.setdefault((finding.path, finding.value, finding.message), []).append(finding.name)
    found = []
    for (path, value, message), names in hosts.items():
        right = _RIGHT.search(message)
        wrong, remedy = (message[: right.start()], right[0]) if right else (message, _remedy_of(message))
        wrong = "it is missing" if message == "missing" else wrong
        what = ": ".join(filter(None, (value, wrong.rstrip(":; ")))) or "it can't be used as it is"
        found.append({"what": what, "where": f"{some(names)} {path}".strip(), "remedy": remedy, "who": INVENTORY})
    return found
