# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The TFTP server: one thread that waits for datagrams and deadlines."""

from __future__ import annotations

import os
import resource
import select
import threading
import time
from dataclasses import replace
from functools import partial

from ..decisions import events
from ..decisions.boot import BootContext, LocalDisk, Program, Script, Wait, contradiction, decide_script
from ..decisions.waiting import what_for
from ..grub import render as grub
from ..hardware.model import Nic
from ..ipxe.render import render
from ..process.faults import Contained
from ..process.health import Pulse
from ..process.rate_limit import RateLimit
from ..runtime.admission import admit, may_wait, others_of
from ..runtime.configuration_handout import config_url
from ..runtime.origin import NOBODY, BootLookup, boots_unknown, speaks_for
from ..runtime.services import Services
from .blocks import KeptFiles
from .content import BootFiles, open_content
from .decide import Answer, Refuse, ServeFile, decide, find, missing
from .kept_decisions import KeptDecisions
from .networks import ServedNetworks
from .packet import (
    Error,
    ErrorCode,
    Limits,
    Request,
    RequestError,
    TftpError,
    blksize_for_mtu,
    encode,
    negotiate,
    parse,
)
from .report import Reporter
from .sessions import MAX_SESSIONS, Session, Sessions
from .sockets import Channel, Datagram, Listener, OwnPort, SharedPort
from .transfer import AMPLIFICATION, Transfer
from .transfers import Transfers

_BATCH = 64  # datagrams read before deadlines and stop() are looked at
_DUPLICATE_SECONDS = 1.0  # within which the same request again is the network's doing, not the client's
_ERROR_FRAME = 5  # octets of an ERROR besides its message
_IP_HEADERS = 28  # octets of IPv4's and UDP's
_MAX_MESSAGE = 120  # octets of that message
_OTHER_DESCRIPTORS = 128  # files and sockets of the process that are no transfer's
# Transfers that one address may begin without taking one up: at once, and a second from then on. A client that takes
# them up has no limit; one whose address another forges is sent no more than this.
NOT_TAKEN_UP, NOT_TAKEN_UP_A_SECOND = 256.0, 32.0


class TftpServer:
    """Answers on ``settings.tftp_port`` from ``open`` and ``start`` until ``stop``; ``port`` is 0 before ``open``."""

    def __init__(
        self, services: Services, sessions: Sessions | None = None, networks: ServedNetworks | None = None
    ) -> None:
        self.port = 0
        self._services = services
        self._sessions = Sessions(_max_sessions()) if sessions is None else sessions
        self._networks = networks or ServedNetworks.of(services)
        self._loop: ServerLoop | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Bind the socket; OSError where it can't be had."""
        self._loop = ServerLoop(self._services, self._sessions, self._networks)
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

    def __init__(self, services: Services, sessions: Sessions, networks: ServedNetworks) -> None:
        """Bind the socket; OSError where it can't be had."""
        settings = services.settings
        self._services = services
        self._lookup = BootLookup(services)
        # Where machines that are not known get nothing, and where they boot.
        self._contexts = tuple(BootContext.of(settings, boots_unknown=unknown) for unknown in (False, True))
        self._files = BootFiles(settings.boot_files)
        self._images = BootFiles((settings.image_dir,))
        self._sessions = sessions
        self._networks = networks
        self._not_taken_up = RateLimit(NOT_TAKEN_UP_A_SECOND, NOT_TAKEN_UP)
        self._report = Reporter(services)
        self._took = services.metrics.answers.labels("tftp")
        self._contained = Contained("tftp", services.metrics, services.log)
        self._stopping = False
        self._listener = Listener(settings.bind, settings.tftp_port)
        self._listening = self._listener.fileno()
        self.port = self._listener.port
        services.metrics.watch_socket("tftp", self._listener.drops)
        self._stopped = os.eventfd(0)  # readable once stop() was called
        self._kept = KeptFiles()
        self._decided = KeptDecisions()
        self._waiting = select.epoll()
        self._waiting.register(self._listener, select.EPOLLIN)
        self._waiting.register(self._stopped, select.EPOLLIN)
        self._transfers = Transfers(sessions, self._waiting, self._report, self._contained, self._not_taken_up)

    def run(self, pulse: Pulse) -> None:
        """Serve until ``stop``; the pulse beats while there is work, and rests while the loop waits."""
        while not self._stopping:
            due = self._sessions.next_due()
            wait = None if due is None else max(0.0, due - time.monotonic())
            ready = self._waiting.poll(wait)
            with pulse:
                self._work(ready)

    def stop(self) -> None:
        """Make ``run`` end; may be called from any thread."""
        os.eventfd_write(self._stopped, 1)

    def close(self) -> None:
        """End every transfer and close the sockets."""
        for session in self._sessions.all():
            self._transfers.end(session, "bootd is stopping")
        self._waiting.close()
        self._listener.close()
        os.close(self._stopped)

    def _work(self, ready: list[tuple[int, int]]) -> None:
        """Read one datagram of each transfer that has some, and a batch of requests; then see which are due."""
        self._kept.begin_round()
        now = time.monotonic()
        for descriptor in self._transfers.receive(ready, now):
            if descriptor == self._listening:
                with self._contained:
                    self._on_listener()
            elif descriptor == self._stopped:
                self._stopping = True
        if (due := self._sessions.next_due()) is not None and due <= now:
            self._transfers.tick(now)

    def _on_listener(self) -> None:
        for _unused in range(_BATCH):
            try:
                datagram = self._listener.receive()
            except OSError as error:
                self._transfers.not_received(error)
                return
            if datagram is None:
                return
            self._kept.begin_round()  # what a client asks after a file was written to is answered with what was written
            with self._contained:
                self._on_datagram(datagram)
                self._took.observe(max(0.0, time.time() - datagram.came_at))

    def _on_datagram(self, datagram: Datagram) -> None:
        if not datagram.local or not datagram.client[1]:
            # RFC 1123 4.2.3.5: a request to a broadcast address gets no answer; one from port 0 can't have one.
            self._report.dropped("unanswerable")
            return
        if (kept := self._decided.find(datagram.payload, datagram.client[0], self._lookup)) is not None:
            self._report.asked(kept.request)
            self._on_request(kept.request, datagram, self._sessions.get(datagram.client), kept.decision)
            return
        try:
            packet = parse(datagram.payload)
        except RequestError as error:
            nic = find(error.request, datagram.client[0], self._lookup)
            self._refuse(error.request, datagram, Refuse(error.code, error.message, nic), warn=True)
            return
        except TftpError:
            self._report.dropped("malformed")
            return
        session = self._sessions.get(datagram.client)
        if isinstance(packet, Request):
            self._report.asked(packet)
            self._on_request(packet, datagram, session)
        elif session is not None and isinstance(session.channel, SharedPort):
            self._transfers.on_packet(session, packet, time.monotonic())
        else:
            self._report.dropped("no_transfer")

    def _on_request(
        self, request: Request, datagram: Datagram, session: Session | None, kept: ServeFile | None = None
    ) -> None:
        """Answer ``request``; ``kept`` is what was decided of it when it came before, where that still holds."""
        now, address = time.monotonic(), datagram.client[0]
        if address not in self._networks:
            nic = find(request, address, self._lookup)
            reason = f"{address} is in no network that TFTP serves; --tftp-networks names further ones"
            self._refuse(request, datagram, Refuse(ErrorCode.ACCESS_VIOLATION, reason, nic), warn=True)
            return
        if session is not None and session.request == request:
            if session.transfer.acknowledged and now < session.heard_at + _DUPLICATE_SECONDS:
                self._report.dropped("duplicate")
                return
            if not session.transfer.acknowledged:
                if self._may_begin(request, datagram, session.decision.nic, now):
                    self._transfers.repeat_first(session)
                return
        if session is not None:
            self._transfers.end(session, "the client began anew")
        decision = kept or self._decide(request, datagram)
        if isinstance(decision, Refuse):
            self._refuse(request, datagram, decision)
        elif not self._may_begin(request, datagram, decision.nic, now):
            return
        elif self._make_room(address):
            self._report.decided(decision)
            self._begin(request, datagram, decision, now)
        else:
            reason = f"busy: {len(self._sessions)} transfers are under way; ask again"
            refusal = Refuse(ErrorCode.UNDEFINED, reason, decision.nic)
            self._refuse(request, datagram, refusal, status="busy", warn=True)

    def _decide(self, request: Request, datagram: Datagram) -> Answer | Refuse:
        """Return what ``request``, which was read of ``datagram``, gets."""
        address = datagram.client[0]
        scripts = partial(self._script_for, request.is_rehearsal, address)
        unknown = boots_unknown(self._services, address)
        decision = decide(request, address, self._lookup, self._contexts[unknown], scripts, self._text_of)
        self._decided.keep(datagram.payload, request, decision)
        return decision

    def _may_begin(self, request: Request, datagram: Datagram, nic: Nic | None, now: float) -> bool:
        """Return whether the client's address may be sent a first packet; tell where it may not."""
        if self._not_taken_up.admit(datagram.client[0], now) is not None:
            return True
        reason = f"{datagram.client[0]} asks for more than it takes up; its address may be forged"
        self._report.unanswered(datagram.client, request, nic, "rate", reason)
        return False

    def _script_for(
        self, is_rehearsal: bool, address: str, nic: Nic, program: Program, cpu: str
    ) -> tuple[Script | Wait, str]:
        """Return what the machine of ``nic`` is to boot, and the script of ``program`` that says so.

        It asks from ``address``, and says that it has the architecture ``cpu``, "" where it says none.
        """
        services, address = self._services, NOBODY if is_rehearsal else address
        context = replace(BootContext.of(services.settings, config_url(services, nic, address)), cpu=cpu)
        if differs := contradiction(nic, cpu):
            self._report.other_architecture(nic, differs)
        script = decide_script(nic, context, program)
        waits_for, may = "", may_wait(services, nic) and not isinstance(getattr(script, "boots", None), LocalDisk)
        if may and is_rehearsal:
            waits_for = what_for(nic.machine, others_of(services), services.clock())
        elif may and isinstance(script, Script) and speaks_for(services, nic, address):
            # Before it is sent: its place is taken as soon as it is decided.
            served = events.Script(script.kind, "tftp")
            waits_for = admit(services, nic, events.Event(nic.machine.key, nic.interface.mac, services.clock(), served))
        if waits_for:
            script = decide_script(nic, replace(context, waits_for=waits_for), program)
        return script, self._text_of(script, nic.interface.mac, program)

    def _text_of(self, script: Script | Wait, mac: str, program: Program) -> str:
        settings = self._services.settings
        by_grub = program is Program.GRUB
        return grub.render(script, mac, settings, "tftp") if by_grub else render(script, mac, settings)

    def _make_room(self, source: str) -> bool:
        idle = self._sessions.replaceable(source)
        if idle is not None:
            self._report.replaced(idle)
            self._transfers.end(idle, "made room for a newer request")
        return not self._sessions.full(source)

    def _begin(self, request: Request, datagram: Datagram, decision: Answer, now: float) -> None:
        try:
            session = self._open(request, datagram, decision, now)
        except TftpError as error:
            self._refuse(request, datagram, missing(decision, error))
            return
        except OSError as error:
            # Silence: the client asks again, and by then there may be a descriptor.
            reason = error.strerror or str(error)
            self._report.unanswered(datagram.client, request, decision.nic, "no_means", reason)
            return
        self._transfers.begin(session, now)

    def _open(self, request: Request, datagram: Datagram, decision: Answer, now: float) -> Session:
        """Return a session; raise TftpError where the file can't be had, OSError where bootd lacks the means."""
        settings = self._services.settings
        content = open_content(decision, request.mode, self._files, self._images)
        try:
            channel = self._channel(datagram)
            try:
                limits = Limits(blksize=min(settings.tftp_max_blksize, blksize_for_mtu(channel.mtu())))
            except OSError:
                channel.close()
                raise
        except OSError:
            content.close()
            raise
        terms = negotiate(request.options, content.source.size, limits)
        blocks = content.in_blocks(terms.blksize, self._kept)
        transfer = Transfer(content.source, terms, len(datagram.payload), blocks)
        return Session(
            datagram.client, request, decision, terms, transfer, content, channel, started=now, last_heard=now
        )

    def _channel(self, datagram: Datagram) -> Channel:
        if self._services.settings.tftp_single_port:
            return SharedPort(self._listener, datagram)
        return OwnPort(datagram, cuts=self._listener.cuts)

    def _refuse(
        self, request: Request, datagram: Datagram, refusal: Refuse, *, status: str = "refused", warn: bool = False
    ) -> None:
        self._report.refused(datagram.client, request, refusal, status=status, warn=warn)
        if refusal.nic is None and datagram.client[0] in self._networks:
            self._report.asked_by_unknown(request, datagram.client[0])
        # The source may be forged. A machine gets up to three times what it sent, headers included, for a sentence;
        # others never more than came from there.
        known = self._lookup.by_ip(datagram.client[0]) is not None
        size = len(datagram.payload)
        room = (AMPLIFICATION * (size + _IP_HEADERS) - _IP_HEADERS if known else size) - _ERROR_FRAME
        if room >= 0:
            message = refusal.reason.encode("ascii", "replace")[: min(room, _MAX_MESSAGE)].decode("ascii")
            try:
                self._listener.send([encode(Error(refusal.code, message))], datagram.client, datagram.local)
            except OSError:
                self._report.dropped("send_failed")


def _max_sessions() -> int:
    """Return how many transfers there are descriptors for, when as many are left for HTTP."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(8, min(MAX_SESSIONS, (hard - _OTHER_DESCRIPTORS) // 4))
