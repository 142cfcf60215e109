# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What happens to every request around its route: the path is normalized, one line is logged, it is counted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import partial

from ..hardware.model import Nic
from ..process.masking import mask
from ..process.rate_limit import RateLimit
from ..process.served_files import tidied
from ..runtime.origin import nic_at
from ..runtime.recent_packets import ANSWERED, Ring
from ..runtime.services import Services
from .file_body import FileBody
from .site import NIC, Environ, Site, is_rehearsal
from .wsgi_environ import Refused

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN = re.compile(r"^(/phone-home/[^/]+)/[^/]+|^(/configuration)/.*", re.IGNORECASE | re.DOTALL)
# Asked for again and again by whoever watches bootd; logged only where they go wrong.
_QUIET = ("/healthz", "/readyz", "/metrics", "/api/", "/page/")
NO_ROUTE = "none"
MAX_KEPT = 256  # characters of a path, of a query and of a reason, that are kept of a request
# Lines in the log for requests that reach no route, a second and at once; the metrics count all.
MACHINE_LINES = (5.0, 50.0)  # of one machine
OTHER_LINES = (20.0, 100.0)  # of all that are none

Application = Callable[[Environ, Callable[..., object]], Iterable[bytes]]  # WSGI: environment, start_response


class Middleware:
    """A WSGI application that passes requests on to ``app``, with a normalized path, and logs and counts each."""

    def __init__(self, app: Application, site: Site) -> None:
        self._app = app
        self.site = site

    def __call__(self, environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer one request."""
        access = Access(environ, self.site)
        environ.setdefault("wsgi.file_wrapper", lambda body: body)

        def begin(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
            access.status = int(status[:3])
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        if not normalize_path(environ):
            begin("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "11")])
            body = b"" if environ["REQUEST_METHOD"] == "HEAD" else b"not a path\n"
            access.end(len(body))
            return [body]
        response = self._app(environ, begin)
        access.answered_by(response)
        return response


def normalize_path(environ: Environ) -> bool:
    """Give the path in ``environ`` the form of ``tidied``; return False where it is no UTF-8 or has control characters.

    Done here and not by a redirect: firmware builds URLs such as ``//ipxe//ipxe.efi`` and stops at a 301.
    """
    try:
        path = str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return False
    if _CONTROL.search(path):
        return False
    environ["PATH_INFO"] = f"/{tidied(path)}".encode().decode("latin-1")
    return True


def shown_uri(environ: Environ) -> str:
    """Return path and query for the log, without what makes a URL unguessable."""
    path = str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode("utf-8", "replace")
    query = environ.get("QUERY_STRING")
    return masked_path(path) + (f"?{mask(str(query))}" if query else "")


def masked_path(path: str) -> str:
    """Return ``path``, which may be one that was refused and so was not normalized, without a token."""
    return _TOKEN.sub(r"\1\2/***", f"/{tidied(path)}")


def _kept(environ: Environ) -> tuple[str, str]:
    """Return path and query as they are kept: whoever shows them masks them. Half a secret would look like none."""
    path, query = str(environ.get("PATH_INFO", "")), str(environ.get("QUERY_STRING", ""))
    if len(path) > MAX_KEPT:
        path = masked_path(path)[:MAX_KEPT]
    return path, _cut(query)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_KEPT else mask(text)[:MAX_KEPT]


class Access:
    """What log and metrics say of one request."""

    def __init__(self, environ: Environ, site: Site, began: float = 0.0) -> None:
        self._environ = environ
        self._site = site
        self._started = began or time.monotonic()
        self.status = 0
        self.why = ""  # what a refusal says, or why a file was not sent whole

    def answered(self) -> None:
        """Say that the route has answered."""
        self._site.services.metrics.answers.shared("http").observe(time.monotonic() - self._started)

    def answered_by(self, body: Iterable[bytes]) -> None:
        """Say that the route has answered with ``body``, which is noted as sent once it is."""
        self.answered()
        if isinstance(body, FileBody):
            body.on_close.append(partial(self.end_of_file, body.count))
            return
        if self.status >= 400:
            self.why = next(iter(body), b"").decode("utf-8", "replace").strip()
        self.end(sum(map(len, body)))

    def end_of_file(self, size: int, sent: int) -> None:
        """Say that ``sent`` octets of a body with ``size`` were sent."""
        status = "complete" if sent == size else "aborted"
        self._site.services.metrics.transfers.labels("http", status).observe(time.monotonic() - self._started)
        if sent != size:
            self.why = f"the client left after {sent} of {size} bytes"
        self.end(sent)

    def end(self, sent: int) -> None:
        """Say that the response, with ``sent`` octets of body, is on its way."""
        environ, services = self._environ, self._site.services
        route = environ.get("bottle.route")
        rule = route.rule if route is not None else NO_ROUTE
        services.metrics.http.shared(rule, str(self.status)).inc()
        if is_rehearsal(environ):
            services.metrics.rehearsals.labels("http").inc()
        client = self._site.address(environ)
        nic = environ.get(NIC) or nic_at(services, client)
        is_quiet = rule.startswith(_QUIET)
        if isinstance(nic, Nic) and not is_quiet and not is_rehearsal(environ):
            path, query = _kept(environ)
            detail = (client, environ["REQUEST_METHOD"], query, self.status, sent, _cut(self.why))
            services.recent.note(nic.interface.mac, (services.clock(), "http", ANSWERED, path, detail))
        # What went well moves the machine's stage where it matters, which the log tells.
        is_usual = self.status < 400 and not self.why
        if is_usual and not services.log.wants_debug:
            return
        (services.log.debug if is_usual else services.log.info)(
            "http",
            method=environ["REQUEST_METHOD"],
            uri=shown_uri(environ),
            client=client,
            mac=nic.interface.mac if isinstance(nic, Nic) else None,
            machine=nic.machine.name if isinstance(nic, Nic) else None,
            status=self.status,
            bytesSent=sent,
            duration=round(time.monotonic() - self._started, 6),
            reason=self.why if self.status < 400 and self.why else None,
            rehearsal=is_rehearsal(environ) or None,
        )


def note_plain_answer(
    services: Services, ring: Ring, client: str, rule: str, path: str, query: str, sent: int, began: float
) -> None:
    """Do what Access does with a machine's GET that was answered 200, where no such request is logged.

    ``ring`` is of the last packets of the interface that asked. ``began`` is on time.monotonic.
    """
    services.metrics.answers.shared("http").observe(time.monotonic() - began)
    services.metrics.http.shared(rule, "200").inc()
    detail = (client, "GET", query, 200, sent, "")
    ring.extend((services.clock(), ("http", ANSWERED, path, detail)))  # both at once, as RecentPackets.note does


class RefusalLog:
    """Logs and counts requests that are refused before they reach a route. For one thread only.

    Each client's lines are limited, and those of all that are no machine's together: whoever is refused pays nothing.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._machines = RateLimit(*MACHINE_LINES)
        self._others = RateLimit(*OTHER_LINES, sources=1)

    def refused(self, client: str, refusal: Refused) -> None:
        """Take note of a refusal of the address ``client``."""
        services, now = self._services, time.monotonic()
        services.metrics.http.shared(NO_ROUTE, str(refusal.status)).inc()
        nic = nic_at(services, client)
        missed = self._others.admit("", now) if nic is None else self._machines.admit(client, now)
        if missed is not None:
            names = {"mac": nic.interface.mac, "machine": nic.machine.name} if nic is not None else {}
            services.log.info(
                "http", client=client, **names, status=refusal.status, reason=refusal.reason, missed=missed or None
            )
