# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""bootd's log: one line an event, JSON for machines or text for people, the same fields in both.

Whoever reads the log may be slow, and no reply waits for that: what a full pipe does not take waits in memory, in its
order, and a thread that is there as long as any waits writes it once there is room.
"""

from __future__ import annotations

import contextlib
import json
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TextIO

from .masking import mask, may_have_secrets

LEVELS = ("debug", "info", "warning", "error")
MAX_FIELD = 1024
MAX_WAITING = 20_000  # lines that wait for a slow reader
MAX_WAITING_FOR_DEBUG = 5_000  # where as many wait, no line of debug joins them
PIECE = select.PIPE_BUF  # octets that a pipe with any room takes at once (POSIX, write)

# json.dumps would make an encoder for every line.
_encode = json.JSONEncoder(default=str).encode
_quote = json.encoder.encode_basestring_ascii
_ENCODERS: dict[type, Callable[[Any], str]] = {str: _quote, int: repr}  # of the very types; of all others _encode


class Log:
    """Writes events to ``stream``; safe to call from any thread. A line that can't be written is dropped.

    Those for which there is no room to wait are counted in ``left_out``, and ``log_left_out`` says how many there were.
    """

    def __init__(self, form: str = "json", level: str = "info", stream: TextIO | None = None) -> None:
        self._render = _as_json if form == "json" else _as_text
        self._wanted = frozenset(LEVELS[LEVELS.index(level) :])
        self.wants_debug = "debug" in self._wanted  # to be asked before the fields of a line for each packet are made
        self._stream = stream if stream is not None else sys.stdout
        self._lock = threading.Lock()
        self._waiting: deque[str] = deque()
        self._begun = ""  # the rest of a line that is written in part
        self._writer: threading.Thread | None = None  # of what waits, while anything does
        self.left_out = 0  # lines, since the start
        self._told_left_out = 0  # of these, by ``log_left_out``
        self._gathering = 0  # how many threads are in a ``with`` statement of this:
        self.gathered = _Gathered(self._gather)  # lines in it wait for each other, and are written together
        self._room = _room_of(self._stream)

    def debug(self, event: str, **fields: object) -> None:
        """Log what only somebody looking for a fault wants to see."""
        if self.wants_debug:
            self._write("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Log something that happened as it should."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Log something that works but needs a look."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Log something that does not work."""
        self._write("error", event, fields)

    def flush(self, seconds: float) -> int:
        """Wait until all is written, ``seconds`` at most; return how many lines are not."""
        with self._lock:
            writer = self._writer
        if writer is not None:
            writer.join(seconds)
        with self._lock:
            return len(self._waiting) + bool(self._begun)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        if level not in self._wanted:
            return
        present = {name: value for name, value in fields.items() if value is not None}
        now = time.time()
        line = self._render(now, level, event, present)
        # Neither is done for each value of each line, for it is hardly ever needed.
        if may_have_secrets(line):
            line = self._render(now, level, event, {name: _masked(value) for name, value in present.items()})
        elif len(line) > MAX_FIELD:
            line = self._render(now, level, event, {name: _bounded(value) for name, value in present.items()})
        with self._lock:
            if len(self._waiting) < (MAX_WAITING_FOR_DEBUG if level == "debug" else MAX_WAITING):
                self._waiting.append(line)
            else:
                self.left_out += 1
            if not self._gathering:
                self._write_at_once()

    def _gather(self, more: int) -> None:
        with self._lock:
            self._gathering += more
            if self._waiting and not self._gathering:
                self._write_at_once()

    def _write_at_once(self) -> None:
        """Write what waits, and have a thread write what the stream does not take at once."""
        self._drain()
        if (self._waiting or self._begun) and self._writer is None:
            writer = threading.Thread(target=self._write_what_waits, name="log", daemon=True)
            # Where there can be no further thread, the next line writes what waits.
            with contextlib.suppress(RuntimeError):
                writer.start()
                self._writer = writer

    def _drain(self) -> None:
        """Write what waits, as far as the stream takes it at once."""
        while (self._waiting or self._begun) and (self._room is None or self._room.poll(0)):
            # A longer line would wait for its reader, and with it everybody who has one to write. All are ASCII.
            rest = self._begun or self._next_lines()
            piece, self._begun = rest[:PIECE], rest[PIECE:]
            try:
                self._stream.write(piece)
                self._stream.flush()
            except (OSError, ValueError):
                # A closed or full log stream must not stop the service.
                self._begun = ""
                return

    def _next_lines(self) -> str:
        """Return the next line, and as many more as a pipe takes with it."""
        lines = [self._waiting.popleft()]
        size = len(lines[0]) + 1
        while self._waiting and (size := size + len(self._waiting[0]) + 1) <= PIECE:
            lines.append(self._waiting.popleft())
        if self.left_out > self._told_left_out and not self._waiting:
            missing, self._told_left_out = self.left_out - self._told_left_out, self.left_out
            lines.append(self._render(time.time(), "warning", "log_left_out", {"lines": missing}))
        return "\n".join(lines) + "\n"

    def _write_what_waits(self) -> None:
        room = _room_of(self._stream)  # of its own: one can be asked by one thread at a time
        while True:
            if room is not None:
                room.poll()
            with self._lock:
                self._drain()
                if not (self._waiting or self._begun):
                    self._writer = None
                    return


class _Gathered:
    """A context manager that tells when it is entered, by 1, and left, by -1."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell

    def __enter__(self) -> None:
        self._tell(1)

    def __exit__(self, *_fault: object) -> None:
        self._tell(-1)


def _room_of(stream: TextIO) -> select.poll | None:
    """Return what tells whether ``stream`` takes a line at once, None for one that is no file."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None
    room = select.poll()
    room.register(descriptor, select.POLLOUT)
    return room


def _masked(value: object) -> object:
    return _bounded(mask(value)) if isinstance(value, str) else value


def _bounded(value: object) -> object:
    return value[:MAX_FIELD] if isinstance(value, str) else value


def _as_json(now: float, level: str, event: str, fields: dict[str, object]) -> str:
    """Return what ``_encode`` makes of all that, in a fifth of the time where the values are texts and numbers."""
    head = f'{{"ts": {round(now, 6)!r}, "level": "{level}", "event": {_quote(event)}'
    of_type, other = _ENCODERS.get, _encode
    rest = [_member(name) + of_type(type(value), other)(value) for name, value in fields.items()]
    return f"{head}{''.join(rest)}}}"


@lru_cache(maxsize=256)  # names of fields, which stand in the code
def _member(name: str) -> str:
    return f", {_quote(name)}: "


def _as_text(now: float, level: str, event: str, fields: dict[str, object]) -> str:
    stamp = time.strftime("%H:%M:%S", time.localtime(now))
    shown = " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())
    return f"{stamp}.{int(now * 1000) % 1000:03d} {level:<7} {event} {shown}".rstrip()


def _quoted(value: object) -> str:
    # json.dumps escapes control characters, so one event stays one line whatever a client sent.
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    plain = text.isprintable() and text.isascii() and not set(text) & set(' "=')
    return text if plain and text else json.dumps(text)
