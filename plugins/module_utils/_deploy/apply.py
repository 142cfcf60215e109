# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings Kubernetes objects about, or removes them: server-side apply, and only where something would change.

What is asked of it are plain documents as in a manifest. Every object that is made carries a label (see
``labelled``), and only objects that carry it are overwritten and removed.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import APPLY_PATCH, Client
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import (
    Conflict,
    is_conflict,
    sentence,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.differences import diff_of, visible
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import (
    CRD,
    NAMESPACE,
    in_order,
    path_of,
    title_of,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.rollout import wait_for
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import (
    FIELD_MANAGER,
    LABEL,
    MANAGED_BY,
)

DRY_RUN = {"dryRun": "All"}
ESTABLISHED_SECONDS = 30.0  # until the API serves a new CRD, so that objects of it can follow


@dataclass(frozen=True)
class Outcome:
    """What became of one object.

    ``action``: ``created``, ``updated``, ``removed``, ``unchanged``, or ``kept`` where it is not ours to touch, with
    the ``reason``. ``before`` and ``after`` are the whole documents, None where there was or is none.
    """

    document: Mapping[str, Any]
    action: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str = ""

    @property
    def changed(self) -> bool:
        return self.action in ("created", "updated", "removed")

    def summary(self) -> dict[str, str]:
        """Return the object's part of a module's result."""
        meta = self.document["metadata"]
        found = {"kind": self.document["kind"], "namespace": meta.get("namespace", ""), "name": meta["name"]}
        return {**found, "action": self.action, **({"reason": self.reason} if self.reason else {})}


def result_of(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return the result of a module that did all this: ``changed``, ``objects`` and ``diff``."""
    outcomes = list(outcomes)
    return {
        "changed": any(outcome.changed for outcome in outcomes),
        "objects": [outcome.summary() for outcome in outcomes],
        "diff": [diff_of(outcome.before, outcome.after) for outcome in outcomes if outcome.changed],
    }


def labelled(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``document`` with the label that says that it is ours."""
    meta = document["metadata"]
    return {**document, "metadata": {**meta, "labels": {**meta.get("labels", {}), LABEL: MANAGED_BY}}}


def is_ours(document: Mapping[str, Any]) -> bool:
    """Return whether an object carries that label."""
    return (document.get("metadata", {}).get("labels") or {}).get(LABEL) == MANAGED_BY


def apply(
    client: Client, documents: Iterable[Mapping[str, Any]], *, check: bool = False, force: bool = False
) -> list[Outcome]:
    """Bring ``documents`` about, what others need first, and return what became of each; ``check`` changes nothing.

    A Namespace of somebody else is used as it is. Any other object of somebody else raises Conflict, unless ``force``,
    which makes it ours. Raises ApiError, ApiUnreachable, and NotReady for a CRD that is not served.
    """
    return [apply_one(client, labelled(document), check=check, force=force) for document in in_order(documents)]


def remove(client: Client, documents: Iterable[Mapping[str, Any]], *, check: bool = False) -> list[Outcome]:
    """Remove the objects that ``documents`` name, in the reverse order, those of somebody else excepted.

    Raises ApiError and ApiUnreachable.
    """
    return [remove_one(client, document, check=check) for document in reversed(in_order(documents))]


def apply_one(client: Client, document: Mapping[str, Any], *, check: bool, force: bool) -> Outcome:
    """Bring one ``document`` about; see ``apply``."""
    path = path_of(document)
    present = get(client, path)
    if present is None:
        made = _create(client, path, document, check=check)
        # Where somebody else was quicker, their object is there by now.
        return made or apply_one(client, document, check=check, force=force)
    if not is_ours(present) and not force:
        if document["kind"] == NAMESPACE:
            return Outcome(document, "kept", present, present, "it is there already, and not ours")
        raise _not_ours(client, path, document)
    foreseen = patch(client, path, document, dry_run=True, force=True)
    if visible(foreseen) == visible(present):
        return Outcome(document, "unchanged", present, present)
    after = foreseen if check else patch(client, path, document, force=True)
    return Outcome(document, "updated", present, after)


def remove_one(client: Client, document: Mapping[str, Any], *, check: bool) -> Outcome:
    """Remove the object that ``document`` names, if it is ours."""
    path = path_of(document)
    present = get(client, path)
    if present is None:
        return Outcome(document, "unchanged")
    if not is_ours(present):
        return Outcome(document, "kept", present, present, "it is not ours")
    if not check:
        delete(client, path, present)
    return Outcome(document, "removed", present)


def get(client: Client, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """Return the object at ``path``, or the list, None where there is none."""
    try:
        return client.get(path, query)
    except ApiError as error:
        if error.status != 404:
            raise
        return None


def patch(
    client: Client, path: str, document: Mapping[str, Any], *, dry_run: bool = False, force: bool = False
) -> dict[str, Any]:
    """Apply ``document`` at ``path`` and return the whole object; without ``force`` raises Conflict."""
    query = {"fieldManager": FIELD_MANAGER, "force": str(force).lower(), **(DRY_RUN if dry_run else {})}
    try:
        return client.request("PATCH", path, query, document, APPLY_PATCH)
    except ApiError as error:
        if is_conflict(error):
            raise Conflict(sentence(title_of(document), error)) from error
        raise


def delete(client: Client, path: str, present: Mapping[str, Any]) -> None:
    """Delete the object that was seen at ``path``, and no other that has come in its place; gone is gone."""
    options = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": present["metadata"]["uid"]},
    }
    try:
        client.request("DELETE", path, body=options)
    except ApiError as error:
        if error.status != 404:
            raise


def _create(client: Client, path: str, document: Mapping[str, Any], *, check: bool) -> Outcome | None:
    """Create an object; None where there was one all at once, which is then left as it was.

    The API has no apply that only creates. Without a conflict it puts our label on an object of somebody else, which
    would be removed with the rest.
    """
    try:
        after = patch(client, path, document, dry_run=check)
    except ApiError as error:
        # Its namespace or its CRD would have come first.
        if not (check and error.status == 404):
            raise
        after = dict(document)
    if _is_of_others(after):
        if not check:
            # To apply nothing takes away what nobody but we has set.
            meta = {key: document["metadata"][key] for key in ("name", "namespace") if key in document["metadata"]}
            patch(client, path, {"apiVersion": document["apiVersion"], "kind": document["kind"], "metadata": meta})
        return None
    if document["kind"] == CRD and not check:
        wait_for(client, document, ESTABLISHED_SECONDS)
    return Outcome(document, "created", None, after)


def _is_of_others(after: Mapping[str, Any]) -> bool:
    """Return whether somebody else has set fields of an object that a patch has just created, or so it seemed."""
    return any(item.get("manager") != FIELD_MANAGER for item in after["metadata"].get("managedFields") or ())


def _not_ours(client: Client, path: str, document: Mapping[str, Any]) -> Conflict:
    """Return what to say of an object of somebody else, with the fields that would change hands."""
    try:
        patch(client, path, document, dry_run=True)
    except Conflict as conflict:
        return conflict
    return Conflict(
        f"{title_of(document)} is there already and not ours: it has no label {LABEL}: {MANAGED_BY}; "
        "force takes it over, and it is then removed with the rest"
    )
