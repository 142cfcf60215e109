# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The webhooks by which a Harvester installer tells bootd how it fares. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# All that Harvester's installer knows (console/webhooks.go, the same from v1.1 to v1.9).
EVENTS = ("STARTED", "SUCCEEDED", "FAILED")


def webhooks(report_url: str) -> list[dict[str, str]]:
    """Return the webhooks that report to ``report_url``; see ``tokens.report_url``."""
    return [{"event": name, "method": "POST", "url": f"{report_url}/{name.lower()}"} for name in EVENTS]


def with_webhooks(document: Mapping[str, Any], report_url: str) -> dict[str, Any]:
    """Return the configuration ``document`` with our webhooks before the user's, none of them twice.

    First, since the installer runs them in their order and stops at one that fails. What is no list of webhooks stays
    as it is: the installer says what is wrong with it.
    """
    ours = webhooks(report_url)
    install = document.get("install")
    if install is None:
        install = {}
    given = install.get("webhooks") if isinstance(install, Mapping) else None
    if not isinstance(install, Mapping) or not isinstance(given, (list, type(None))):
        return dict(document)
    known = {(hook["event"], hook["url"]) for hook in ours}
    users = [hook for hook in given or [] if _identity(hook) not in known]
    return {**document, "install": {**install, "webhooks": [*ours, *users]}}


def _identity(hook: Any) -> tuple[str, str]:
    if not isinstance(hook, Mapping):
        return "", ""
    return str(hook.get("event", "")).strip().upper(), str(hook.get("url", ""))
