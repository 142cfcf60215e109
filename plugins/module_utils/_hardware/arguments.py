# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module hardware takes, also where its action does the work.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import (
    ARGUMENTS as CLUSTER_ARGUMENTS,
)

ARGUMENTS: dict[str, dict[str, Any]] = {
    **CLUSTER_ARGUMENTS,
    "store": {"type": "str", "default": "kubernetes"},
    "machines": {"type": "list", "elements": "dict"},
    "machine": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "prune": {"type": "bool", "default": False},
    "reprovision": {"type": "bool", "default": False},
    "create_namespace": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "str", "default": "0640"},
}
MUTUALLY_EXCLUSIVE = [("machines", "machine")]
REQUIRED_ONE_OF = [("machines", "machine")]
