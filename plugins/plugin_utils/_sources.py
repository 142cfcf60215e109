# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a wait for machines asks, and how bootd's own HTTP server is asked: again and again.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, Protocol

from ansible.module_utils.urls import open_url

HTTP_TIMEOUT = 10
MAX_ANSWER = 64 * 1024 * 1024


class Away(Exception):
    """Nothing is heard of the machines at present; the message says why."""


class Refused(Exception):
    """Nothing will be heard of the machines, however long one waits; the message says why."""


@dataclass(frozen=True, slots=True)
class Look:
    """``machines`` as ``/api/v1/machines`` lists them, and by how many seconds bootd's clock is ahead."""

    machines: list[dict[str, Any]]
    clock_ahead: float = 0.0


class Source(Protocol):
    """Tells where machines stand. ``name`` is who is asked, ``place`` the same with where it is."""

    name: str
    place: str

    def start(self) -> None:
        """Begin; raises Refused."""

    def stop(self) -> None:
        """End; no error where it never began."""

    def look(self) -> Look:
        """Return what is known now; raises Away."""

    def pause(self, seconds: float) -> None:
        """Return when there may be news, after ``seconds`` at the latest."""


class Bootd:
    """Asks bootd at ``url`` for its list every ``poll`` seconds."""

    name = "bootd"

    def __init__(self, url: str, poll: float, use_proxy: bool) -> None:
        self.place = f"bootd at {url}"
        self._url, self._poll, self._use_proxy = url, poll, use_proxy

    def start(self) -> None:
        """Do nothing: each question stands for itself."""

    def stop(self) -> None:
        """Do nothing."""

    def look(self) -> Look:
        """Ask; see ``Source``."""
        try:
            return fetch(self._url, self._use_proxy)
        except (OSError, ValueError, HTTPException) as error:
            raise Away(str(error)) from error

    def pause(self, seconds: float) -> None:
        """Wait until it is time to ask again; see ``Source``."""
        time.sleep(min(self._poll, seconds))


def fetch(url: str, use_proxy: bool) -> Look:
    """Return what bootd answers; raises OSError, ValueError, HTTPException."""
    with open_url(f"{url.rstrip('/')}/api/v1/machines", timeout=HTTP_TIMEOUT, use_proxy=use_proxy) as answer:
        text = answer.read(MAX_ANSWER)
        date = answer.headers.get("Date")
    document = json.loads(text)
    machines = document.get("machines") if isinstance(document, dict) else None
    if not isinstance(machines, list) or not all(isinstance(machine, dict) for machine in machines):
        raise ValueError("the answer is not bootd's list of machines")
    return Look(machines, parsedate_to_datetime(date).timestamp() - time.time() if date else 0.0)
