# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware objects in a cluster: one list, then only the writes that are needed, several at a time.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import text_at
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import (
    APPLY_PATCH,
    Client,
    resource_path,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import fields_of
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.differences import diff_of, visible
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.namespaces import make_namespaces
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import plan as _hardware_plan
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.plan import Key, Step
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import FIELD_MANAGER

GROUP_VERSION = "tinkerbell.org/v1alpha1"
PLURAL = "hardware"
AT_ONCE = 8  # requests
MAX_SHOWN = 20  # of the machines that failed
TRIES = 5  # of one object that others change at the same time


class HardwareError(Exception):
    """The objects could not be brought about; the message has a line for each of them."""


@dataclass(frozen=True)
class Wish:
    """What the module was asked for, beside the machines."""

    namespace: str
    prune: bool = False
    reprovision: str = ""
    force: bool = False
    create_namespace: bool = False
    check: bool = False
    diff: bool = False


@dataclass(frozen=True)
class Done:
    """What became of one object, or would in check mode; ``error`` says why nothing did."""

    step: Step
    action: str
    after: Mapping[str, Any] | None = None
    diff: dict[str, str] = field(default_factory=dict)
    error: str = ""


def run(
    connect: Callable[[], Client],
    machines: Sequence[Mapping[str, Any]],
    params: Mapping[str, Any],
    *,
    check: bool,
    diff: bool,
) -> dict[str, Any]:
    """Return the module's result after the objects were brought about as ``params`` say.

    The machines are checked before anybody connects. Raises ValueError and HardwareError.
    """
    if params["state"] == "present" and (found := _hardware_plan.problems(machines)):
        raise ValueError("\n".join(found))
    namespace = params["store"].partition(":")[2]
    wish = Wish(
        namespace=namespace or "default",
        prune=params["prune"],
        reprovision=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if params["reprovision"] else "",
        force=params["force"],
        create_namespace=params["create_namespace"],
        check=check,
        diff=diff,
    )
    namespaces = {_hardware_plan.key_of(item, wish.namespace)[0] for item in machines}
    strays = sorted(namespaces - {namespace}) if namespace else []
    if strays:
        raise ValueError(f"store is {params['store']}, but there are machines of {', '.join(strays)}")
    work = present if params["state"] == "present" else absent
    done = work(connect(), machines, wish, everywhere=not namespace)
    return {
        "changed": any(item.action != "unchanged" for item in done),
        "machines": [{"name": item.step.key[1], "namespace": item.step.key[0], "action": item.action} for item in done],
        **({"diff": [item.diff for item in done if item.diff]} if diff else {}),
    }


def present(client: Client, machines: Sequence[Mapping[str, Any]], wish: Wish, *, everywhere: bool) -> list[Done]:
    """Bring ``machines`` about; ``everywhere``: they are in several namespaces, perhaps. Raises HardwareError."""
    live = _list(client, "" if everywhere else wish.namespace)
    todo = _hardware_plan.steps(machines, live, wish.namespace, prune=wish.prune, reprovision=wish.reprovision)
    if wish.create_namespace:
        _make_namespaces(client, {step.key[0] for step in todo if step.action == "created"}, wish)
    by_key = {_hardware_plan.key_of(machine, wish.namespace): machine for machine in machines}
    return _all(todo, lambda step: _bring_about(client, step, by_key.get(step.key), wish))


def _make_namespaces(client: Client, names: Iterable[str], wish: Wish) -> None:
    try:
        make_namespaces(client, names, check=wish.check)
    except (ApiError, ApiUnreachable) as error:
        raise HardwareError(str(error)) from error


def absent(client: Client, machines: Sequence[Mapping[str, Any]], wish: Wish, *, everywhere: bool) -> list[Done]:
    """Remove the objects that ``machines`` have; raises HardwareError."""
    live = _list(client, "" if everywhere else wish.namespace)
    todo = _hardware_plan.removals(machines, live, wish.namespace)
    return _all(todo, lambda step: _remove(client, step, wish))


def _list(client: Client, namespace: str) -> dict[Key, Mapping[str, Any]]:
    try:
        items = client.get(resource_path(GROUP_VERSION, PLURAL, namespace)).get("items") or ()
    except ApiError as error:
        if error.status == 404:
            text = "the cluster knows no Hardware; baremetal.netboot.hardware_crd installs its CRD"
            raise HardwareError(text) from error
        raise HardwareError(str(error)) from error
    except ApiUnreachable as error:
        raise HardwareError(str(error)) from error
    return {_hardware_plan.key_of(item): item for item in items}


def _all(todo: Iterable[Step], work: Callable[[Step], Done]) -> list[Done]:
    """Do ``work`` for each step, several at a time; raises HardwareError naming each that failed."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(work, todo))
    failed = [item.error for item in done if item.error]
    if failed:
        went_well = sum(item.action not in ("unchanged", "failed") for item in done)
        tail = f"{went_well} others were written" if went_well else "nothing was written"
        shown = [*failed[:MAX_SHOWN], *([f"and {len(failed) - MAX_SHOWN} more"] if len(failed) > MAX_SHOWN else [])]
        raise HardwareError("\n".join([*shown, f"{len(failed)} of {len(done)} machines failed; {tail}"]))
    return done


def _bring_about(client: Client, step: Step, machine: Mapping[str, Any] | None, wish: Wish) -> Done:
    if step.action == "unchanged":
        return Done(step, "unchanged")
    if step.action == "removed":
        return _remove(client, step, wish)
    try:
        return _apply(client, step, machine or {}, wish)
    except (ApiError, ApiUnreachable) as error:
        return Done(step, "failed", error=f"{'/'.join(step.key)}: {error}")


def _apply(client: Client, step: Step, machine: Mapping[str, Any], wish: Wish) -> Done:
    """Apply one object; where others have changed it meanwhile, look again and go on from there."""
    path = resource_path(GROUP_VERSION, PLURAL, *step.key)
    force = wish.force
    for left in range(TRIES, 0, -1):
        try:
            after = client.request("PATCH", path, _query(wish, force), _versioned(step), APPLY_PATCH)
        except ApiError as error:
            if wish.check and wish.create_namespace and error.status == 404 and step.action == "created":
                return _outcome(step, step.wanted or {}, wish)  # its namespace would be there by now
            # 409 is a newer object than the one this was planned for, or a field that somebody else has set.
            causes = fields_of(error)
            foreign = _hardware_plan.foreign(causes)
            if foreign:
                return Done(step, "failed", error=_conflict(step, foreign))
            if error.status != 409 or left == 1:
                raise
            before, step = step, _hardware_plan.step(machine, step.key, _get(client, path), wish.reprovision)
            # Over bootd and ourselves, and only where nobody else can have come in between.
            force = wish.force or (bool(causes) and _version(step.live) == _version(before.live))
        else:
            return _outcome(step, after, wish)
    raise ApiUnreachable("it changes faster than it can be written")


def _outcome(step: Step, after: Mapping[str, Any], wish: Wish) -> Done:
    if step.live is not None and visible(step.live) == visible(after):
        return Done(step, "unchanged")
    return Done(step, step.action, after, diff_of(step.live, after) if wish.diff else {})


def _versioned(step: Step) -> Mapping[str, Any]:
    """Return the object to apply, refused where the one it replaces has changed since it was read."""
    if step.live is None or step.wanted is None:
        return step.wanted or {}
    return {**step.wanted, "metadata": {**step.wanted["metadata"], "resourceVersion": _version(step.live)}}


def _query(wish: Wish, force: bool) -> dict[str, str]:
    query = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
    return {**query, "dryRun": "All"} if wish.check else query


def _conflict(step: Step, foreign: list[tuple[str, str]]) -> str:
    fields = ", ".join(f"{name} (by {manager})" for name, manager in foreign)
    return f"{'/'.join(step.key)}: others have set {fields}; force takes these fields over"


def _get(client: Client, path: str) -> dict[str, Any] | None:
    try:
        return client.get(path)
    except ApiError as error:
        if error.status != 404:
            raise
        return None


def _remove(client: Client, step: Step, wish: Wish) -> Done:
    path = resource_path(GROUP_VERSION, PLURAL, *step.key)
    try:
        client.request("DELETE", path, {"dryRun": "All"} if wish.check else None)
    except ApiError as error:
        if error.status != 404:
            return Done(step, "failed", error=f"{'/'.join(step.key)}: {error}")
    except ApiUnreachable as error:
        return Done(step, "failed", error=f"{'/'.join(step.key)}: {error}")
    return Done(step, "removed", None, diff_of(step.live, None) if wish.diff else {})


def _version(document: Mapping[str, Any] | None) -> str:
    return text_at(document, "metadata", "resourceVersion")
