# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What iPXE's messages say about a boot: a URL that was loaded, an error and the page that explains it.

iPXE sends them only where its build has the syslog console; distributions' builds have not, and report by HTTP instead.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..decisions.events import BootError, Loaded
from ..decisions.tokens import REPORT_PREFIX
from ..ipxe.artifacts import plain, role_of
from ..ipxe.reports import error_link
from ..process.masking import mask
from .packet import Message

APP_NAME = "ipxe"
MAX_TEXT = 256

_DOTS = "..."
_PROGRESS = ".0123456789% "
_LINK = re.compile(r" *\(https?://ipxe\.org/([0-9a-f]{8})\)$", re.ASCII)


def read_signal(message: Message) -> Loaded | BootError | None:
    """Return what ``message`` says about the machine's boot, or None for all that says nothing. Never raises."""
    if message.app_name != APP_NAME:
        return None
    url, outcome = _split_progress(message.text)
    if _is_report(url):
        return None
    shown = mask(plain(url))[:MAX_TEXT]
    if url and outcome == "ok":
        return Loaded(shown, role_of(url))
    link = _LINK.search(outcome)
    if link is None:
        return None
    problem = outcome[: link.start()] or "iPXE met an error"
    return BootError(mask(problem)[:MAX_TEXT], shown, error_link(link[1]))


def _split_progress(text: str) -> tuple[str, str]:
    """Return the URL that ``text`` tells the progress of, or "", and what came of it.

    iPXE writes the URL, three dots, then more dots or a percentage while it loads, then the outcome on the same line.
    """
    url, dots, rest = text.partition(_DOTS)
    if dots and "://" in url and " " not in url:
        return url, rest.lstrip(_PROGRESS)
    return "", text


def _is_report(url: str) -> bool:
    """Return whether ``url`` is one a script reports to: its success or failure is nobody's boot."""
    try:
        return urlsplit(url).path.startswith(REPORT_PREFIX)
    except ValueError:
        return False
