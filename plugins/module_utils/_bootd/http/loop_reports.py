# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Installers' reports with a token: read in the event loop, and answered once the store has them.

All that come while the store is at work are kept by one commit after it, for which one thread waits. What octets mean
is for aiohttp to say: known are only heads of requests that it has read before, but for the target. Whatever is not to
be kept, for whichever reason, is left to the route, whose functions this calls.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..decisions.events import Report
from ..hardware.mac import parse_mac
from ..hardware.model import Nic
from ..process.faults import Contained
from . import reports
from .known_heads import Headers, KnownHeads
from .limits import ConnectionSlot
from .middleware import Access
from .report_body import BadBody, reason_in
from .responses import Reply, head_of, text_reply
from .site import SLOT, Environ, Site

_BEGINNING = b"POST /phone-home/"
_VERSION = b" HTTP/1.1\r\n"
_END = b"\r\n\r\n"
_TARGET = re.compile(r"/phone-home/([0-9A-Fa-f:.-]{12,17})/([\w-]{1,64})/([a-z]{1,16})", re.ASCII)
# Headers by which a body is another than its octets, or is waited for, as they are called in a WSGI environment.
_MORE = {"HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE"}


@dataclass(frozen=True, slots=True)
class _Route:
    """The route that would have answered, as log and metrics know it."""

    rule: str


_ROUTE = _Route(reports.BY_TOKEN)


class LaterAnswer:
    """A response that is not known yet: ``on_known`` says who is called with it, in the event loop's thread."""

    __slots__ = ("_access", "nic", "on_known", "report")

    def __init__(self, access: Access, nic: Nic, report: Report) -> None:
        self._access, self.nic, self.report = access, nic, report
        self.on_known: Callable[[bytes], None] = lambda _octets: None

    def give(self, reply: Reply) -> None:
        """Note that ``reply`` is the response, and have it sent."""
        self._access.status = reply.status
        body = reply.body if isinstance(reply.body, bytes) else b""  # no report is answered with a file
        try:
            self._access.answered_by([body])
        finally:  # a client that is told nothing would hold its connection for ever
            self.on_known(head_of(reply, int(time.time())) + body)


class LoopReports:
    """Answers reports that are to be kept, until ``stop``. For the event loop's thread."""

    def __init__(self, site: Site, contained: Contained) -> None:
        self._site, self._contained = site, contained
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="http-report")  # it waits for the store
        self._heads = KnownHeads("POST", _MORE)
        self._waiting: list[LaterAnswer] = []
        self._is_keeping = False

    def stop(self) -> None:
        """Wait for the commit that is under way."""
        self._threads.shutdown(cancel_futures=True)

    def learn(self, headers: Headers) -> None:
        """Know the headers, as they were sent, of a POST by HTTP/1.1 whose connection is kept, from now on."""
        self._heads.learn(headers)

    def answer(self, request: bytes, slot: ConnectionSlot) -> LaterAnswer | None:
        """Return the answer to come to all that a client has sent, None where a route has to answer.

        What the report says of its machine was recorded when this returns an answer, and nothing where it returns None.
        """
        if not request.startswith(_BEGINNING):
            return None
        line, version, rest = request.partition(_VERSION)
        head, end, body = rest.partition(_END)
        known = self._heads.find(head + end) if version else None
        if known is None or len(body) != int(str(known.get("CONTENT_LENGTH") or 0)):
            return None
        path = line[5:].decode("latin-1")
        target = _TARGET.fullmatch(path)
        mac = parse_mac(target[1]) if target is not None else None
        if target is None or mac is None:
            return None
        environ: Environ = {**known, "PATH_INFO": path, "REMOTE_ADDR": slot.source}
        environ |= {SLOT: slot, "bottle.route": _ROUTE}
        return self._begun(environ, mac, target[2], target[3], body)

    def _begun(self, environ: Environ, mac: str, token: str, outcome: str, body: bytes) -> LaterAnswer | None:
        access = Access(environ, self._site)
        try:
            reason = reason_in(str(environ.get("CONTENT_TYPE") or ""), body)
        except BadBody:
            return None
        nic = reports.reporter(self._site, environ, mac, token, outcome)
        if isinstance(nic, Reply):
            return None
        answer = LaterAnswer(access, nic, reports.report_of(nic, outcome, reason))
        self._site.record(nic, answer.report)
        self._waiting.append(answer)
        if not self._is_keeping:
            self._is_keeping = True
            # Not at once: what else has come by now is kept with it.
            asyncio.get_running_loop().call_soon(self._keep)
        return answer

    def _keep(self) -> None:
        """Have a thread wait until the store has all that waits."""
        answers, self._waiting = self._waiting, []
        keys = {answer.nic.machine.key for answer in answers}
        keeping = asyncio.get_running_loop().run_in_executor(self._threads, self._site.services.journal.keep, keys)
        keeping.add_done_callback(lambda kept: self._end(answers, kept))

    def _end(self, answers: list[LaterAnswer], kept: asyncio.Future[dict[str, Exception]]) -> None:
        self._is_keeping = bool(self._waiting)
        if self._waiting:
            self._keep()
        for answer in answers:
            # A fault costs that one its answer, and nothing else.
            reply = text_reply(500, "bootd has a fault; its log says more\n")
            with self._contained:
                fault = kept.result().get(answer.nic.machine.key)
                reply = reports.kept(self._site, answer.nic, answer.report, fault)
            with self._contained:
                answer.give(reply)
