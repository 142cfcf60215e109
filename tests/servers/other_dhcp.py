# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other projects' DHCP servers on a host of the lab, with the settings that the documentation prints for them.

Kea and ISC dhcpd are taken out of Debian's packages and not installed: an installed one would start with the machine
that only tests with it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import debian
from lab.alone import alone
from lab.command import run
from lab.network import Lab

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/beside-a-dhcp-server.md"
NAMES = ("dnsmasq", "Kea", "ISC dhcpd")
_CACHE = ROOT / "build/lab"
_PACKAGES = {"Kea": "kea-dhcp4-server", "ISC dhcpd": "isc-dhcp-server"}
_READY = {"dnsmasq": ": DHCP, ", "Kea": "DHCP4_STARTED", "ISC dhcpd": "Server starting service."}
# Kea 2.2 has its leases in /var/lib/kea, and no option or variable that says otherwise.
_WITH_STATE_OF_ITS_OWN = 'mount -t tmpfs none /var/lib && mkdir /var/lib/kea && exec "$0" "$@"'
_PATIENCE = 90.0  # seconds
_FENCED = re.compile(r"^```\n(?P<block>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"(?:#|//) (?P<server>.+) beside bootd with mode (?P<mode>\S+)\n")


def printed() -> dict[tuple[str, str], str]:
    """The configurations that the page prints: (server, mode of bootd) to the text between its fences, as it stands."""
    found = {}
    for fenced in _FENCED.finditer(PAGE.read_text()):
        title = _TITLE.match(fenced["block"])
        if title:
            found[title["server"], title["mode"]] = fenced["block"]
    return found


class OtherDhcp:
    """A running DHCP server that is not bootd."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process, self._log = process, log

    @property
    def said(self) -> str:
        """All that it has written to its log."""
        return self._log.read_text(errors="replace")

    def wait_until_it_says(self, text: str) -> None:
        """Return once ``text`` is in its log."""
        end = time.monotonic() + _PATIENCE
        while text not in self.said:
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"it never said {text!r}:\n{self.said}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(_PATIENCE)


def fetch(name: str) -> None:
    """Fetch what the server ``name`` needs, unless it is there; raises CommandFailed where that does not work."""
    if name in _PACKAGES:
        unpacked(_PACKAGES[name])


@contextmanager
def other_dhcp(lab: Lab, host: str, directory: Path, name: str, configuration: str) -> Iterator[OtherDhcp]:
    """Run the server ``name`` on eth0 of ``host`` while the block runs, ready when it starts.

    ``directory`` takes its configuration, its leases and its log.
    """
    directory.mkdir(parents=True, exist_ok=True)
    file, leases = directory / "configuration", directory / "leases"
    file.write_text(configuration)
    environment = dict(os.environ)
    if name == "dnsmasq":
        argv = ["dnsmasq", "--keep-in-foreground", f"--conf-file={file}", "--pid-file=", "--user=root", "--log-dhcp"]
        argv += ["--log-facility=-", "--no-resolv", "--no-hosts", f"--dhcp-leasefile={leases}"]
    else:
        root = unpacked(_PACKAGES[name])
        if name == "Kea":
            argv = ["unshare", "--mount", "sh", "-c", _WITH_STATE_OF_ITS_OWN]
            argv += [str(root / "usr/sbin/kea-dhcp4"), "-c", str(file)]
            environment |= dict.fromkeys(("KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR"), str(directory))
            # What the machine has of Kea's parts is not unpacked again.
            if libraries := [str(found) for found in (root / "usr/lib").glob("*-linux-gnu")]:
                environment["LD_LIBRARY_PATH"] = libraries[0]
            if (program := root / "usr/sbin/kea-lfc").exists():
                environment["KEA_LFC_EXECUTABLE"] = str(program)
        else:
            leases.touch()
            argv = [str(root / "usr/sbin/dhcpd"), "-4", "-f", "-d", "--no-pid", "-cf", str(file), "-lf", str(leases)]
            argv += ["eth0"]
    with (directory / "log").open("wb") as output:
        running = OtherDhcp(lab.popen(host, argv, stdout=output, stderr=output, env=environment), directory / "log")
    try:
        running.wait_until_it_says(_READY[name])
        yield running
    finally:
        running.stop()


def unpacked(package: str) -> Path:
    """Return the root of the files of ``package``, and of the packages it needs that the machine lacks."""
    target = _CACHE / f"{package}-{debian.HOST.version(package).replace(':', '.')}"
    with alone(target) as missing:
        if missing:
            _unpack(package, target)
    return target


def _unpack(package: str, target: Path) -> None:
    scratch = target.with_name(f"{target.name}.new")
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "archives/partial").mkdir(parents=True)
    # apt would drop to a user of its own, who may not write here.
    argv = ["apt-get", "-o", "APT::Sandbox::User=root", "-o", f"Dir::Cache::archives={scratch / 'archives'}"]
    argv += ["install", "--yes", "--no-install-recommends", "--download-only", "--reinstall", package]
    run(argv, timeout=600)
    debian.unpack(sorted((scratch / "archives").glob("*.deb")), scratch)
    shutil.rmtree(scratch / "archives")
    # Renamed last, so that one that was interrupted is never taken for a whole one.
    scratch.rename(target)
