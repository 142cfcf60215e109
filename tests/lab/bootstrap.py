# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HOWTO's network in a lab: the bootstrap node, the image host and a router that answers DNS."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .network import Lab

NODE, NODE_ADDRESS = "node", "10.10.0.20"
IMAGES, IMAGES_ADDRESS = "images", "10.10.0.2"
ROUTER, ROUTER_ADDRESS = "router", "10.10.0.1"
IMAGES_NAME = "bootstrap.sienarfleet.systems"


def lay_out(lab: Lab) -> None:
    """Plug the three hosts of the HOWTO's network into the lab's switch."""
    lab.host(ROUTER, f"{ROUTER_ADDRESS}/24")
    lab.host(IMAGES, f"{IMAGES_ADDRESS}/24", gateway=ROUTER_ADDRESS)
    lab.host(NODE, f"{NODE_ADDRESS}/24", gateway=ROUTER_ADDRESS)


def start_names(lab: Lab, log: Path) -> subprocess.Popen[bytes]:
    """Start the router's DNS server, which knows the image host; it gives no DHCP and asks no other server."""
    argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts"]
    argv += ["--user=root", "--log-queries", "--log-facility=-"]
    argv += [f"--address=/{IMAGES_NAME}/{IMAGES_ADDRESS}", f"--local=/{IMAGES_NAME}/"]
    return _start(lab, ROUTER, argv, log)


def start_leases(lab: Lab, host: str, directory: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start a DHCP server on ``host`` that gives anybody an address, and knows nothing of bootd or network boot.

    Its log and its leases are written to ``directory``; ``more`` are settings of dnsmasq.
    """
    argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts"]
    argv += ["--user=root", "--log-dhcp", "--log-facility=-", f"--dhcp-leasefile={directory / 'dnsmasq.leases'}"]
    argv += ["--dhcp-authoritative", "--dhcp-range=10.10.0.100,10.10.0.199,1h", *more]
    return _start(lab, host, argv, directory / "dnsmasq.log")


def start_images(lab: Lab, directory: Path, log: Path) -> subprocess.Popen[bytes]:
    """Serve ``directory`` on the image host's port 80, with Python's own server: nothing to install or configure."""
    argv = [sys.executable, "-m", "http.server", "--directory", str(directory), "80"]
    server = _start(lab, IMAGES, argv, log)
    lab.wait_for_port(IMAGES, 80, server)
    return server


def _start(lab: Lab, host: str, argv: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return lab.popen(host, argv, stdout=output, stderr=subprocess.STDOUT)
