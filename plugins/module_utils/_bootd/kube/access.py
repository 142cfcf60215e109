# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Asks the API which of the rules that bootd needs are missing."""

from __future__ import annotations

from collections.abc import Iterable

from .client import Client
from .rules import Access, accesses, configuration_accesses

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def missing_rules(client: Client, machines: str, own: str) -> list[str]:
    """Return a sentence for each permission that is refused; raises ApiError and ApiUnreachable.

    ``machines`` is the namespace of the Hardware objects, "" for all; ``own`` that of bootd, "" outside a cluster.
    """
    return _refused(client, accesses(machines, own))


def missing_configuration_rules(client: Client, namespace: str) -> list[str]:
    """Return the same for what delivers the configurations in ``namespace``, which bootd can do without."""
    return _refused(client, configuration_accesses(namespace))


def _refused(client: Client, wanted: Iterable[Access]) -> list[str]:
    refused = []
    for access in wanted:
        answer = client.request("POST", REVIEWS, body=access.review())
        if not answer.get("status", {}).get("allowed"):
            refused.append(access.missing())
    return refused
