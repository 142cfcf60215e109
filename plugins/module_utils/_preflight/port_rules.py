# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a rule of the host's firewall give a port to somebody else, as the hostPort of a pod does? Pure.

No process listens on such a port: packets are redirected before a socket is looked for.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import NODE, Check, Problem

REMEDY = "choose another port for bootd, or take that away: with a pod's hostPort the pod, with a Service its NodePort"
_TAKES = {"DNAT", "REDIRECT"}


@dataclass(frozen=True)
class Rule:
    """A rule that takes ``port`` of ``protocol`` to ``target``; ``comment`` may name the pod."""

    protocol: str
    port: int
    target: str
    comment: str = ""


def rules_in(saved: str, address: str) -> list[Rule]:
    """Return the rules in what ``iptables-save -t nat`` prints, those for other addresses than ``address`` excepted.

    Of a chain that one jumps to the ports count that the jump is for.
    """
    rules = [found for line in saved.splitlines() if (found := _parsed(line))]
    chains = {rule["-A"] for rule in rules}
    targets: dict[str, str] = {}
    for rule in rules:
        if rule.get("-j") in _TAKES:
            targets.setdefault(rule["-A"], rule.get("--to-destination") or rule.get("--to-ports") or "elsewhere")
    found = []
    for rule in rules:
        jump = rule.get("-j", "")
        target = rule.get("--to-destination") or rule.get("--to-ports") or "elsewhere"
        if jump in chains:
            target = targets.get(jump, "")
        elif jump not in _TAKES:
            continue
        if not target or rule.get("-d", address).partition("/")[0] != address:
            continue
        ports = rule.get("--dport") or rule.get("--dports") or ""
        for number in filter(str.isdecimal, ports.split(",")):
            found.append(Rule(rule.get("-p", ""), int(number), target, rule.get("--comment", "")))
    return list(dict.fromkeys(found))


def _parsed(line: str) -> dict[str, str]:
    """Return the options of a rule, {} where the line is none or has a condition turned round."""
    if not line.startswith("-A "):
        return {}
    try:
        words = shlex.split(line)
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for place, word in enumerate(words[:-1]):
        if word.startswith("-") and not words[place + 1].startswith("-"):
            if words[place - 1] == "!":
                return {}
            found[word] = words[place + 1]
    return found


def nft_rules_in(document: str) -> list[Rule]:
    """Return the rules in what ``nft -json list ruleset`` prints that translate the destination of one port."""
    try:
        items = json.loads(document)["nftables"]
    except (ValueError, KeyError, TypeError):
        return []
    return [rule for item in items if isinstance(item, dict) and "rule" in item for rule in _of_nft(item["rule"])]


def _of_nft(rule: Mapping[str, Any]) -> Iterator[Rule]:
    protocol, ports, target = "", [], ""
    for part in rule.get("expr", ()):
        match = part.get("match", {})
        field = match.get("left", {}).get("payload", {}) if isinstance(match.get("left"), dict) else {}
        if field.get("field") == "dport" and match.get("op") == "==":
            right = match.get("right")
            protocol = str(field.get("protocol", ""))
            listed = right.get("set", ()) if isinstance(right, dict) else [right]
            ports = [each for each in listed if isinstance(each, int)]
        for verdict in ("dnat", "redirect"):
            if verdict in part:
                to = part[verdict] or {}
                target = ":".join(str(to[key]) for key in ("addr", "port") if key in to) or "elsewhere"
    for port in ports if target else ():
        yield Rule(protocol, port, target, str(rule.get("comment", "")))


def look(host: str, needed: Mapping[tuple[str, int], str], rules: Iterable[Rule]) -> Check:
    """Return which of the ports ``needed`` (protocol and number -> what for) rules give away."""
    problems = []
    for rule in rules:
        use = needed.get((rule.protocol, rule.port))
        if use:
            named = re.search(r'name: ?"?\\?"?([^"\\]+)', rule.comment)
            of = f" ({named[1] if named else rule.comment})" if rule.comment else ""
            what = f"{rule.protocol.upper()} port {rule.port} ({use}) is redirected to {rule.target}{of}"
            problems.append(Problem(what, f"{host}, its firewall's table nat", REMEDY, NODE))
    ports = ", ".join(f"{protocol} {port}" for protocol, port in needed)
    return Check("port rules", f"no rule redirects {ports}", problems)
