# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user of a kubeconfig has to be allowed, so that the roles can do their work: from the objects themselves.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.rules import (
    REVIEWS,
    Access,
    Rule,
    accesses,
    configuration_accesses,
    configurations_in,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import bootd
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import Settings
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import hardware_crd
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import KINDS
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import CLUSTER, Check, Problem

WRITE = ("get", "create", "patch")
_MACHINES = Rule("tinkerbell.org", "hardware", ("get", "list", "create", "patch"), "", "to write the machines")
_CONFIGURATIONS = Rule("", "secrets", ("get", "list", "create", "patch"), "", "to write their configurations")
_PODS = Rule("", "pods", ("list",), "", "to see who holds ports of the nodes")
_NODES = Rule("", "nodes", ("list",), "", "to see where bootd may run")
_ESCALATE = Rule(bootd.RBAC, "roles", ("escalate",), "", "to give bootd what it needs")


def of_roles(settings: Settings, *, deploys: bool) -> Iterator[Access]:
    """Yield what the roles ask for: ``deploys``: bootd runs in the cluster, else on a host by the same kubeconfig."""
    documents: list[Mapping[str, Any]] = [hardware_crd()]
    if deploys:
        documents += [*bootd.namespaces(settings), *bootd.objects(settings, "", "")]
    for document in documents:
        rule = Rule(
            _group(document),
            KINDS[document["kind"]].plural,
            WRITE,
            "",
            f"to make the {document['kind']} that is needed",
        )
        yield from _each(rule, document["metadata"].get("namespace", ""))
    yield from _each(_MACHINES, settings.machines)
    yield from _each(_CONFIGURATIONS, settings.machines or settings.namespace)
    if deploys:
        yield from _each(_PODS, "")
        yield from _each(_NODES, "")


def of_bootd(settings: Settings, *, deploys: bool) -> Iterator[Access]:
    """Yield what bootd itself is to be allowed: in a pod its account has it from the roles, and only who has it, or may
    escalate, can give it (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping).
    """
    own = settings.namespace if deploys else ""
    yield from accesses(settings.machines, own)
    yield from configuration_accesses(configurations_in(settings.machines, own) or settings.namespace)


def refused(client: Client, settings: Settings, *, deploys: bool) -> tuple[int, list[Access]]:
    """Ask the API and return how many rights were asked for and which of them are refused; raises ApiError."""
    wanted = list(of_roles(settings, deploys=deploys))
    escalates = deploys and all(_may(client, access) for access in _each(_ESCALATE, ""))
    if not escalates:
        wanted += of_bootd(settings, deploys=deploys)
    by_right = {(a.rule.group, a.rule.resource, a.verb, a.namespace, a.name): a for a in reversed(wanted)}
    return len(by_right), [access for access in by_right.values() if not _may(client, access)]


def look(server: str, asked: int, missing: Iterable[Access]) -> Check:
    """Return a problem for each resource on which verbs are refused."""
    grouped: dict[tuple[str, str, str, str], list[Access]] = {}
    for access in missing:
        grouped.setdefault((access.rule.group, access.rule.resource, access.namespace, access.name), []).append(access)
    problems = []
    for (group, resource, namespace, _name), accesses_refused in grouped.items():
        first = accesses_refused[0]
        verbs = ", ".join(sorted({access.verb for access in accesses_refused}))
        place = f"namespace {namespace}" if namespace else "all namespaces"
        whole = f"{resource}.{group}" if group else resource
        what = f"the kubeconfig's user may not {verbs} {whole} in {place}, {first.rule.why}"
        remedy = replace(first, verb=verbs).missing().partition(f" {first.rule.why}")[0]
        problems.append(Problem(what, f"the cluster at {server}", remedy, CLUSTER))
    return Check("rights", f"{asked} rights on {server}", problems)


def _each(rule: Rule, namespace: str) -> Iterator[Access]:
    for verb in rule.verbs:
        yield Access(rule, verb, namespace)


def _may(client: Client, access: Access) -> bool:
    answer = client.request("POST", REVIEWS, body=access.review())
    return bool(answer.get("status", {}).get("allowed"))


def _group(document: Mapping[str, Any]) -> str:
    return str(document["apiVersion"]).rpartition("/")[0]
