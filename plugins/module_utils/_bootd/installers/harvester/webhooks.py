# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``install.webhooks``: the installer's phone-home.

The hooks of an event run in their order, and the first that fails ends them: so ours come first. Source:
pkg/console/webhooks.go and ``doInstall`` in pkg/console/util.go of harvester/harvester-installer, the same from v1.1 to
v1.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .spelling import spelled

EVENTS = ("STARTED", "SUCCEEDED", "FAILED")


def with_webhooks(document: Mapping[str, Any], report_url: str) -> dict[str, Any]:
    """Return ``document`` with a hook for each event before the user's own, which POST to ``REPORT_URL/started`` etc.

    Those that are there already are not added again.
    """
    result = dict(document)
    key = spelled(result, "install")
    install = dict(result[key]) if isinstance(result.get(key), Mapping) else {}
    hooks_key = spelled(install, "webhooks")
    given = install.get(hooks_key)
    ours = [{"event": event, "method": "POST", "url": f"{report_url.rstrip('/')}/{event.lower()}"} for event in EVENTS]
    install[hooks_key] = ours + [hook for hook in (given if isinstance(given, list) else []) if hook not in ours]
    result[key] = install
    return result
