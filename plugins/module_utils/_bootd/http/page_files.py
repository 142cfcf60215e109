# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``/`` and ``/page/``: the page for people, whose files are in the folder ``page`` beside this module.

They are the same for everybody and hold nothing of any machine; what is shown comes from the API. The policy lets the
page load and send nothing elsewhere, run no script but its own, and be in no frame of another site.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pkgutil import get_data

try:
    from bottle import HTTPResponse, request
except ImportError:
    pass

from . import responses

INDEX = "index.html"
KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FILES = (
    INDEX,
    "page.css",
    "icon.svg",
    *("page.js", "api.js", "format.js", "machine.js", "others.js", "table.js", "timeline.js"),
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # kept, and asked for by its tag: another bootd may have another page
}


def wants_page(accept: str) -> bool:
    """Return whether a client that sends this Accept header is a browser: others get text."""
    return "text/html" in accept


def file(name: str) -> HTTPResponse:
    """Return the file of the page called ``name``."""
    if name not in FILES:
        return responses.text(404, "no such file\n")
    content, tag = _content(name)
    headers = {**_HEADERS, "ETag": tag, "Vary": "Accept"} if name == INDEX else {**_HEADERS, "ETag": tag}
    if tag in (item.strip() for item in request.headers.get("If-None-Match", "").split(",")):
        return HTTPResponse(b"", 304, headers=headers)
    headers |= {"Content-Type": KINDS[name.rpartition(".")[2]], "Content-Length": str(len(content))}
    return HTTPResponse(content, 200, headers=headers)


@cache
def _content(name: str) -> tuple[bytes, str]:
    """Return a file and its tag; from a zip archive too, which has no paths to open."""
    content = get_data(__name__, f"page/{name}")
    if content is None:
        raise FileNotFoundError(name)
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
