# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Whether the servers' threads still work: a bound socket answers nobody once its thread has ended or hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

STUCK = 30.0  # seconds at one piece of work, which takes a server milliseconds


class Pulse:
    """The health of one thread, which calls its loop by ``run`` and does each piece of work inside ``with pulse``.

    ``ended`` is called, from that thread, where the loop has raised. ``gap`` says why the server hears nobody for now,
    and will again by itself; "" where it does.
    """

    def __init__(
        self, name: str, clock: Callable[[], float], ended: Callable[[], None], *, needed: bool = True
    ) -> None:
        self.name = name
        self.needed = needed
        self.gap = ""
        self._clock = clock
        self._ended = ended
        self._reason = self._words = ""
        self._since: float | None = None

    def run(self, loop: Callable[[], None]) -> None:
        """Call ``loop``, which returns when the server is stopped; what it raises is kept as the fault, and raised."""
        try:
            loop()
        except BaseException as error:
            self._reason = f"its thread has ended: {type(error).__name__}"
            self._words = f": {error}"
            self._ended()
            raise

    def __enter__(self) -> None:
        self._since = self._clock()

    def __exit__(self, *_unused: object) -> None:
        self._since = None

    def fault(self, *, quoting: bool = False) -> str:
        """Return why the thread answers nobody, "" where it works; ``quoting``: in the words of what it raised."""
        since = self._since  # the thread may be done with it at any moment
        busy = 0.0 if since is None else self._clock() - since
        reason = self._reason or (f"has been at one piece of work for {busy:.0f} s" if busy > STUCK else "")
        return f"{self.name}: {reason}{self._words if quoting else ''}" if reason else ""


class Health:
    """The pulses of the daemon's servers. ``ended`` is called, from its thread, when one of them has ended."""

    def __init__(self, ended: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic) -> None:
        self._ended = ended
        self._clock = clock
        self._pulses: list[Pulse] = []

    def pulse(self, name: str, *, needed: bool = True) -> Pulse:
        """Return the pulse of a server's thread that is about to start; ``needed``: no machine boots without it."""
        pulse = Pulse(name, self._clock, self._ended, needed=needed)
        self._pulses.append(pulse)
        return pulse

    def faults(self, *, quoting: bool = False) -> list[str]:
        """Return a line for each server that answers nobody, and will not by itself.

        ``quoting``: in the words of what was raised, for the log: they may be of what was just received.
        """
        return [fault for pulse in self._pulses if (fault := pulse.fault(quoting=quoting))]

    def up(self) -> dict[str, bool]:
        """Return whether each server hears and answers now, by name."""
        return {pulse.name: not (pulse.gap or pulse.fault()) for pulse in self._pulses}

    def gaps(self) -> dict[str, str]:
        """Return which servers that are needed hear nobody now, and will again by themselves: name to reason."""
        return {pulse.name: gap for pulse in self._pulses if pulse.needed and (gap := pulse.gap)}
