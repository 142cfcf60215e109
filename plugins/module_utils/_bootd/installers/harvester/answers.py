# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where a machine has to answer before it is ready: its own address, and the cluster's for the one that creates it.

Sources: Harvester's configuration, ``install.role``, ``install.mode``, ``install.vip`` and
``install.management_interface`` (docs.harvesterhci.io, "Harvester Configuration"); a witness runs only etcd and the
supervisor of RKE2, on 9345 and 9091 as its documentation of ports lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...hardware.model import Machine, boot_interface, ipv4
from ..base import Target

HTTPS = 443
WITNESS = 9091


def answers_at(machine: Machine, document: Mapping[str, Any] | None) -> tuple[Target, ...]:
    """Return where ``machine`` answers once it is ready.

    ``document`` is the configuration its installer gets from bootd, None where that is not known: it is then taken to
    have the address of its Hardware object, and to be no witness.
    """
    install = _child(document, "install")
    management = _child(install, "management_interface")
    static = _text(management, "method") == "static"
    interface = boot_interface(machine)
    address = (ipv4(_text(management, "ip")) if static else "") or (interface.address if interface else "")
    port = WITNESS if _text(install, "role") == "witness" else HTTPS
    own = (Target(address, port),) if address else ()
    vip = ipv4(_text(install, "vip")) if _text(install, "mode") == "create" else ""
    return own + ((Target(vip, HTTPS),) if vip and vip != address else ())


def _child(node: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    value = _value(node, name)
    return value if isinstance(value, Mapping) else {}


def _text(node: Mapping[str, Any], name: str) -> str:
    value = _value(node, name)
    return value.strip() if isinstance(value, str) else ""


def _value(node: Mapping[str, Any] | None, name: str) -> Any:
    """Return what is at ``name``, which Harvester also takes in camel case."""
    plain = name.replace("_", "")
    for key, value in (node or {}).items():
        if isinstance(key, str) and key.replace("_", "").lower() == plain:
            return value
    return None
