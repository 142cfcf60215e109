# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An isolated network on one host: a switch, and hosts plugged into it, each a network namespace.

Nothing in it reaches the host's own network: there is no route and no interface that leads out.
"""

from __future__ import annotations

import ipaddress
import itertools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from . import namespaces
from .command import run
from .ledger import Ledger

BRIDGE = "switch"
LISTENS_WITHIN = 60.0  # seconds that a server has to start in, also on a host that is busy
_count = itertools.count(1)


class Lab:
    """A switch and its hosts; a context manager that leaves nothing behind, also after SIGINT, SIGTERM or SIGHUP."""

    def __init__(self, name: str | None = None) -> None:
        """Name the lab; by default after this process, so that several labs can be up at once."""
        self.name = name or f"{os.getpid():x}n{next(_count)}"
        self._ledger = Ledger(self.name)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._endings = ExitStack()
        self._previous: dict[signal.Signals, object] = {}

    def __enter__(self) -> Lab:
        self._ledger.take_over()
        self._end_on_signals()
        try:
            self.up()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A second Ctrl-C must not stop the clearing half-way.
        for number in self._previous:
            signal.signal(number, signal.SIG_IGN)
        try:
            self.down()
        finally:
            for number, handler in self._previous.items():
                signal.signal(number, handler)

    def up(self) -> None:
        """Make the switch: a bridge that forwards from the first packet and floods multicast."""
        switch = self._namespace(BRIDGE)
        run(["ip", "-n", switch, "link", "add", BRIDGE, "type", "bridge", "stp_state", "0", "mcast_snooping", "0"])
        run(["ip", "-n", switch, "link", "set", BRIDGE, "up"])

    def down(self) -> None:
        """End every process of the lab and delete its namespaces, whatever state they are in."""
        try:
            self._endings.close()
        finally:
            self._clear()

    def at_end(self, ending: Callable[[], object], directory: Path) -> None:
        """Call ``ending`` first of all when the lab goes down; should this process be killed, unmount ``directory``."""
        self._ledger.add_directory(directory)
        self._endings.callback(ending)

    def _clear(self) -> None:
        # One started just now may not have entered its namespace yet, and would be missed there.
        for process in self._processes:
            process.terminate()
        self._ledger.clear()
        for process in self._processes:
            process.wait()

    def host(self, name: str, address: str | None = None, gateway: str | None = None) -> str:
        """Plug a host into the switch, with ``address`` as ``10.10.0.2/24`` if given; returns the host's name.

        Its interface is ``eth0``; it has its IPv6 link-local address in any case.
        """
        self.unplugged(name)
        self.attach(name, "eth0", BRIDGE, name, address)
        if gateway:
            run(["ip", "-n", self.namespace(name), "route", "add", "default", "via", gateway])
        return name

    def unplugged(self, name: str) -> str:
        """Add a host that is plugged in nowhere yet; returns its name."""
        self._namespace(name)
        return name

    def attach(self, host: str, interface: str, other: str, peer: str, address: str | None = None) -> None:
        """Lay a cable from ``interface`` of ``host`` to ``peer`` of ``other``; on the switch it joins the bridge."""
        near, far = self.namespace(host), self.namespace(other)
        run(["ip", "link", "add", interface, "netns", near, "type", "veth", "peer", "name", peer, "netns", far])
        if other == BRIDGE:
            run(["ip", "-n", far, "link", "set", peer, "master", BRIDGE])
        if address:
            ipaddress.ip_interface(address)  # a slip in a test is better told here than by `ip`
            run(["ip", "-n", near, "address", "add", address, "brd", "+", "dev", interface])
        run(["ip", "-n", far, "link", "set", peer, "up"])
        run(["ip", "-n", near, "link", "set", interface, "up"])

    def tap(self, interface: str) -> str:
        """Make a tap device on the switch for a virtual machine; returns its name."""
        switch = self.namespace(BRIDGE)
        run(["ip", "-n", switch, "tuntap", "add", "dev", interface, "mode", "tap"])
        run(["ip", "-n", switch, "link", "set", interface, "master", BRIDGE, "up"])
        return interface

    def namespace(self, host: str) -> str:
        """The network namespace of ``host``."""
        return f"lab-{self.name}-{host}"

    def command(self, host: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs ``argv`` on ``host``."""
        return namespaces.inside(self.namespace(host), argv)

    def run(self, host: str, argv: Sequence[str], **options: object) -> subprocess.CompletedProcess[str]:
        """Run ``argv`` on ``host`` to its end; options as `command.run`."""
        return run(self.command(host, argv), **options)

    def popen(self, host: str, argv: Sequence[str], **options: object) -> subprocess.Popen[bytes]:
        """Start ``argv`` on ``host`` in a session of its own: a Ctrl-C is for the lab, which ends it in good order."""
        argv = self.command(host, argv)
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True, **options)
        self._processes.append(process)
        return process

    def wait_for_port(self, host: str, port: int, process: subprocess.Popen[bytes]) -> None:
        """Return once ``process`` listens on the TCP port ``port`` of ``host``; TimeoutError where it does not."""
        until = time.monotonic() + LISTENS_WITHIN
        while not self.run(host, ["ss", "-Hltn", f"sport = :{port}"]).stdout.strip():
            if process.poll() is not None or time.monotonic() > until:
                raise TimeoutError(f"{process.args} on {host} does not listen on port {port}")
            time.sleep(0.1)

    def _namespace(self, host: str) -> str:
        namespace = self.namespace(host)
        self._ledger.add(namespace)
        namespaces.create(namespace)
        # No wait for duplicate addresses: a host can speak IPv6 as soon as it is plugged in.
        run(namespaces.inside(namespace, ["sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0"]))
        return namespace

    def _end_on_signals(self) -> None:
        """Turn SIGTERM and SIGHUP into SystemExit, and SIGINT into KeyboardInterrupt."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._previous[number] = signal.signal(number, _leave)
        # A shell starts its background jobs with SIGINT ignored, and that is inherited.
        self._previous[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
