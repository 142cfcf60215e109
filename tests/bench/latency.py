# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a Hardware object that is written to a bootd that answers for it, machine by machine.

    KUBE_FOR_TESTS=... PYTHONPATH=plugins/module_utils:build/link:tests python tests/bench/latency.py [MACHINES]

The clock runs from the return of what the module hardware calls to the first script that bootd serves for the machine.
"""

from __future__ import annotations

import http.client
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import hardware_crd
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.cluster import Wish, present
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import client_from
from api.site import Site
from cluster.kube import own_api_server

PATIENCE = 10.0  # seconds


def answers(connection: http.client.HTTPConnection, mac: str) -> bool:
    """Return whether bootd has a script for the machine."""
    connection.request("GET", f"/{mac.replace(':', '-')}/auto.ipxe")
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


def main(count: int) -> None:
    """Write ``count`` machines, one after the other, and print how long each took."""
    seconds = []
    with own_api_server() as api, tempfile.TemporaryDirectory() as scratch:
        api.install_crd(hardware_crd())
        site = Site(api, "latency", Path(scratch))
        try:
            bootd = site.bootd().start()
            client = client_from({"kubeconfig": str(api.kubeconfig)})
            connection = http.client.HTTPConnection(bootd.address, 7080, timeout=PATIENCE)
            for number in range(count):
                mac = f"52:54:00:00:{number >> 8:02x}:{number & 255:02x}"
                document = site.document(f"latency-{number}", mac, f"10.10.0.{20 + number % 200}")
                present(client, [document], Wish(namespace="latency"), everywhere=False)
                began = time.monotonic()
                while not answers(connection, mac):
                    if time.monotonic() - began > PATIENCE:
                        raise RuntimeError(f"{mac} was not served within {PATIENCE:.0f} s")
                seconds.append(time.monotonic() - began)
        finally:
            site.close()
    seconds.sort()
    worst = seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
    print(f"{count} machines: median {statistics.median(seconds) * 1000:.0f} ms, p99 {worst * 1000:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
