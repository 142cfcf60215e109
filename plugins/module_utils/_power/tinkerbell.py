# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""BMCs as Tinkerbell has them: a Machine, ``bmc.tinkerbell.org/v1alpha1``, and the Secret with its login.

A Hardware object names its Machine in ``spec.bmcRef``. The Secret has ``username`` and ``password``.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import PowerError
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import IPMI, REDFISH

GROUP_VERSION = "bmc.tinkerbell.org/v1alpha1"
# What bmclib, which Tinkerbell has for this, calls its drivers.
_DRIVERS = {"gofish": REDFISH, "redfish": REDFISH, "ipmitool": IPMI}
_DEFAULT_PORT = 623  # of spec.connection.port, whatever the protocol: so it tells nothing


def words_of_machine(client: Client, namespace: str, name: str) -> dict[str, Any]:
    """Return the BMC of the Machine ``name`` in the words of an inventory; raises PowerError."""
    machine = _got(client, GROUP_VERSION, "machines", namespace, name)
    connection = _mapping(_mapping(machine.get("spec")).get("connection"))
    reference = _mapping(connection.get("authSecretRef"))
    secret_name = str(reference.get("name") or "")
    if not secret_name:
        raise PowerError(f"the Machine {namespace}/{name} names no Secret in spec.connection.authSecretRef")
    secret = _got(client, "v1", "secrets", str(reference.get("namespace") or namespace), secret_name)
    return {**words_of_connection(connection), **login_of_secret(secret)}


def words_of_connection(connection: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``spec.connection`` says, without the login.

    Tinkerbell tries one protocol after the other. Here it is the first of ``providerOptions.preferredOrder`` that is
    known, or the only one that has options, or else Redfish.
    """
    options = _mapping(connection.get("providerOptions"))
    order = options.get("preferredOrder")
    known = [_DRIVERS[str(name)] for name in order if str(name) in _DRIVERS] if isinstance(order, list) else []
    kind = next(iter(known), IPMI if "ipmitool" in options and "redfish" not in options else REDFISH)
    own = _mapping(options.get("ipmitool" if kind == IPMI else "redfish"))
    general = connection.get("port")
    port = own.get("port") or (general if kind == IPMI or general != _DEFAULT_PORT else None)
    words = {"type": kind, "address": connection.get("host"), "port": port}
    if kind == REDFISH:
        words["system"] = own.get("systemName")
        words["validate_certs"] = not connection.get("insecureTLS", False)
    return {name: value for name, value in words.items() if value not in (None, "")}


def login_of_secret(secret: Mapping[str, Any]) -> dict[str, str]:
    """Return ``username`` and ``password`` of a Secret, as far as it has them."""
    data = _mapping(secret.get("data"))
    found = {}
    for name in ("username", "password"):
        try:
            found[name] = base64.b64decode(str(data[name]), validate=True).decode()
        except (KeyError, binascii.Error, UnicodeDecodeError):
            continue
    return found


def _got(client: Client, group_version: str, plural: str, namespace: str, name: str) -> dict[str, Any]:
    try:
        return client.get(resource_path(group_version, plural, namespace, name))
    except (ApiError, ApiUnreachable) as error:
        raise PowerError(f"{plural} {namespace}/{name}: {error}") from None


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}
