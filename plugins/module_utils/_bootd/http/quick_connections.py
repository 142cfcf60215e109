# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Clients' connections before aiohttp has them: accepted, and answered as long as they ask for what is known.

Most connections of a storm ask for a script, for files, and end. For such a one neither asyncio's transport nor
aiohttp's handler and its task are made, which take several times as long as the answer. Nothing of HTTP is read here:
``answer`` knows requests by all their octets. Whatever it does not know is handed on, with what has come of it.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol, cast

from ..process.faults import EXHAUSTED
from . import connection as connections
from .file_sending import FileSending
from .limits import ConnectionSlot, ConnectionSlots
from .loop_reports import LaterAnswer
from .loop_routes import FileAnswer

ACCEPTED_AT_ONCE = 32  # and as many answered, before the loop looks after others
FEW = 4  # answered of those that were accepted at once: more of them are looked at again before they are waited for
AGAIN_SECONDS = 0.001  # after which: most have ended by then, and need not be waited for
RETRY_SECONDS = 1.0  # until a client is accepted again for whom there was no descriptor
ROOM = 4096  # octets of a request; longer ones are handed on
_GONE = (BlockingIOError, InterruptedError, ConnectionAbortedError)  # nobody waits any more


class Answer(Protocol):
    """What knows some requests."""

    def __call__(self, request: bytes, slot: ConnectionSlot, /) -> bytes | FileAnswer | LaterAnswer | None:
        """Return the response to all that a client has sent, a connection kept; None where it is not known."""


class HandOn(Protocol):
    """What takes a connection."""

    def __call__(self, client: socket.socket, slot: ConnectionSlot | None, received: bytes, unsent: bytes, /) -> None:
        """Go on with a connection and its slot, None where there was none left for it.

        ``received`` is what came and is not answered, ``unsent`` what is left to send of an answer before that.
        """


def acceptor_of(listener: socket.socket) -> Callable[[], tuple[socket.socket, str]]:
    """Return what accepts a client of ``listener``, and returns it with its address; raises OSError as ``accept`` does.

    Its socket is of the class below Python's own, where there is one: that takes as long to make as the system needs to
    accept. It lacks what asyncio asks for; see ``whole``.
    """
    bare, family, kind = socket.SocketType, int(listener.family), int(listener.type)
    accept: Callable[[], tuple[int, tuple[str, int]]] | None = getattr(listener, "_accept", None)

    def below() -> tuple[socket.socket, str]:
        descriptor, address = known()
        return cast(socket.socket, bare(family, kind, 0, descriptor)), address[0]

    def as_it_is() -> tuple[socket.socket, str]:
        client, address = listener.accept()
        return client, str(address[0])

    if accept is None:
        return as_it_is
    known = accept
    return below


def whole(client: socket.socket) -> socket.socket:
    """Return the socket of ``client`` as one of Python's own class; what was given is no socket any more."""
    return socket.socket(client.family, client.type, client.proto, client.detach())


class _Waiting:
    """A connection that bootd waits for until ``due``, on the loop's clock."""

    __slots__ = ("client", "due", "slot")

    def __init__(self, client: socket.socket, slot: ConnectionSlot) -> None:
        self.client, self.slot, self.due = client, slot, 0.0


class QuickConnections:
    """Accepts the clients of ``listener`` between ``start`` and ``stop``. For the thread of ``loop``.

    ``on_fault(error)`` is called for what keeps a client from being accepted. ``together`` is entered for all that is
    answered at once. ``disk_threads`` wait for what is sent of files.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        slots: ConnectionSlots,
        answer: Answer,
        hand_on: HandOn,
        on_fault: Callable[[BaseException], None],
        together: AbstractContextManager[object],
        disk_threads: Executor,
    ) -> None:
        self._loop, self._listener, self._slots = loop, listener, slots
        self._accept_one = acceptor_of(listener)
        self._answer, self._hand_on, self._on_fault, self._together = answer, hand_on, on_fault, together
        self._disk_threads = disk_threads
        self._sending: dict[FileSending, _Waiting] = {}
        self._to_answer: set[_Waiting] = set()  # whose answer is not known yet
        self._is_stopped = False
        self._writers: dict[int, Callable[[], object]] = {}  # by descriptor: what is called when the client takes more
        # One for all of them, in the loop's own: to register with it costs less than with the loop.
        self._events = select.epoll()
        # By descriptor, and in the order in which they are due: that have said nothing yet, and that were answered.
        self._silent: dict[int, _Waiting] = {}
        self._idle: dict[int, _Waiting] = {}
        self._fresh: list[_Waiting] = []  # of the second, that are not in ``_events`` yet
        self._again: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Accept clients from now on."""
        self._listener.setblocking(False)
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # of its clients, too
        self._loop.add_reader(self._listener, self._accept_all)
        self._loop.add_reader(self._events, self._look_at_all)

    @property
    def is_to_answer(self) -> bool:
        """Return whether the answer to some client is not known yet."""
        return bool(self._to_answer)

    def stop(self) -> None:
        """Accept nobody, and close every connection that is still here, but for those whose answer is not known yet."""
        self._is_stopped = True
        self._loop.remove_reader(self._listener)
        self._loop.remove_reader(self._events)
        for timer in (self._timer, self._retry, self._again):
            if timer is not None:
                timer.cancel()
        for queue in (self._silent, self._idle):
            for waiting in queue.values():
                self._close(waiting)
            queue.clear()
        for sending in tuple(self._sending):
            sending.fail(ConnectionAbortedError())
        self._events.close()

    def add_writer(self, client: socket.socket, call: Callable[[], object]) -> None:
        """Call ``call`` whenever ``client``, of which nothing else is waited for, takes something."""
        self._writers[client.fileno()] = call
        self._events.register(client, select.EPOLLOUT)

    def remove_writer(self, client: socket.socket) -> None:
        """Do that no more; harmless where it was not done."""
        if self._writers.pop(client.fileno(), None) is not None:
            self._events.unregister(client)

    def _accept_all(self) -> None:
        before = len(self._fresh)
        try:
            with self._together:
                self._accept()
        finally:
            if len(self._fresh) - before <= FEW:
                for waiting in self._fresh[before:]:
                    self._events.register(waiting.client, select.EPOLLIN)
                del self._fresh[before:]
            elif self._again is None:
                self._again = self._loop.call_later(AGAIN_SECONDS, self._look_at_fresh)

    def _accept(self) -> None:
        for _each in range(ACCEPTED_AT_ONCE):
            try:
                client, source = self._accept_one()
            except _GONE:
                return
            except OSError as error:
                self._on_fault(error)
                if error.errno in EXHAUSTED:
                    self._pause()
                return
            self._begin(client, source)

    def _pause(self) -> None:
        """Accept nobody for a while: the listener would say at once that somebody waits."""
        self._loop.remove_reader(self._listener)
        self._retry = self._loop.call_later(RETRY_SECONDS, self._loop.add_reader, self._listener, self._accept_all)

    def _begin(self, client: socket.socket, source: str) -> None:
        slot = self._slots.acquire(source, partial(_hang_up, client))
        if slot is None:
            self._hand_on(whole(client), None, b"", b"")
            return
        waiting = _Waiting(client, slot)
        try:
            request = client.recv(ROOM, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._wait(self._silent, waiting, connections.REQUEST_SECONDS)
        except OSError:
            self._close(waiting)
            return
        else:
            if self._receive(waiting, request):
                self._fresh.append(waiting)
            return
        self._events.register(client, select.EPOLLIN)

    def _look_at_fresh(self) -> None:
        """Go on with those that were answered just before; wait for the ones that have said nothing since."""
        fresh, self._fresh, self._again = iter(self._fresh), [], None
        try:
            with self._together:
                for waiting in fresh:
                    self._look_at_one(waiting)
        finally:
            for waiting in fresh:  # behind a fault with one of them
                if self._is_idle(waiting):
                    self._events.register(waiting.client, select.EPOLLIN)

    def _look_at_one(self, waiting: _Waiting) -> None:
        if not self._is_idle(waiting):
            return  # it was closed meanwhile
        descriptor = waiting.client.fileno()
        try:
            request = waiting.client.recv(ROOM, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._events.register(descriptor, select.EPOLLIN)
            return
        except OSError:
            request = b""
        del self._idle[descriptor]
        if self._receive(waiting, request):
            self._events.register(descriptor, select.EPOLLIN)

    def _is_idle(self, waiting: _Waiting) -> bool:
        return self._idle.get(waiting.client.fileno()) is waiting

    def _look_at_all(self) -> None:
        with self._together:
            self._look()

    def _look(self) -> None:
        """Go on with those that have sent something, take more of a file, or have ended."""
        for descriptor, _what in self._events.poll(0, ACCEPTED_AT_ONCE):
            if (send_more := self._writers.get(descriptor)) is not None:
                send_more()
                continue
            waiting = self._idle.pop(descriptor, None) or self._silent.pop(descriptor)
            try:
                request = waiting.client.recv(ROOM, socket.MSG_DONTWAIT)
            except OSError:
                request = b""
            self._receive(waiting, request, registered=True)

    def _receive(self, waiting: _Waiting, request: bytes, *, registered: bool = False) -> bool:
        """Take what a client has sent, nothing where it has ended; return whether it is waited for again."""
        if not request:
            self._close(waiting)
            return False
        response = self._answer(request, waiting.slot)
        if isinstance(response, FileAnswer):
            return self._send_file(waiting, response, registered=registered)
        if isinstance(response, LaterAnswer):
            return self._answer_later(waiting, response, registered=registered)
        if response is not None:
            return self._send(waiting, response, registered=registered)
        self._pass_on(waiting, request, b"", registered=registered)
        return False

    def _send(self, waiting: _Waiting, response: bytes, *, registered: bool) -> bool:
        """Send a response; return whether the client has taken it and is waited for again."""
        sent = 0
        try:
            sent = waiting.client.send(response, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass  # it reads nothing
        except OSError:
            self._close(waiting)
            return False
        if sent < len(response):
            self._pass_on(waiting, b"", response[sent:], registered=registered)
            return False
        waiting.slot.note_progress()
        self._wait(self._idle, waiting, connections.IDLE_SECONDS)
        return True

    def _pass_on(self, waiting: _Waiting, request: bytes, left: bytes, *, registered: bool) -> None:
        """Hand on a connection with a request that is not known, or with what is left to send of an answer."""
        client, slot = waiting.client, waiting.slot
        if registered:
            self._events.unregister(client)
        try:
            waiting.client = whole(client)
            slot.end = partial(_hang_up, waiting.client)
            self._hand_on(waiting.client, slot, request, left)
        except Exception:
            self._close(waiting)
            raise

    def _answer_later(self, waiting: _Waiting, answer: LaterAnswer, *, registered: bool) -> bool:
        """Wait for an answer, with the client; return False, for the client is not waited for."""
        if registered:
            self._events.unregister(waiting.client)
        waiting.slot.note_progress()
        waiting.slot.waiting_for_client = waiting.slot.idle = False
        self._to_answer.add(waiting)
        answer.on_known = partial(self._is_known, waiting)
        return False

    def _is_known(self, waiting: _Waiting, response: bytes) -> None:
        self._to_answer.discard(waiting)
        waiting.slot.waiting_for_client = waiting.slot.idle = True
        if not self._send(waiting, response, registered=False):
            return
        if self._is_stopped:
            del self._idle[waiting.client.fileno()]
            self._close(waiting)
        else:
            self._events.register(waiting.client, select.EPOLLIN)

    def _send_file(self, waiting: _Waiting, answer: FileAnswer, *, registered: bool) -> bool:
        """Send a file; return whether the client has taken it and is waited for again."""
        client, slot = waiting.client, waiting.slot
        client.setblocking(False)  # sendfile has no flag for it
        sending = FileSending(self._loop, self, client, slot, answer.head, answer.body, self._disk_threads)
        slot.note_progress()
        slot.idle = False
        try:
            is_sent = sending.send_at_once()
        except OSError:
            self._close(waiting)
            return False
        if is_sent:
            self._is_taken(waiting)
            return True
        if registered:
            self._events.unregister(client)  # what it asks for next is read after that
        self._sending[sending] = waiting
        sending.go_on(self._file_ended)
        return False

    def _file_ended(self, sending: FileSending, error: BaseException | None) -> None:
        waiting = self._sending.pop(sending)
        if error is not None:
            self._close(waiting)
        else:
            self._is_taken(waiting)
            self._events.register(waiting.client, select.EPOLLIN)

    def _is_taken(self, waiting: _Waiting) -> None:
        waiting.slot.idle = True
        waiting.slot.note_progress()
        self._wait(self._idle, waiting, connections.IDLE_SECONDS)

    def _wait(self, queue: dict[int, _Waiting], waiting: _Waiting, seconds: float) -> None:
        queue[waiting.client.fileno()] = waiting
        waiting.due = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > waiting.due:
            self._set_timer(waiting.due)

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._end_those_due)

    def _end_those_due(self) -> None:
        self._timer, now = None, self._loop.time()
        for queue in (self._silent, self._idle):
            while queue:
                descriptor, waiting = next(iter(queue.items()))
                if waiting.due > now:
                    if self._timer is None or self._timer.when() > waiting.due:
                        self._set_timer(waiting.due)
                    break
                del queue[descriptor]
                self._close(waiting)

    def _close(self, waiting: _Waiting) -> None:
        waiting.slot.release()
        waiting.client.close()


def _hang_up(client: socket.socket) -> None:
    """Have the connection end, as the loop then sees; may be called from any thread."""
    try:
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended
