# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Kubernetes API sees of machines that boot: requests for each, and how fast one bootd writes.

    KUBE_FOR_TESTS=... PYTHONPATH=plugins/module_utils:build/link:tests build/venv/bin/python -m storm.api_writes [N]

Machines, 500 by default, fetch their script, tell facts and that the kernel is loaded, and their installers report the
start and the success, as fast as bootd answers. Results go to build/bench/api_writes.json.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from _bootd.decisions.tokens import report_url, token
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import hardware_crd
from api.site import Site, metric
from bench.results import machine as this_machine
from bench.rig import ROOT
from cluster.kube import ApiServer, own_api_server
from storm.rounds import Round

NAMESPACE = "storm"
RESULTS = ROOT / "build/bench/api_writes.json"
WRITTEN_WITHIN = 120.0  # seconds
_COUNT = re.compile(r'^apiserver_request_total\{.*resource="(hardware|events)".*verb="(PATCH|POST)".*\} (\S+)$')


def requests_seen(api: ApiServer) -> dict[str, float]:
    """Return how many writes of machines and Events the API has had."""
    found = {"hardware PATCH": 0.0, "events POST": 0.0}
    for line in api.kubectl("get", "--raw", "/metrics").splitlines():
        if (match := _COUNT.match(line)) and f"{match[1]} {match[2]}" in found:
            found[f"{match[1]} {match[2]}"] += float(match[3])
    return found


def boots(address: str, mac: str, secret: bytes, name: str, own: str) -> None:
    """Do what machine ``name`` with the address ``own`` does by HTTP until it is installed; raises where it is refused.

    Its reports come within a second, so bootd may write several stages at once; over minutes each is a write.
    """
    dashed = mac.replace(":", "-")
    connection = http.client.HTTPConnection(address, 7080, timeout=20, source_address=(own, 0))
    reports = report_url("", mac, token(secret, f"{NAMESPACE}/{name}", 0))
    told = f"/phone-home?mac={dashed}&event="
    for method, path in (
        ("GET", f"/{dashed}/auto.ipxe"),
        ("GET", f"{told}facts&platform=efi&product=Storm&uuid={name}"),
        ("GET", f"{told}loaded&role=kernel&url=http://10.10.0.2/vmlinuz"),
        ("POST", f"{reports}/started"),
        ("POST", f"{reports}/succeeded"),
    ):
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{name}: {method} {path} was answered {answer.status}")
    connection.close()


def main(count: int) -> None:
    """Boot ``count`` machines, print what the API saw, and write the results."""
    with own_api_server() as api, tempfile.TemporaryDirectory() as scratch:
        api.install_crd(hardware_crd())
        site = Site(api, NAMESPACE, Path(scratch))
        machines = {
            f"node-{number:05d}": (
                f"52:54:00:00:{number >> 8:02x}:{number & 255:02x}",
                f"127.1.{number >> 8}.{number & 255}",
            )
            for number in range(1, count + 1)
        }
        for name, (mac, own) in machines.items():
            site.apply(site.document(name, mac, own))
        bootd = site.bootd()
        try:
            bootd.start()
            while metric(bootd, "bootd_machines", 'stage="known"') < count:
                time.sleep(0.1)
            secret = (bootd.state / "secret").read_bytes()
            before, began = requests_seen(api), time.monotonic()
            for name, (mac, own) in machines.items():
                boots(bootd.address, mac, secret, name, own)
            answered = time.monotonic() - began
            while metric(bootd, "bootd_store_pending_states", 'place="api"'):
                if time.monotonic() - began > answered + WRITTEN_WITHIN:
                    raise RuntimeError(f"not all is written after {WRITTEN_WITHIN:.0f} s")
                time.sleep(0.05)
            written = time.monotonic() - began
            time.sleep(1)
            seen = {what: number - before[what] for what, number in requests_seen(api).items()}
            off = sum(not item["spec"]["interfaces"][0]["netboot"]["allowPXE"] for item in site.machines())
            if off < count:
                raise RuntimeError(f"netboot is off for {off} of {count} machines that are installed")
        finally:
            site.close()
    found: Round = {
        "measured": time.strftime("%Y-%m-%d %H:%M"),
        "machine": this_machine(),
        "machines": count,
        "answered_seconds": round(answered, 2),
        "written_seconds": round(written, 2),
        "patches": seen["hardware PATCH"],
        "events": seen["events POST"],
        "writes_per_second": round(sum(seen.values()) / written, 1),
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: value for name, value in found.items() if name != "machine"}, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
