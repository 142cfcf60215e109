# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What is told of a request once it is over: a line in the log, a count, and an event for the journal."""

from __future__ import annotations

from collections.abc import Callable

from ..catalog import Nic
from ..decisions.boot import LocalDisk, Wait
from ..events import BootFile, Event, Held, LocalBoot, Script
from ..services import Services
from .decide import Refuse, ServeFile
from .packet import Request
from .sessions import Session
from .sockets import Address
from .transfer import Outcome, Transfer

LINES_PER_SECOND = 20  # in the log, for requests that get no transfer; the metrics count all


class Reporter:
    """Tells the log, the metrics and the journal."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._second = 0
        self._lines = 0

    def ended(self, session: Session, now: float) -> None:
        """Tell how ``session`` ended; its transfer must have an outcome. ``now`` is the server's monotonic clock."""
        transfer, decision = session.transfer, session.decision
        status = transfer.outcome.value
        self._services.metrics.tftp.labels(status).inc()
        self._services.metrics.tftp_bytes.inc(transfer.bytes_acked)
        self._level(transfer)(
            "get",
            **_who(session.client, session.request, decision.nic),
            filename=decision.name,
            bytesSent=transfer.bytes_acked,
            contentSize=session.content.size,
            blksize=session.terms.blksize,
            windowsize=session.terms.windowsize,
            duration=round(now - session.started, 3),
            status=status,
            reason=transfer.reason or None,
        )
        if transfer.outcome is Outcome.COMPLETE:
            self._services.journal.record(_event(session, self._services.clock()))

    def refused(self, client: Address, request: Request, refusal: Refuse) -> None:
        """Tell that ``request`` was refused."""
        self._services.metrics.tftp.labels("refused").inc()
        if not self._may_log():
            return
        self._services.log.info(
            "put" if request.write else "get",
            **_who(client, request, refusal.nic),
            status="refused",
            code=int(refusal.code),
            reason=refusal.reason,
        )

    def no_means(self, client: Address, request: Request, error: OSError) -> None:
        """Tell that ``request`` gets no answer for want of a descriptor or a route: the client asks again."""
        self.dropped("no_means")
        if self._may_log():
            self._services.log.error("get", **_who(client, request, None), status="dropped", reason=error.strerror)

    def dropped(self, reason: str) -> None:
        """Count a datagram that gets no answer."""
        self._services.metrics.dropped.labels("tftp", reason).inc()

    def _level(self, transfer: Transfer) -> Callable[..., None]:
        log = self._services.log
        if transfer.outcome in (Outcome.TIMEOUT, Outcome.FAILED):
            return log.warning
        # Firmware that only wants to know the size stops at once: that is how it works and nothing to worry about.
        quiet = transfer.outcome is Outcome.ABORTED and not transfer.proven
        return log.debug if quiet else log.info

    def _may_log(self) -> bool:
        second = int(self._services.clock())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        return self._lines <= LINES_PER_SECOND


def _who(client: Address, request: Request, nic: Nic | None) -> dict[str, object]:
    return {
        "machine": nic.machine.name if nic else None,
        "mac": nic.interface.mac if nic else None,
        "client": f"{client[0]}:{client[1]}",
        "uri": request.filename,
    }


def _event(session: Session, at: float) -> Event:
    decision, sent = session.decision, session.transfer.bytes_acked
    detail: BootFile | Held | LocalBoot | Script
    if isinstance(decision, ServeFile):
        detail = BootFile(decision.name, "tftp", sent)
    elif isinstance(decision.script, Wait):
        detail = Held(decision.script.waits_for)
    elif isinstance(decision.script.boots, LocalDisk):
        detail = LocalBoot(decision.script.reason)
    else:
        detail = Script(decision.script.kind, "tftp", sent)
    return Event(decision.nic.machine.key, decision.nic.interface.mac, at, detail)
