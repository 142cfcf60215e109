# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Files that were just opened, and what iPXE reports: answered in the event loop, by the functions that routes call.

Next to its script these are what a machine asks for while it boots, a kernel in many ranges. Neither bottle's router,
aiohttp's objects and task, nor a thread is needed for what waits for nothing. What octets mean is for aiohttp to say:
known is only what it has read before, but for the target and the range.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..process.faults import Contained
from ..process.served_files import is_relative
from . import images, reports
from .file_body import FileBody
from .known_heads import Headers, KnownHeads
from .limits import ConnectionSlot
from .middleware import Access
from .recently_opened import RecentlyOpened
from .responses import Reply, head_of, text_reply
from .site import SLOT, Environ, Site

_VERSION = b" HTTP/1.1\r\n"
_RANGE = re.compile(rb"^Range: (bytes=[0-9]{1,18}-[0-9]{0,18})\r\n", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(r"(/images/|/ipxe/)([\w.~/-]+)", re.ASCII)
_QUERY = re.compile(r"[!-~]+")
# Headers by which a request is more than a question, as they are called in a WSGI environment.
_MORE = {"CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE"}


@dataclass(frozen=True, slots=True)
class _Route:
    """The route that would have answered, as log and metrics know it, and the function that it calls."""

    rule: str
    answer: Callable[[Site, Environ, str], Reply]


_FILES = {
    "/images/": _Route(images.IMAGES, images.image),
    "/ipxe/": _Route(images.FIRMWARE, images.firmware),
}
_REPORT = _Route(reports.BY_ADDRESS, lambda site, environ, _name: reports.told_by_query(site, environ))


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """A response with a file: what is sent before it, and the file, which its sender closes."""

    head: bytes
    body: FileBody


class LoopRoutes:
    """Answers what waits for nothing; ``opened`` are the paths of files that a thread has just opened.

    For the event loop's thread.
    """

    def __init__(self, site: Site, contained: Contained) -> None:
        self._site, self._contained = site, contained
        self.opened = RecentlyOpened()
        self._heads = KnownHeads("GET", _MORE)  # without a range

    def learn(self, headers: Headers) -> None:
        """Know the headers, as they were sent, of a GET by HTTP/1.1 whose connection is kept, from now on."""
        self._heads.learn(tuple(header for header in headers if header[0].lower() != b"range"))

    def answer(self, request: bytes, slot: ConnectionSlot) -> bytes | FileAnswer | None:
        """Return the response to all that a client has sent, None where it is not known; the connection is kept.

        All that the request does was done when this returns a response, and nothing where it returns None.
        """
        line, version, head = request.partition(_VERSION)
        if not version or not line.startswith((b"GET /images/", b"GET /ipxe/", b"GET /phone-home?")):
            return None
        wanted = _RANGE.search(head)
        if wanted is not None:
            if wanted.end() == len(head):
                return None  # behind the empty line: it begins another request
            head = head[: wanted.start()] + head[wanted.end() :]
        known = self._heads.find(head)
        path, mark, query = line[4:].decode("latin-1").partition("?")
        found = self._route(path, query, has_query=bool(mark)) if known is not None else None
        if known is None or found is None:
            return None
        route, name = found
        environ: Environ = {**known, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": slot.source}
        environ |= {SLOT: slot, "bottle.route": route}
        if wanted is not None:
            environ["HTTP_RANGE"] = wanted[1].decode("ascii")
        return self._answered(environ, route, name)

    def _route(self, path: str, query: str, *, has_query: bool) -> tuple[_Route, str] | None:
        if path == reports.BY_ADDRESS:
            return (_REPORT, "") if _QUERY.fullmatch(query) and "#" not in query else None
        match = _PATH.fullmatch(path)
        if has_query or match is None or not is_relative(match[2]) or not self.opened.admits(path):
            return None
        return _FILES[match[1]], match[2]

    def _answered(self, environ: Environ, route: _Route, name: str) -> bytes | FileAnswer:
        access = Access(environ, self._site)
        reply = None
        with self._contained:
            reply = route.answer(self._site, environ, name)
        if reply is None:
            reply = text_reply(500, "bootd has a fault; its log says more\n")
        access.status, body = reply.status, reply.body
        access.answered_by(body if isinstance(body, FileBody) else [body])
        head = head_of(reply, int(time.time()))
        return FileAnswer(head, body) if isinstance(body, FileBody) else head + body
