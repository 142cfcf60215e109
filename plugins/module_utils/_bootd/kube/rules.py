# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""All that bootd may do in a cluster, in one table: roles are generated from it, and at start the API is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .client import Client

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
LEASE = "bootd"  # the object that says which replica answers DHCP

MACHINES = "machines"  # where the Hardware objects are: one namespace, or all
OWN = "own"  # the namespace that bootd runs in
CONFIGURATIONS = "configurations"  # the one namespace whose configurations are delivered; see configurations_in


@dataclass(frozen=True, slots=True)
class Rule:
    """Verbs on a resource in one of the places above, on objects of ``names`` only where there are some."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    place: str
    why: str
    names: tuple[str, ...] = ()


RULES = (
    Rule("tinkerbell.org", "hardware", ("get", "list", "watch"), MACHINES, "to know the machines"),
    Rule("tinkerbell.org", "hardware", ("patch",), MACHINES, "to keep their states and switch allowPXE off"),
    Rule("", "events", ("create",), MACHINES, "to tell the stages they reach"),
    Rule("coordination.k8s.io", "leases", ("create",), OWN, "so that one replica answers DHCP"),
    Rule("coordination.k8s.io", "leases", ("get", "update"), OWN, "so that one replica answers DHCP", (LEASE,)),
    # A right over Secrets is never one over all namespaces. RBAC can't tell them apart by their labels.
    Rule("", "secrets", ("list", "watch"), CONFIGURATIONS, "to give machines their configurations"),
)


@dataclass(frozen=True, slots=True)
class Access:
    """One question to the API: may we? ``namespace`` "" is all namespaces."""

    rule: Rule
    verb: str
    namespace: str
    name: str = ""

    def review(self) -> dict[str, Any]:
        """Return the SelfSubjectAccessReview that asks for it."""
        attributes = {
            "group": self.rule.group,
            "resource": self.rule.resource,
            "verb": self.verb,
            "namespace": self.namespace,
            "name": self.name,
        }
        spec = {"resourceAttributes": {name: value for name, value in attributes.items() if value}}
        return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}

    def missing(self) -> str:
        """Return a sentence that names the missing rule, in the form that a Role has it."""
        kind, place = ("Role", f"namespace {self.namespace}") if self.namespace else ("ClusterRole", "all namespaces")
        names = f", resourceNames: [{self.name}]" if self.name else ""
        rule = f'{{apiGroups: ["{self.rule.group}"], resources: [{self.rule.resource}], verbs: [{self.verb}]{names}}}'
        return f"a {kind} for {place} needs the rule {rule} {self.rule.why}"


def accesses(machines: str, own: str) -> Iterator[Access]:
    """Yield every question for Hardware in namespace ``machines`` ("": all) and a bootd that runs in ``own``.

    Without ``own``, bootd runs outside the cluster and takes no lease.
    """
    yield from _accesses(MACHINES, machines)
    if own:
        yield from _accesses(OWN, own)


def configuration_accesses(namespace: str) -> Iterator[Access]:
    """Yield every question for the configurations in ``namespace``; bootd does without where the answer is no."""
    yield from _accesses(CONFIGURATIONS, namespace)


def configurations_in(machines: str, own: str) -> str:
    """Return the namespace whose configurations are delivered, "" where there is none.

    That of the machines; where those are in all namespaces, bootd's ``own``.
    """
    return machines or own


def role_rules(*places: str) -> list[dict[str, Any]]:
    """Return the rules of the Role or ClusterRole for ``places``, as Kubernetes writes them."""
    return [
        {
            "apiGroups": [rule.group],
            "resources": [rule.resource],
            "verbs": list(rule.verbs),
            **({"resourceNames": list(rule.names)} if rule.names else {}),
        }
        for rule in RULES
        if rule.place in places
    ]


def missing_rules(client: Client, machines: str, own: str) -> list[str]:
    """Return a sentence for each permission that is refused; raises ApiError and ApiUnreachable.

    ``machines`` is the namespace of the Hardware objects, "" for all; ``own`` that of bootd, "" outside a cluster.
    """
    return _refused(client, accesses(machines, own))


def missing_configuration_rules(client: Client, namespace: str) -> list[str]:
    """Return a sentence for each refused permission on the configurations in ``namespace``; bootd runs without them."""
    return _refused(client, configuration_accesses(namespace))


def _accesses(place: str, namespace: str) -> Iterator[Access]:
    for rule in RULES:
        if rule.place == place:
            for verb in rule.verbs:
                for name in rule.names or ("",):
                    yield Access(rule, verb, namespace, name)


def _refused(client: Client, wanted: Iterable[Access]) -> list[str]:
    refused = []
    for access in wanted:
        answer = client.request("POST", REVIEWS, body=access.review())
        if not answer.get("status", {}).get("allowed"):
            refused.append(access.missing())
    return refused
