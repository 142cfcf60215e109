# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The running daemon's API, as commands ask it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

from ..hardware.problem import printable
from .arguments import UsageError

TIMEOUT = 10.0
MAX_ANSWER = 64 * 1024 * 1024
Document = dict[str, Any]


class NoAnswer(UsageError):
    """The daemon did not answer, or what answered is none; the message says where it was asked, and why not."""


def ask(where: str) -> tuple[Document, float]:
    """Return the document at the URL ``where`` and the time by the daemon's clock; raises NoAnswer.

    An answer of 503 is one too: that is how ``/readyz`` says no.
    """
    try:
        with _open(where) as answer:
            found = json.loads(answer.read(MAX_ANSWER))
            headers: Mapping[str, str] = answer.headers
    except (OSError, HTTPException, ValueError) as error:
        why = printable(str(getattr(error, "reason", None) or error))
        raise NoAnswer(f"no answer from {where}: {why}") from error
    if not isinstance(found, dict):
        raise NoAnswer(f"no answer from {where}: what is there is not bootd's")
    return found, _clock(headers.get("Date"))


def _open(where: str) -> Any:
    # Never by way of a proxy, whatever the environment says: it is next door.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return opener.open(where, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return error


def _clock(date: str | None) -> float:
    """Return the time that the header ``date`` says (RFC 9110 section 6.6.1), or that of this host."""
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (TypeError, ValueError):
        return time.time()
