# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the host that is to run bootd, from there; changes nothing.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight import (
    arp,
    clock,
    configurations,
    disk,
    interface,
    neighbours,
    port_rules,
    releases,
    urls,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.interface import Link
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.neighbours import Claim
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import NODE, Check
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.urls import Wanted

# Runs a program and returns its exit status and what it printed; a program that is not there ends with 127.
Run = Callable[[list[str]], tuple[int, str]]
DEFAULT_PORT = 7080  # of bootd's HTTP
SBIN = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"
_PROBES = (["iptables-save", "-t", "nat"], ["iptables-legacy-save", "-t", "nat"])


def look(params: Mapping[str, Any], how: Mapping[str, Any], run: Run) -> tuple[list[Check], Link | None]:
    """Return the checks that ``params``, the options of the module preflight_node, ask for, and the interface.

    That is None where nobody can be asked from there. ``how`` are arguments for Ansible's open_url.
    """
    host, machines = params["host"], params["machines"]
    room = [releases.need_of(Path(item["path"]), item["what"], item["bytes"]) for item in params["directories"]]
    images, more = releases.look(host, params["releases"], _of_role(params), how)
    wanted = _wanted(machines, params["address"])
    answers = urls.ask(wanted, params["compare_bytes"], how)
    link, network = _network(params, run)
    checks = [
        *network,
        _port_rules(params, run),
        images,
        urls.look(wanted, answers),
        disk.look(host, [*room, *more]),
        clock.look(host, answers.clocks.values(), params["max_skew"], NODE),
    ]
    if params["configurations"]:
        checks.append(_configurations(params["configurations"], machines))
    return checks, link


def _of_role(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of releases that do not say them themselves."""
    return {"path": params["image_dir"], "source": params["source"], "files": params["files"]}


def _network(params: Mapping[str, Any], run: Run) -> tuple[Link | None, list[Check]]:
    """Return the interface that others can be asked from, None for none, and the checks of it."""
    status, printed = run(["ip", "-json", "address", "show"])
    if status != 0:
        return None, [Check("interface", skipped="ip of iproute2 can't be run here")]
    links = interface.links_from(json.loads(printed))
    named, address = params["interface"], params["address"]
    seen = interface.look(links, named, address, params["host"], virtual=params["virtual_address"])
    link = next((link for link in links if link.name == named), None) or interface.of_address(links, address)
    if link is None or not link.up or link.name == "lo":
        return None, [seen, Check("addresses", skipped="there is no interface to ask from")]
    return link, [seen, _addresses(link, _claims(params), params)]


def _addresses(link: Link, claims: Iterable[Claim], params: Mapping[str, Any]) -> Check:
    asked = neighbours.claims_on(link, claims)
    try:
        answers = arp.ask(link.name, link.mac, dict.fromkeys(claim.address for claim in asked)) if asked else {}
    except PermissionError:
        return Check("addresses", skipped="ARP needs root: set become")
    except OSError as error:
        return Check("addresses", skipped=f"{link.name}: {error.strerror}")
    if params["virtual_address"] and answers.get(params["address"]) and _is_bootd(params):
        # Whichever node of the cluster has it now: it is where it should be.
        answers = {**answers, params["address"]: set()}
    return neighbours.look(link, asked, answers)


def _is_bootd(params: Mapping[str, Any]) -> bool:
    """Return whether a bootd answers at the address that is to be bootd's."""
    port = next((item["port"] for item in params["ports"] if item["name"] == "http"), DEFAULT_PORT)
    return urls.is_bootd(f"http://{params['address']}:{port}/api/v1")


def _claims(params: Mapping[str, Any]) -> Iterable[Claim]:
    """Yield the addresses that are to be bootd's, the machines' and the clusters'."""
    if params["address"]:
        yield Claim(params["address"], "bootd's virtual address" if params["virtual_address"] else "bootd's own")
    for machine in params["machines"]:
        for address in machine["addresses"]:
            yield Claim(address, f"the address of {machine['name']}", frozenset(machine["macs"]))
    for vip in params["vips"]:
        yield Claim(vip["address"], f"the VIP of {', '.join(vip['machines'][:3])}", frozenset(vip["macs"]))


def _port_rules(params: Mapping[str, Any], run: Run) -> Check:
    needed = {(item["protocol"], item["port"]): item["name"] for item in params["ports"]}
    rules = []
    asked = False
    for argv in _PROBES:
        status, printed = run(argv) if shutil.which(argv[0], path=SBIN) else (127, "")
        if status == 0:
            asked = True
            rules += port_rules.rules_in(printed, params["address"])
    status, printed = run(["nft", "-json", "list", "ruleset"]) if shutil.which("nft", path=SBIN) else (127, "")
    if status == 0:
        asked = True
        rules += port_rules.nft_rules_in(printed)
    if not asked:
        return Check("port rules", skipped="neither iptables-save nor nft can be run here, so there may be none")
    return port_rules.look(params["host"], needed, dict.fromkeys(rules))


def _wanted(machines: Iterable[Mapping[str, Any]], address: str) -> list[Wanted]:
    """Return the files that machines load from elsewhere than bootd: its own are not there yet."""
    who: dict[tuple[str, str], list[str]] = {}
    for machine in machines:
        for item in machine["urls"]:
            if urlsplit(item["url"]).hostname != address:
                who.setdefault((item["url"], item["checksums"]), []).append(machine["name"])
    return [Wanted(url, checksums, tuple(names)) for (url, checksums), names in who.items()]


def _configurations(directory: str, machines: Iterable[Mapping[str, Any]]) -> Check:
    try:
        import yaml  # noqa: F401
    except ImportError:
        return Check("configurations", skipped="PyYAML, which reads them, is not on the host yet")
    return configurations.look(directory, machines)
