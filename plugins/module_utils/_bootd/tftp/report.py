# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What log, metrics and journal are told of TFTP: how transfers end, and which requests get none."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

from ..decisions import events
from ..decisions.boot import LocalDisk, Wait, kind_of
from ..decisions.events import BootFile, Detail, Event, Held, Loaded, LocalBoot
from ..grub.words import IMAGES
from ..hardware.model import Nic
from ..ipxe.artifacts import role_of
from ..process.rate_limit import RateLimit
from ..runtime.origin import speaks_for
from ..runtime.recent_packets import ANSWERED, UNANSWERED
from ..runtime.services import Services
from ..runtime.unknown_requests import note_unknown
from .decide import Answer, Refuse, ServeFile, ServeScript, TakeReport, claimed_mac
from .packet import Request
from .sessions import Session
from .sockets import Address
from .transfer import Outcome, Transfer

# Lines a second in the log for requests that get no transfer; the metrics count all.
MACHINE_LINES, MACHINE_BURST = 1.0, 5.0  # of one machine
OTHER_LINES = 20.0  # of all that are of no known machine
_LABELS = 16  # of a metric that are kept at hand


class Reporter:
    """Tells log, metrics and journal how transfers end, and which datagrams get none."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._machines = RateLimit(MACHINE_LINES, MACHINE_BURST)
        self._others = RateLimit(OTHER_LINES, OTHER_LINES, sources=1)
        # Looked up once for each of their few labels: prometheus_client takes a lock for it, and as long as to count.
        metrics = services.metrics
        self._ended = lru_cache(_LABELS)(metrics.tftp.labels)
        self._took = lru_cache(_LABELS)(metrics.transfers.labels)
        self._decided = lru_cache(_LABELS)(metrics.decisions.labels)

    def asked(self, request: Request) -> None:
        """Count ``request`` where it is one of a rehearsal."""
        if request.is_rehearsal:
            self._services.metrics.rehearsals.labels("tftp").inc()

    def decided(self, decision: Answer) -> None:
        """Count what a machine is given to boot; what it reports is no decision."""
        if isinstance(decision, TakeReport):
            return
        self._decided("tftp", _name_of(decision)).inc()

    def ended(self, session: Session, now: float) -> None:
        """Tell how ``session`` ended, at ``now`` of the server's monotonic clock; ValueError where it goes on."""
        transfer, decision, request = session.transfer, session.decision, session.request
        if transfer.outcome is None:
            raise ValueError("the transfer goes on")
        status, sent, is_rehearsal = transfer.outcome.value, transfer.bytes_acked, request.is_rehearsal
        self._ended(status).inc()
        self._services.metrics.tftp_bytes.inc(sent)
        self._took("tftp", status).observe(now - session.started)
        nic, size = decision.nic, session.content.size
        if not is_rehearsal:
            self._keep(session.client, request, nic, status, transfer.reason, sent, size)
        tell, is_wanted = self._level(transfer, is_rehearsal=is_rehearsal)
        if is_wanted:
            tell(
                "get",
                **_log_fields(session.client, request, nic),
                filename=decision.name,
                bytesSent=sent,
                contentSize=size,
                blksize=session.terms.blksize,
                windowsize=session.terms.windowsize,
                duration=round(now - session.started, 3),
                status=status,
                reason=transfer.reason or None,
            )
        if transfer.outcome is not Outcome.COMPLETE or is_rehearsal:
            return
        if nic is None:
            self.asked_by_unknown(request, session.client[0])
        elif speaks_for(self._services, nic, session.client[0]):
            self._services.journal.record(_event(session, nic, self._services, sent))

    def refused(
        self, client: Address, request: Request, refusal: Refuse, *, status: str = "refused", warn: bool = False
    ) -> None:
        """Tell that ``request`` was answered with an ERROR."""
        self._services.metrics.tftp.labels(status).inc()
        if status == "refused":
            self._services.metrics.decisions.labels("tftp", status).inc()
        if not request.is_rehearsal:
            self._keep(client, request, refusal.nic, status, refusal.reason)
        log = self._services.log
        if refusal.usual:
            log.debug("get", **_log_fields(client, request, refusal.nic), status=status, reason=refusal.reason)
            return
        tell = log.warning if warn else log.info
        self._line(tell, client, request, refusal.nic, status=status, code=int(refusal.code), reason=refusal.reason)

    def asked_by_unknown(self, request: Request, address: str) -> None:
        """Tell that a machine asked from ``address`` that has no Hardware object."""
        if not request.is_rehearsal:
            note_unknown(self._services, "tftp", claimed_mac(request), address)

    def other_architecture(self, nic: Nic, reason: str) -> None:
        """Tell that the machine of ``nic`` has another architecture than its object, as ``reason`` says."""
        missed = self._machines.admit(nic.machine.key, time.monotonic())
        if missed is not None:
            tell = self._services.log.warning
            tell(
                "other_architecture",
                machine=nic.machine.name,
                mac=nic.interface.mac,
                reason=reason,
                missed=missed or None,
            )

    def unanswered(self, client: Address, request: Request, nic: Nic | None, why: str, reason: str) -> None:
        """Tell that ``request`` gets no answer; ``why`` is the label of the metric, ``reason`` is for people."""
        self.dropped(why)
        if not request.is_rehearsal:
            self._keep(client, request, nic, "dropped", reason)
        self._line(self._services.log.warning, client, request, nic, status="dropped", reason=reason)

    def replaced(self, session: Session) -> None:
        """Tell that ``session``, whose client has acknowledged nothing, makes room for another."""
        reason = "made room for a newer request: the client has acknowledged nothing"
        self.unanswered(session.client, session.request, session.decision.nic, "replaced", reason)

    def not_received(self, error: OSError) -> None:
        """Tell that a datagram could not be received."""
        self.dropped("receive_failed")
        if self._machines.admit("none", time.monotonic()) is not None:
            self._services.log.error("receive_failed", protocol="tftp", reason=error.strerror)

    def dropped(self, reason: str) -> None:
        """Count a datagram that gets no answer."""
        self._services.metrics.dropped.labels("tftp", reason).inc()

    def _keep(
        self,
        client: Address,
        request: Request,
        nic: Nic | None,
        status: str,
        reason: str,
        sent: int = 0,
        size: int | None = None,
    ) -> None:
        """Keep what was asked and answered for whoever looks at the machine; see ``recent_packets``."""
        services = self._services
        outcome = UNANSWERED if status == "dropped" else ANSWERED
        operation = "WRQ" if request.write else "RRQ"
        detail = (client[0], operation, status, sent, size, reason)
        entry = (services.clock(), "tftp", outcome, request.filename, detail)
        if nic is not None:
            services.recent.note(nic.interface.mac, entry)
        elif mac := claimed_mac(request):
            services.recent.note_unknown(mac, entry)

    def _level(self, transfer: Transfer, *, is_rehearsal: bool) -> tuple[Callable[..., None], bool]:
        """Return how the log is told that ``transfer`` has ended, and whether it writes that."""
        log = self._services.log
        if transfer.outcome in (Outcome.TIMEOUT, Outcome.FAILED):
            return log.warning, True
        # Firmware that only wants to know the size stops at once: that is how it works and nothing to worry about.
        if transfer.outcome is Outcome.ABORTED and transfer.acknowledged and not is_rehearsal:
            return log.info, True
        return log.debug, log.wants_debug

    def _line(
        self, tell: Callable[..., None], client: Address, request: Request, nic: Nic | None, **fields: object
    ) -> None:
        """Log one line of a request, unless there were many of that machine, or of all that are of none."""
        now = time.monotonic()
        missed = self._others.admit("", now) if nic is None else self._machines.admit(nic.machine.key, now)
        if missed is not None:
            name = "put" if request.write else "get"
            tell(name, **_log_fields(client, request, nic), **fields, missed=missed or None)


def _name_of(decision: ServeFile | ServeScript) -> str:
    if isinstance(decision, ServeScript):
        return kind_of(decision.script)
    if decision.local_boot:
        return "local_disk"
    return "image" if decision.image else "boot_file"


def _log_fields(client: Address, request: Request, nic: Nic | None) -> dict[str, object]:
    return {
        "machine": nic.machine.name if nic else None,
        "mac": nic.interface.mac if nic else None,
        "client": f"{client[0]}:{client[1]}",
        "uri": request.filename,
        "rehearsal": request.is_rehearsal or None,
    }


def _event(session: Session, nic: Nic, services: Services, sent: int) -> Event:
    """Return what the journal is told of a transfer that was completed, of ``sent`` octets of the file."""
    decision = session.decision
    detail: Detail
    if isinstance(decision, TakeReport):
        detail = decision.told
    elif isinstance(decision, ServeFile) and decision.local_boot:
        detail = LocalBoot(decision.local_boot)
    elif isinstance(decision, ServeFile) and decision.image:
        # As if it had come by HTTP, where the object has it.
        url = f"{services.settings.http_base}/{IMAGES}/{decision.name}"
        detail = Loaded(url, role_of(decision.name), sent, session.content.size, via="tftp")
    elif isinstance(decision, ServeFile):
        detail = BootFile(decision.name, "tftp", sent)
    elif isinstance(decision.script, Wait):
        detail = Held(decision.script.waits_for)
    elif isinstance(decision.script.boots, LocalDisk):
        detail = LocalBoot(decision.script.reason)
    else:
        detail = events.Script(decision.script.kind, "tftp", sent)
    return Event(nic.machine.key, nic.interface.mac, services.clock(), detail)
