# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The TFTP server: one thread that waits for datagrams and deadlines, and what log, metrics and journal are told."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ..decisions import events
from ..decisions.boot import BootContext, LocalDisk, Script, Wait, decide_script
from ..decisions.events import BootFile, Event, Held, LocalBoot
from ..hardware.model import Nic
from ..ipxe.render import render
from ..process.faults import Contained
from ..process.health import Pulse
from ..runtime.admission import admit, may_wait
from ..runtime.configuration_handout import config_url
from ..runtime.origin import speaks_for
from ..runtime.services import Services
from .content import BootFiles, open_content
from .decide import Refuse, ServeFile, ServeScript, decide
from .packet import Error, Limits, Packet, Request, TftpError, blksize_for_mtu, encode, negotiate, parse
from .sockets import Address, Channel, Datagram, Listener, OwnPort, SharedPort, path_mtu
from .transfer import Outcome, Session, Sessions, Transfer

_BATCH = 64  # datagrams read before deadlines and stop() are looked at
_DUPLICATE_SECONDS = 1.0  # within which the same request again is the network's doing, not the client's
_ERROR_FRAME = 5  # octets of an ERROR besides its message
_PORT_CLOSED = "the client has closed its port"
LINES_PER_SECOND = 20  # in the log, for requests that get no transfer; the metrics count all


class TftpServer:
    """Answers on ``settings.tftp_port`` from ``open`` and ``start`` until ``stop``; ``port`` is 0 before ``open``."""

    def __init__(self, services: Services, sessions: Sessions | None = None) -> None:
        self.port = 0
        self._services = services
        self._sessions = Sessions() if sessions is None else sessions
        self._loop: ServerLoop | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Bind the socket; OSError where it can't be had."""
        self._loop = ServerLoop(self._services, self._sessions)
        self.port = self._loop.port

    def start(self) -> None:
        """Start to answer; nothing happens where ``open`` did not come before."""
        if self._loop is None:
            return
        pulse = self._services.health.pulse("tftp")
        target, arguments = pulse.run, (partial(self._loop.run, pulse),)
        self._thread = threading.Thread(target=target, args=arguments, name="tftp", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End every transfer and close the sockets; harmless where nothing was opened or started."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        loop.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        loop.close()


class ServerLoop:
    """The bound socket and every transfer. ``run`` serves until ``stop``; ``close`` is for when it has ended."""

    def __init__(self, services: Services, sessions: Sessions) -> None:
        """Bind the socket; OSError where it can't be had."""
        settings = services.settings
        self._services = services
        self._files = BootFiles(settings.boot_files)
        self._sessions = sessions
        self._report = Reporter(services)
        self._contained = Contained("tftp", services.metrics, services.log)
        self._stopping = False
        self._listener = Listener(settings.bind, settings.tftp_port)
        self.port = self._listener.port
        self._stopped = os.eventfd(0)  # readable once stop() was called
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._on_listener)
        self._selector.register(self._stopped, selectors.EVENT_READ, self._on_stop)

    def run(self, pulse: Pulse) -> None:
        """Serve until ``stop``; the pulse beats while there is work, and rests while the loop waits."""
        while not self._stopping:
            due = self._sessions.next_due()
            wait = None if due is None else max(0.0, due - time.monotonic())
            ready = self._selector.select(wait)
            with pulse:
                self._work(ready)

    def stop(self) -> None:
        """Make ``run`` end; may be called from any thread."""
        os.eventfd_write(self._stopped, 1)

    def close(self) -> None:
        """End every transfer and close the sockets."""
        for session in self._sessions.all():
            self._end(session, "bootd is stopping")
        self._selector.close()
        self._listener.close()
        os.close(self._stopped)

    def _work(self, ready: list[tuple[selectors.SelectorKey, int]]) -> None:
        for key, _mask in ready:
            with self._contained:
                key.data()
        now = time.monotonic()
        for session in self._sessions.due(now):
            with self._contained:
                self._advance(session, partial(session.transfer.tick, now))

    def _on_stop(self) -> None:
        self._stopping = True

    def _on_listener(self) -> None:
        for _unused in range(_BATCH):
            datagram = self._listener.receive()
            if datagram is None:
                return
            with self._contained:
                self._on_datagram(datagram)

    def _on_datagram(self, datagram: Datagram) -> None:
        if not datagram.local or not datagram.client[1]:
            # RFC 1123 4.2.3.5: a request to a broadcast address gets no answer; one from port 0 can't have one.
            self._report.dropped("unanswerable")
            return
        try:
            packet = parse(datagram.payload)
        except TftpError:
            self._report.dropped("malformed")
            return
        session = self._sessions.get(datagram.client)
        if isinstance(packet, Request):
            self._on_request(packet, datagram, session)
        elif session is not None and isinstance(session.channel, SharedPort):
            self._on_packet(session, packet)
        else:
            self._report.dropped("no_transfer")

    def _on_own_port(self, session: Session, port: OwnPort) -> None:
        if self._sessions.get(session.client) is not session:
            return  # it ended while this was waiting to be called
        try:
            payload = port.receive()
            if payload is not None:
                self._on_packet(session, parse(payload))
        except ConnectionRefusedError:
            self._end(session, _PORT_CLOSED)
        except OSError:
            self._report.dropped("receive_failed")
        except TftpError:
            self._report.dropped("malformed")

    def _on_packet(self, session: Session, packet: Packet) -> None:
        session.last_heard = time.monotonic()
        self._advance(session, partial(session.transfer.receive, packet, session.last_heard))

    def _on_request(self, request: Request, datagram: Datagram, session: Session | None) -> None:
        now = time.monotonic()
        if session is not None:
            if session.request == request and not session.transfer.acknowledged:
                self._advance(session, session.transfer.repeat_first)
                return
            if session.request == request and now < session.last_heard + _DUPLICATE_SECONDS:
                self._report.dropped("duplicate")
                return
            self._end(session, "the client began anew")
        services, address = self._services, datagram.client[0]
        scripts = partial(self._script_for, address)
        decision = decide(request, address, services.catalog, BootContext.of(services.settings), scripts)
        if isinstance(decision, Refuse):
            self._refuse(request, datagram, decision)
        elif self._make_room(datagram.client[0]):
            self._begin(request, datagram, decision, now)
        else:
            # Silence, not an ERROR: the client asks again, and by then there may be room.
            self._report.dropped("busy")

    def _script_for(self, address: str, nic: Nic) -> tuple[Script | Wait, str]:
        """Return what the machine of ``nic`` is to boot, and the script that says so; it asks from ``address``."""
        services = self._services
        context = BootContext.of(services.settings, config_url(services, nic, address))
        script = decide_script(nic, context)
        asks = may_wait(services, nic) and speaks_for(services, nic, address)
        if asks and isinstance(script, Script) and not isinstance(script.boots, LocalDisk):
            # Before it is sent: its place is taken as soon as it is decided.
            served = events.Script(script.kind, "tftp")
            event = events.Event(nic.machine.key, nic.interface.mac, services.clock(), served)
            script = decide_script(nic, replace(context, waits_for=admit(services, nic, event)))
        return script, render(script, nic.interface.mac, services.settings)

    def _make_room(self, source: str) -> bool:
        idle = self._sessions.replaceable(source)
        if idle is not None:
            self._end(idle, "made room for a newer request")
        return not self._sessions.full(source)

    def _begin(self, request: Request, datagram: Datagram, decision: ServeFile | ServeScript, now: float) -> None:
        try:
            session = self._open(request, datagram, decision, now)
        except TftpError as error:
            self._refuse(request, datagram, Refuse(error.code, f"{decision.name}: {error.message}", decision.nic))
            return
        except OSError as error:
            self._report.out_of_resources(datagram.client, request, error)
            return
        self._sessions.add(session)
        port = session.channel
        if isinstance(port, OwnPort):
            self._selector.register(port, selectors.EVENT_READ, partial(self._on_own_port, session, port))
        self._advance(session, partial(session.transfer.start, now))

    def _open(self, request: Request, datagram: Datagram, decision: ServeFile | ServeScript, now: float) -> Session:
        """Return a session; raise TftpError where the file can't be had, OSError where bootd lacks the means."""
        settings = self._services.settings
        content = open_content(decision, request.mode, self._files)
        try:
            limits = Limits(blksize=min(settings.tftp_max_blksize, blksize_for_mtu(path_mtu(datagram))))
            channel: Channel = SharedPort(self._listener, datagram) if settings.tftp_single_port else OwnPort(datagram)
        except OSError:
            content.close()
            raise
        terms = negotiate(request.options, content.source.size, limits)
        transfer = Transfer(content.source, terms)
        return Session(
            datagram.client, request, decision, terms, transfer, content, channel, started=now, last_heard=now
        )

    def _refuse(self, request: Request, datagram: Datagram, refusal: Refuse) -> None:
        self._report.refused(datagram.client, request, refusal)
        reason = refusal.reason
        if refusal.nic is None:
            # Nobody knows who this is, and the source may be forged: never send more than was received.
            reason = reason[: max(0, len(datagram.payload) - _ERROR_FRAME)]
        try:
            self._listener.send([encode(Error(refusal.code, reason))], datagram.client, datagram.local)
        except OSError:
            self._report.dropped("send_failed")

    def _advance(self, session: Session, step: Callable[[], list[bytes]]) -> None:
        with self._contained:
            self._send(session, step())
            return
        # A fault in bootd: it costs this transfer, and only this one.
        self._end(session, "a fault in bootd")

    def _send(self, session: Session, datagrams: list[bytes]) -> None:
        try:
            session.channel.send(datagrams)
        except ConnectionRefusedError:
            session.transfer.abort(_PORT_CLOSED)
        except OSError:
            self._report.dropped("send_failed")
        if session.transfer.outcome is None:
            self._sessions.reschedule(session)
        else:
            self._finish(session)

    def _end(self, session: Session, reason: str) -> None:
        session.transfer.abort(reason)
        self._finish(session)

    def _finish(self, session: Session) -> None:
        if not self._sessions.remove(session):
            return
        if isinstance(session.channel, OwnPort):
            self._selector.unregister(session.channel)
        session.channel.close()
        session.content.close()
        self._report.ended(session, time.monotonic())


class Reporter:
    """Tells log, metrics and journal how transfers end, and which datagrams get none."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._second = 0
        self._lines = 0

    def ended(self, session: Session, now: float) -> None:
        """Tell how ``session`` ended, at ``now`` of the server's monotonic clock; ValueError where it goes on."""
        transfer, decision = session.transfer, session.decision
        if transfer.outcome is None:
            raise ValueError("the transfer goes on")
        status = transfer.outcome.value
        self._services.metrics.tftp.labels(status).inc()
        self._services.metrics.tftp_bytes.inc(transfer.bytes_acked)
        self._level(transfer)(
            "get",
            **_log_fields(session.client, session.request, decision.nic),
            filename=decision.name,
            bytesSent=transfer.bytes_acked,
            contentSize=session.content.size,
            blksize=session.terms.blksize,
            windowsize=session.terms.windowsize,
            duration=round(now - session.started, 3),
            status=status,
            reason=transfer.reason or None,
        )
        if transfer.outcome is Outcome.COMPLETE and speaks_for(self._services, decision.nic, session.client[0]):
            self._services.journal.record(_event(session, self._services.clock()))

    def refused(self, client: Address, request: Request, refusal: Refuse) -> None:
        """Tell that ``request`` was refused."""
        self._services.metrics.tftp.labels("refused").inc()
        if not self._may_log():
            return
        self._services.log.info(
            "put" if request.write else "get",
            **_log_fields(client, request, refusal.nic),
            status="refused",
            code=int(refusal.code),
            reason=refusal.reason,
        )

    def out_of_resources(self, client: Address, request: Request, error: OSError) -> None:
        """Tell that ``request`` gets no answer, because no descriptor is free or no route is known."""
        self.dropped("no_means")
        if self._may_log():
            self._services.log.error(
                "get", **_log_fields(client, request, None), status="dropped", reason=error.strerror
            )

    def dropped(self, reason: str) -> None:
        """Count a datagram that gets no answer."""
        self._services.metrics.dropped.labels("tftp", reason).inc()

    def _level(self, transfer: Transfer) -> Callable[..., None]:
        log = self._services.log
        if transfer.outcome in (Outcome.TIMEOUT, Outcome.FAILED):
            return log.warning
        # Firmware that only wants to know the size stops at once: that is how it works and nothing to worry about.
        quiet = transfer.outcome is Outcome.ABORTED and not transfer.acknowledged
        return log.debug if quiet else log.info

    def _may_log(self) -> bool:
        second = int(self._services.clock())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        return self._lines <= LINES_PER_SECOND


def _log_fields(client: Address, request: Request, nic: Nic | None) -> dict[str, object]:
    return {
        "machine": nic.machine.name if nic else None,
        "mac": nic.interface.mac if nic else None,
        "client": f"{client[0]}:{client[1]}",
        "uri": request.filename,
    }


def _event(session: Session, at: float) -> Event:
    """Return what the journal is told of a transfer that was completed."""
    decision, sent = session.decision, session.transfer.bytes_acked
    detail: BootFile | Held | LocalBoot | events.Script
    if isinstance(decision, ServeFile):
        detail = BootFile(decision.name, "tftp", sent)
    elif isinstance(decision.script, Wait):
        detail = Held(decision.script.waits_for)
    elif isinstance(decision.script.boots, LocalDisk):
        detail = LocalBoot(decision.script.reason)
    else:
        detail = events.Script(decision.script.kind, "tftp", sent)
    return Event(decision.nic.machine.key, decision.nic.interface.mac, at, detail)
