# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What can go wrong between a program and the Kubernetes API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """The API refused a request. ``status`` is HTTP's, ``reason`` Kubernetes' word for it, ``details`` its causes."""

    def __init__(self, status: int, reason: str, message: str, details: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.details: Mapping[str, Any] = details if isinstance(details, dict) else {}


class ApiUnreachable(Exception):
    """The API can't be reached, or does not answer as an API server: try again later."""


class ConfigurationError(Exception):
    """No usable way to an API server is configured; the message says what was looked for."""


def error_from(status: int, body: bytes, what: str) -> ApiError | ApiUnreachable:
    """Return the error that an answer of the API stands for; ``what`` names the request, for people."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        document = {}
    message = f"{what}: {document.get('message') or body[:200].decode('utf-8', 'replace') or 'no reason given'}"
    reason = str(document.get("reason") or status)
    # 429: too many requests. 5xx: the server, or what it stands on, is in trouble.
    if status == 429 or status >= 500:
        return ApiUnreachable(f"{message} ({status} {reason})")
    return ApiError(status, reason, f"{message} ({status} {reason})", document.get("details"))
