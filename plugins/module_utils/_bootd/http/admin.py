# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who may change something over HTTP: whoever knows the admin token, which is in a file that only bootd reads.

It comes in the header Authorization and nowhere else (RFC 6750 section 2.1): browsers send it to no other site, and by
themselves to none. It is compared in constant time, and never logged.
"""

from __future__ import annotations

import hmac
import re
import threading
import time

try:
    from bottle import HTTPResponse
except ImportError:
    pass

from ..process.rate_limit import RateLimit
from . import responses

MIN_TOKEN, MAX_TOKEN = 32, 1024  # characters
TRIES = (0.1, 5.0)  # with a wrong token, of one address: a second, and at once
RETRY_SECONDS = "10"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 section 2.1


def read_token(path: str) -> bytes:
    """Return the token in the file at ``path``; raises OSError, and ValueError where that can be none."""
    with open(path, "rb") as file:
        token = file.read(MAX_TOKEN + 2).strip()
    if not _TOKEN.fullmatch(token.decode("latin-1")) or len(token) > MAX_TOKEN:
        raise ValueError("a token is one line of letters, digits and -._~+/")
    if len(token) < MIN_TOKEN:
        raise ValueError(f"a token has at least {MIN_TOKEN} characters")
    return token


class Admin:
    """Tells whether a request may change something. May be used from any thread.

    The file is read for each request, so that a token that was renewed counts at once; "" is no file, and nobody may.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._tries = RateLimit(*TRIES)
        self._lock = threading.Lock()

    def refusal(self, authorization: str, client: str) -> HTTPResponse | None:
        """Return why a request of the address ``client`` with that header may change nothing, None where it may."""
        if not self._path:
            why = "bootd has no admin token, so nothing can be changed here: see --admin-token-file"
            return responses.json_error(403, why)
        scheme, _space, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            why = "this needs the admin token, as in Authorization: Bearer TOKEN"
            return responses.json_error(401, why, WWW_Authenticate='Bearer realm="bootd"')
        try:
            token = read_token(self._path)
        except (OSError, ValueError):
            return responses.json_error(503, "the file with the admin token can't be used now")
        if not hmac.compare_digest(given.strip().encode("latin-1", "replace"), token):
            return self._wrong(client)
        return None

    def _wrong(self, client: str) -> HTTPResponse:
        """Return what a wrong token gets. It is no matter to who has the right one, behind the same address as well."""
        with self._lock:
            is_one_of_many = self._tries.admit(client, time.monotonic()) is None
        if is_one_of_many:
            return responses.json_error(429, "too many tries with a wrong token", Retry_After=RETRY_SECONDS)
        return responses.json_error(403, "this is not the admin token")
