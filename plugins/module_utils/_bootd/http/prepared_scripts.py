# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Machines' iPXE scripts, kept as the octets of a response and sent from the event loop: no thread, no route.

A storm asks for little else. What is kept of a machine is what ``scripts.write`` has made, and counts as long as all
that it was made of is the same. What a request does to the journal, the metrics and the log it does here as it does in
``scripts.answer``. Whatever is more than a plain question of a known machine is left to that.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

try:
    from bottle import HTTPResponse
except ImportError:
    pass

from ..decisions import events
from ..decisions.boot import Script, Wait, contradiction, kind_of, refuse_script
from ..decisions.modes import RESERVATION
from ..hardware.cpu import cpu_of_build
from ..hardware.mac import parse_mac
from ..hardware.model import Nic
from ..installers.base import Installer
from ..installers.registry import installer_of
from ..runtime import configuration_handout
from ..runtime.origin import speaks_for
from ..runtime.recent_packets import Ring
from ..stores.seen_again import Repeated
from . import responses
from .caller import client_address
from .middleware import Access, note_plain_answer
from .script_makes import Make, ScriptMakes
from .scripts import AUTOEXEC, NAMES, Question, event_of, write
from .site import NIC, REHEARSAL, Environ, Site
from .wsgi_environ import Refused, environment

MAX_OCTETS = 48 * 1024 * 1024  # of responses that are kept: those of some ten thousand machines
BESIDE = 1536  # octets of each that are kept beside its head and body, about: who asks, and what for
MAX_HEADS = 256  # sets of headers that are remembered: machines of one kind send the same ones
MAX_HEAD = 2048  # octets of such a set
_TARGET = re.compile(
    rf"(/([0-9A-Fa-f:.-]{{12,17}})/({'|'.join(map(re.escape, NAMES))}))(?:\?(arch=([a-z0-9_]{{1,16}})))?"
)
# As bootd writes it in a URL: most of them, and so read at less cost.
_OWN_TARGET = re.compile(rf"/([0-9a-f]{{2}}(?:-[0-9a-f]{{2}}){{5}})/({'|'.join(map(re.escape, NAMES))})", re.ASCII)
# Headers by which a request is more than a plain question, as they are called in a WSGI environment.
_MORE = {"CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE", "HTTP_X_FORWARDED_FOR", REHEARSAL}

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class _Route:
    """The route that would have answered, as the log and the metrics know it."""

    rule: str


_VERSION = b" HTTP/1.1\r\n"
_CLOSE = b"Connection: close\r\n\r\n"
_ROUTES = {name: _Route(f"/<mac>/{name}") for name in NAMES}
_NOTHING = events.LocalBoot("")


class _Asked(NamedTuple):
    """What a request asks for, and how log and metrics show it."""

    question: Question
    path: str
    query: str
    route: _Route


@dataclass(slots=True)
class _Prepared:
    """The response to what was ``asked``, and what it was made of: the machine of ``nic`` at the catalog's ``version``.

    Without a response there is no ``configuration_url``.
    """

    asked: _Asked
    nic: Nic
    installer: Installer
    version: int
    configuration_url: str | None = None
    kind: str = ""
    seen: events.LocalBoot | events.Script = _NOTHING  # what the journal is told where the machine itself asks
    head: bytes = b""  # up to the date
    body: bytes = b""
    make: Make | None = None  # whose pattern gives the body anew: ten thousand of them would be 40 MB
    repeated: Repeated | None = None  # ``seen`` as the journal takes it from the second time on
    peer: str | None = None  # who asked last, by the ``address``, and whether as the machine itself
    address: str = ""
    is_own_act: bool = False
    ring: Ring | None = None  # of the machine's last packets, as long as their era is the same
    era: int = 0

    @property
    def size(self) -> int:
        """Return how many octets are kept, about."""
        return len(self.head) + len(self.body) + BESIDE


class PreparedScripts:
    """Answers requests for scripts as far as that takes no thread. For the event loop's thread."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._prepared: OrderedDict[str, _Prepared] = OrderedDict()  # by the target, as it was sent
        self._size = 0
        self._makes = ScriptMakes()
        self._plain: dict[Headers, bool] = {}
        self._heads: set[bytes] = set()  # what follows the target in a request, of those that are plain and kept
        self._head = _head_of(responses.text(200, ""))
        self._last_head = -1, b""  # with the size that it is for: most scripts of a site are as long
        self._waits = bool(site.services.settings.installs_at_once)
        # Whether the objects alone say whose an address is.
        self._by_objects = site.services.modes.used == {RESERVATION}

    def answer(self, target: str, headers: Headers, peer: str, *, keep_alive: bool) -> bytes | None:
        """Return the response to a GET by HTTP/1.1, None where a route has to make it.

        ``target`` and ``headers`` are as they were sent. All that such a request does was done when this returns a
        response, and nothing where it returns None.
        """
        if not self._is_plain(headers, kept=keep_alive):
            return None
        return self._answer(target, peer, keep_alive=keep_alive)

    def known(self, request: bytes, peer: str) -> bytes | None:
        """Return the response to a request as it was sent, None where ``answer`` has not had the like of it.

        The like of it is one with the same octets but for the target. What they mean is for aiohttp to say, once.
        """
        line, version, head = request.partition(_VERSION)
        if head not in self._heads or not version or line[:4] != b"GET ":
            return None
        return self._answer(line[4:].decode("latin-1"), peer, keep_alive=True)

    def _answer(self, target: str, peer: str, *, keep_alive: bool) -> bytes | None:
        began, services = time.monotonic(), self._site.services
        # Before anything is looked up: what changes meanwhile is looked up again by the next request.
        version = services.catalog.version
        found = self._prepared.get(target)
        if found is None or found.version != version:
            found = self._looked_up(target, found, version)
            if found is None:
                return None
        nic = found.nic
        if not services.configurations.knows(nic.machine.key):
            return None
        address = found.address if found.peer == peer else client_address(peer, "", self._site.proxies)
        url = configuration_handout.config_url(services, nic, address, found.installer)
        is_new = found.configuration_url != url
        if is_new:
            made = self._prepare(target, found, url)
            if made is None:
                return None
            body = made
        else:
            if self._size > MAX_OCTETS // 2:  # far from it nobody asks for their order
                self._prepared.move_to_end(target)
            body = found.body if found.make is None else found.make.filled(nic, url)
        if self._is_own_act(found, peer, address):
            self._record(found, is_new=is_new)
        self._site.decided(found.kind)
        self._note(found, address, len(body), began)
        return b"".join((found.head, responses.date_line(int(time.time())), b"\r\n" if keep_alive else _CLOSE, body))

    def _looked_up(self, target: str, before: _Prepared | None, version: int) -> _Prepared | None:
        """Return what is kept for ``target``, which was ``before``, as the catalog's ``version`` has its machine.

        Where that is another machine than it was, or there was nothing, no script is in it. None where there is no such
        machine, or it may have to wait.
        """
        asked = before.asked if before is not None else _asked_by(target)
        nic = self._site.services.catalog.by_mac(asked.question.mac) if asked is not None else None
        if asked is None or nic is None or nic.machine.after or self._waits:
            return None
        if before is None or before.nic is not nic:
            return _Prepared(asked, nic, installer_of(nic.machine), version)
        before.version, before.peer = version, None
        return before

    def _is_own_act(self, asked: _Prepared, peer: str, address: str) -> bool:
        """Return whether it is the machine itself that asks; as long as nothing changes, the same client still is."""
        if asked.peer != peer or not self._by_objects:
            asked.peer, asked.address = peer, address
            asked.is_own_act = speaks_for(self._site.services, asked.nic, address)
        return asked.is_own_act

    def _record(self, given: _Prepared, *, is_new: bool) -> None:
        """Tell the journal that the machine itself was given that, for the first time where it ``is_new``."""
        if is_new:
            self._site.record(given.nic, given.seen)
            return
        services, nic = self._site.services, given.nic
        if given.repeated is None:
            given.repeated = services.journal.repeated(nic.machine.key, nic.interface.mac, given.seen)
        services.journal.record_given(given.repeated, services.clock())

    def _note(self, given: _Prepared, client: str, sent: int, began: float) -> None:
        """Tell log, metrics and last packets of an answer with ``sent`` octets of body."""
        services, asked, nic = self._site.services, given.asked, given.nic
        if not services.log.wants_debug:
            if given.ring is None or given.era != services.recent.era:
                given.era = services.recent.era
                given.ring = services.recent.ring(nic.interface.mac)
            note_plain_answer(services, given.ring, client, asked.route.rule, asked.path, asked.query, sent, began)
            return
        environ: Environ = {"REQUEST_METHOD": "GET", "PATH_INFO": asked.path, "QUERY_STRING": asked.query}
        environ |= {"REMOTE_ADDR": client, NIC: nic, "bottle.route": asked.route}
        access = Access(environ, self._site, began)
        access.status = 200
        access.answered()
        access.end(sent)

    def _is_plain(self, headers: Headers, *, kept: bool) -> bool:
        """Return whether ``headers`` change nothing in what is answered, nor in what it does.

        ``kept`` is whether the connection is kept after it; such headers are ``known`` from then on.
        """
        plain = self._plain.get(headers)
        if plain is None:
            if sum(len(name) + len(value) for name, value in headers) > MAX_HEAD:
                return False
            try:
                plain = not _MORE & environment("GET", "/", (1, 1), headers).keys()
            except Refused:
                plain = False
            if len(self._plain) >= MAX_HEADS:
                self._plain.clear()
                self._heads.clear()
            self._plain[headers] = plain
            if plain and kept:
                # Sent like this they can't be read in another way; sent otherwise aiohttp reads them again.
                self._heads.add(b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n")
        return plain

    def _prepare(self, target: str, wanted: _Prepared, configuration_url: str) -> bytes | None:
        """Make the response; return its body. Keep it in the place of those that were not asked for the longest."""
        nic, question = wanted.nic, wanted.asked.question
        make = self._makes.of(nic, question, configuration_url)
        if make is not None and make.is_proven:
            body = make.filled(nic, configuration_url)
            seen: events.LocalBoot | events.Script = make.event(len(body))
            decided = make.decided
        elif refuse_script(nic) or contradiction(nic, cpu_of_build(question.cpu)):
            return None
        else:
            script, body = self._write(question, nic, configuration_url)
            if make is not None:
                make.learn(nic, configuration_url, partial(self._write, question), script, body)
                make = None
            seen, decided = event_of(script, len(body)), kind_of(script)
        before = self._prepared.pop(target, None)
        if before is not None:
            self._size -= before.size
        wanted.configuration_url, wanted.kind, wanted.seen, wanted.repeated = configuration_url, decided, seen, None
        wanted.head, wanted.body, wanted.make = self._head_of(len(body)), b"" if make is not None else body, make
        self._prepared[target] = wanted
        self._size += wanted.size
        while self._size > MAX_OCTETS and len(self._prepared) > 1:
            _target, oldest = self._prepared.popitem(last=False)
            self._size -= oldest.size
        return body

    def _head_of(self, size: int) -> bytes:
        """Return the head of an answer, up to the date, with a body of ``size`` octets."""
        if self._last_head[0] != size:
            self._last_head = size, self._head % size
        return self._last_head[1]

    def _write(self, question: Question, nic: Nic, configuration_url: str) -> tuple[Script | Wait, bytes]:
        script, text = write(self._site, nic, question, configuration_url)
        return script, text.encode("utf-8", "replace")


def _head_of(answer: HTTPResponse) -> bytes:
    """Return the head of such an answer, up to the date, with ``%d`` for its length."""
    fields = {**dict(answer.headerlist), "Content-Length": "%d", "Server": "bootd", "Date": ""}
    lines = [f"HTTP/1.1 {answer.status_line}", *(": ".join(item) for item in fields.items())]
    return "\r\n".join(lines).encode("latin-1")


def _asked_by(target: str) -> _Asked | None:
    """Return what a request target asks for, None where it may be anything but the script of a machine by its MAC."""
    if (own := _OWN_TARGET.fullmatch(target)) is not None:
        question = Question(own[1].replace("-", ":"), in_firmware=own[2] == AUTOEXEC)
        return _Asked(question, target, "", _ROUTES[own[2]])
    match = _TARGET.fullmatch(target)
    mac = parse_mac(match[2]) if match is not None else None
    if match is None or mac is None:
        return None
    path, name, query, cpu = match[1], match[3], match[4] or "", match[5] or ""
    question = Question(mac, cpu=cpu, asked_cpu=bool(query), in_firmware=name == AUTOEXEC)
    return _Asked(question, path, query, _ROUTES[name])
