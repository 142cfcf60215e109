# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Responses that are text or JSON. Nothing here redirects: firmware that boots by HTTP stops at a 301."""

from __future__ import annotations

import json

try:
    from bottle import HTTPResponse
except ImportError:
    pass


def text(status: int, content: str, **headers: str) -> HTTPResponse:
    """Return ``content`` as plain text; keywords become headers, ``Retry_After`` as Retry-After."""
    return _response(status, content.encode("utf-8", "replace"), "text/plain; charset=utf-8", headers)


def json_document(status: int, content: object, **headers: str) -> HTTPResponse:
    """Return ``content`` as JSON."""
    encoded = json.dumps(content, separators=(",", ":"), default=str).encode("ascii")
    return _response(status, encoded + b"\n", "application/json", headers)


def json_error(status: int, why: str, **headers: str) -> HTTPResponse:
    """Return an error status with its reason as JSON, ``{"reason": why}``."""
    return json_document(status, {"reason": why}, **headers)


def _response(status: int, body: bytes, kind: str, headers: dict[str, str]) -> HTTPResponse:
    fixed = {"Content-Type": kind, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HTTPResponse(body, status, headers={**fixed, "Content-Length": str(len(body)), **named})
