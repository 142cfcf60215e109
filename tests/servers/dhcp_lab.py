# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd on a switch of its own, and DHCP clients as operating systems ship them on machines beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_interface
from pathlib import Path
from typing import IO

from lab.network import Lab

ROOT = Path(__file__).resolve().parents[2]
SERVER = "10.10.0.20"
_PATIENCE = 20.0  # seconds

# udhcpc calls it with what it was told in the environment.
_SCRIPT = """#!/bin/sh
case $1 in
bound | renew)
    ip address replace "$ip/$mask" dev "$interface"
    env > "$LEASE.$1"
    echo "$1"
    ;;
esac
"""


def remembered(address: str, server: str) -> str:
    """Return a lease of ``address`` from ``server`` as dhclient keeps it from one start to the next."""
    times = "".join(f"  {name} 4 2037/01/01 00:00:00;\n" for name in ("renew", "rebind", "expire"))
    options = f"""\
  option subnet-mask 255.255.255.0;
  option dhcp-lease-time 4000000;
  option dhcp-message-type 5;
  option dhcp-server-identifier {server};
"""
    return f'lease {{\n  interface "eth0";\n  fixed-address {address};\n{options}{times}}}\n'


def wait_for_line(stream: IO[bytes], start: bytes) -> None:
    """Read ``stream`` up to the line that begins with ``start``."""
    for line in stream:
        if line.startswith(start):
            return
    raise EOFError(f"ended before it said {start.decode()!r}")


@dataclass(frozen=True)
class Machine:
    """A host on the switch and the reservation of its MAC."""

    host: str
    mac: str
    address: str


class Bootd:
    """A running daemon and the lines of its log."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._lines: list[dict[str, object]] = []
        self._ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def lines(self, **fields: object) -> list[dict[str, object]]:
        """Return the lines so far that have ``fields``."""
        with self._news:
            return [line for line in self._lines if fields.items() <= line.items()]

    def line(self, **fields: object) -> dict[str, object]:
        """Return the first line that has ``fields``, waiting for it."""
        with self._news:
            self._news.wait_for(lambda: self._ended or self._find(fields), timeout=_PATIENCE)
            found = self._find(fields)
            if found is None:
                raise AssertionError(f"no line with {fields} in:\n" + "\n".join(map(str, self._lines)))
            return found

    def wait_for(self, happened: Callable[[], bool]) -> None:
        """Wait until ``happened``, which looks at ``lines``."""
        with self._news:
            if not self._news.wait_for(lambda: self._ended or happened(), timeout=_PATIENCE) or not happened():
                raise AssertionError("what was waited for is not in:\n" + "\n".join(map(str, self._lines)))

    def stop(self) -> None:
        """End the daemon as systemd would."""
        self._process.terminate()
        self._process.wait(_PATIENCE)
        self._reader.join(_PATIENCE)

    def _find(self, fields: dict[str, object]) -> dict[str, object] | None:
        return next((line for line in self._lines if fields.items() <= line.items()), None)

    def _read(self) -> None:
        with self._process.stdout as stream:
            for raw in stream:
                with self._news:
                    self._lines.append(json.loads(raw))
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


class DhcpLab:
    """A switch with bootd on the host ``boot``; machines are plugged in as tests want them."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab = lab
        self._directory = directory
        self.manifests = directory / "hardware"
        self.manifests.mkdir()
        self.boot_files = directory / "boot"
        self.boot_files.mkdir()
        self._script = directory / "udhcpc.script"
        self._script.write_text(_SCRIPT)
        self._script.chmod(0o755)
        self._count = 0
        self._behind: dict[str, str] = {}

    @contextmanager
    def bootd(self, *flags: str, address: str = SERVER, prefix: Sequence[str] = ()) -> Iterator[Bootd]:
        """Run the daemon on ``boot`` while the block runs, ready when it starts, by the command ``prefix``.

        Its log has a line for each packet.
        """
        argv = [*prefix, sys.executable, "-m", "_bootd.daemon", "serve"]
        argv += ["--store", f"files:{self.manifests}", "--state-dir", str(self._directory / "state")]
        argv += ["--address", address, "--router-advertisements", "no", "--log-level", "debug", *flags]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "plugins/module_utils")}
        running = Bootd(self.lab.popen("boot", argv, stdout=subprocess.PIPE, env=environment))
        try:
            running.line(event="ready")
            yield running
        finally:
            running.stop()

    def reserve(
        self,
        address: str,
        *,
        allow_pxe: bool = True,
        lease_time: int = 3600,
        mac: str = "",
        disable_dhcp: bool = False,
        dhcp: Mapping[str, object] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> tuple[str, str]:
        """Write a Hardware object for ``address`` and return its name and MAC, by default one of its own.

        ``dhcp`` are more fields of its interface's ``dhcp``, ``annotations`` those of the object.
        """
        self._count += 1
        name, mac = f"m{self._count}", mac or f"02:00:00:00:01:{self._count:02x}"
        network, _unused, host = address.rpartition(".")
        fields = {
            "mac": mac,
            "hostname": f"{name}-{host}",
            "ip": {"address": address, "netmask": "255.255.255.0", "gateway": f"{network}.1"},
            "name_servers": ["10.10.0.53"],
            "time_servers": ["10.10.0.123"],
            "lease_time": lease_time,
            **(dhcp or {}),
        }
        netboot = {"allowPXE": allow_pxe, "osie": {"baseURL": "http://10.10.0.2/harvester"}}
        document = {
            "apiVersion": "tinkerbell.org/v1alpha1",
            "kind": "Hardware",
            "metadata": {"name": name, "namespace": "default", "annotations": dict(annotations or {})},
            "spec": {"interfaces": [{"dhcp": fields, "netboot": netboot, "disableDhcp": disable_dhcp}]},
        }
        # JSON is YAML too.
        (self.manifests / f"{name}.yaml").write_text(json.dumps(document))
        return name, mac

    def plug(self, host: str, mac: str) -> None:
        """Plug ``host`` into the switch with the hardware address ``mac`` and no address."""
        self.lab.host(host)
        self.set_mac(host, mac)

    @contextmanager
    def relay(self, host: str, interface: str, *flags: str) -> Iterator[None]:
        """Run ISC dhcrelay on ``host`` between ``interface`` and eth0, where bootd is, while the block runs.

        With ``-U eth0`` among ``flags`` it sends link selection; told of eth0 twice, 4.4.3 dies of its first message.
        """
        uplink = () if "-U" in flags else ("-iu", "eth0")
        argv = ["dhcrelay", "-4", "-d", "--no-pid", *flags, "-id", interface, *uplink, SERVER]
        with self.lab.popen(host, argv, stderr=subprocess.PIPE) as relay:
            wait_for_line(relay.stderr, b"Sending on   Socket")
            try:
                yield
            finally:
                relay.terminate()

    def router(self, name: str, address: str, behind: str) -> None:
        """Plug in a router with ``address`` on the switch, and ``behind``, as 10.20.0.1/24, on its eth1.

        ``boot`` knows the way through it; a machine is put behind it by ``plug_behind``.
        """
        self.lab.host(name, f"{address}/24")
        self.lab.run(name, ["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        self._behind[name] = behind
        self.lab.run("boot", ["ip", "route", "add", str(ip_interface(behind).network), "via", address])

    def plug_behind(self, router: str, host: str, mac: str) -> None:
        """Plug ``host`` into eth1 of ``router``, with the hardware address ``mac`` and no address."""
        self.lab.host(host)
        self.lab.run(host, ["ip", "link", "delete", "eth0"])
        self.lab.attach(router, "eth1", host, "eth0", self._behind[router])
        self.set_mac(host, mac)

    def set_mac(self, host: str, mac: str) -> None:
        """Give the interface eth0 of ``host`` the hardware address ``mac``."""
        for change in (["down"], ["address", mac], ["up"]):
            self.lab.run(host, ["ip", "link", "set", "eth0", *change])

    def udhcpc_command(self, host: str, *flags: str) -> list[str]:
        """Return the command line of a udhcpc in the foreground on eth0, asking twice."""
        return ["env", f"LEASE={self._directory / host}", "udhcpc", "-f", "-i", "eth0", "-s", str(self._script)] + [
            *("-t", "3", "-T", "2", *flags)
        ]

    def udhcpc(self, host: str, *flags: str) -> dict[str, str]:
        """Run udhcpc until it has a lease and return what it was told; {} where nobody answered."""
        done = self.lab.run(host, self.udhcpc_command(host, "-q", "-n", *flags), check=False)
        return self.lease(host, "bound") if done.returncode == 0 else {}

    def lease(self, host: str, what: str) -> dict[str, str]:
        """Return what udhcpc on ``host`` was told when it was last ``bound``, or its lease ``renew``ed."""
        lines = (self._directory / f"{host}.{what}").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def dhclient(self, host: str, lease: str = "", configuration: str = "", *, check: bool = True) -> str:
        """Run ISC dhclient, which remembers ``lease``, until it is bound, and return what it says on the way.

        ``configuration`` is more of its dhclient.conf. Unless ``check`` it may also give up, after ten seconds.
        """
        files = {name: self._directory / f"{host}.dhclient.{name}" for name in ("conf", "leases", "pid")}
        files["conf"].write_text(configuration if "timeout" in configuration else f"timeout 10;\n{configuration}")
        files["leases"].write_text(lease)
        argv = ["dhclient", "-4", "-1", "-v", "-sf", "/bin/true", "-cf", str(files["conf"])]
        argv += ["-lf", str(files["leases"]), "-pf", str(files["pid"]), "eth0"]
        return self.lab.run(host, argv, check=check).stderr

    def dhclient_leases(self, host: str) -> str:
        """Return what dhclient on ``host`` has written down of its leases."""
        return (self._directory / f"{host}.dhclient.leases").read_text()

    @contextmanager
    def udhcpc_daemon(self, host: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run udhcpc on ``host`` while the block runs; it has its lease when the block starts."""
        command = self.udhcpc_command(host, "-n")
        with self.lab.popen(host, command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            if client.stdout.readline() != b"bound\n":
                raise AssertionError(f"udhcpc on {host} got no lease")
            try:
                yield client
            finally:
                client.terminate()

    @contextmanager
    def replies(self, host: str, count: int, only: str = "") -> Iterator[list[str]]:
        """Capture what servers send to ``host``, a line of tcpdump each: MACs, then addresses.

        The list is filled when the block ends; ``count`` replies are waited for, 0 waits for none, and it has fewer
        where they do not come. ``only`` is a filter of tcpdump, for some of them.
        """
        argv = ["tcpdump", "-i", "eth0", "-n", "-e", "-l", "--immediate-mode"]
        argv += ["udp src port 67 and udp[8] = 2" + (f" and ({only})" if only else "")]
        with self.lab.popen(host, argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tcpdump:
            wait_for_line(tcpdump.stderr, b"listening on")
            seen: list[str] = []
            patience = threading.Timer(_PATIENCE, tcpdump.terminate)
            try:
                yield seen
                patience.start()
                seen += [tcpdump.stdout.readline().decode() for _unused in range(count)]
            finally:
                patience.cancel()
                tcpdump.terminate()
            # On its end tcpdump leaves its line, which may be an empty one.
            seen += tcpdump.stdout.read().decode().split("\n")
            seen[:] = filter(None, map(str.strip, seen))


@contextmanager
def dhcp_lab(directory: Path) -> Iterator[DhcpLab]:
    """Make a switch with the host ``boot``; the advertised address is the second one of its interface."""
    with Lab() as lab:
        lab.host("boot", "10.10.0.5/24")
        lab.run("boot", ["ip", "address", "add", f"{SERVER}/24", "dev", "eth0"])
        yield DhcpLab(lab, directory)
