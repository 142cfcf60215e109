# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where bootd says that machines stand: all of them by one question, and of each what counts for its power.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from ansible.module_utils.urls import open_url

PATH = "/api/v1/machines"
SECONDS = 10
MAX_ANSWER = 64 * 1024 * 1024
# Stages that need nothing of the machine itself: anybody can send a DHCPDISCOVER with its MAC address.
BY_DHCP_ALONE = ("known", "offered")
_BEFORE_A_BOOT = (*BY_DHCP_ALONE, "failed")
Machines = list[Mapping[str, Any]]


class NotAsked(Exception):
    """Nobody has said where the machines stand; the message says who was asked, and why not."""


@dataclass(frozen=True)
class Standing:
    """Where a machine stands: the ``stage``, "" where nobody has said it, and whether bootd would boot it now.

    ``reached`` is the last stage before it failed, and ``overdue`` the one in which nothing came any more, "" where it
    failed otherwise or not at all.
    """

    stage: str = ""
    netboot: bool = True
    reached: str = ""
    overdue: str = ""


UNHEARD = Standing("known")


def standing_of(name: str, namespace: str, machines: Iterable[Mapping[str, Any]]) -> Standing:
    """Return where the machine stands, which counts as unheard where it is none of ``machines``, bootd's documents.

    Of several that it may be, the one that is not to be touched counts.
    """
    named = [each for each in machines if each["name"] == name]
    found = [_read(each) for each in named if each["namespace"] == namespace] or list(map(_read, named)) or [UNHEARD]
    return min(found, key=lambda each: each.stage in _BEFORE_A_BOOT and each.netboot)


def _read(machine: Mapping[str, Any]) -> Standing:
    stage = str(machine["stage"])
    steps = [str(step["stage"]) for step in machine.get("stages") or ()]
    reached = next((step for step in reversed(steps) if step != "failed"), "") if stage == "failed" else ""
    return Standing(stage, bool(machine["netboot"]), reached, str(machine.get("overdue") or ""))


def from_bootd(url: str, use_proxy: bool) -> Machines:
    """Return the documents of all machines that bootd at ``url`` has; raises NotAsked."""
    where = f"{url.rstrip('/')}{PATH}"
    try:
        with open_url(where, timeout=SECONDS, use_proxy=use_proxy) as answer:
            machines = json.loads(answer.read(MAX_ANSWER))["machines"]
            if not all({"name", "namespace", "stage", "netboot"} <= machine.keys() for machine in machines):
                raise ValueError("it is not bootd's list of machines")
    except (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError) as error:
        raise NotAsked(f"{where}: {error}") from error
    return list(machines)
