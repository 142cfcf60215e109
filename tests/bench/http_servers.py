# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the HTTP server: scripts, big files, and reports while 250 clients download.

    PYTHONPATH=plugins/module_utils:tests python tests/bench/http_servers.py [ROUNDS]

Everything is on the loopback interface. The server has a process of its own, and its processor time is what is counted.
Another server is measured when `HTTP_SERVER` names a module that has a class `HttpServer` like bootd's own.
"""

from __future__ import annotations

import http.client
import importlib
import os
import resource
import selectors
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from clients.http_client import FETCH, PATIENCE, PHONE_HOME, ask, clients, site_with
from servers.http_site import MAC

SECONDS = 3.0
CONNECTIONS = 16
CLIENTS = 250
SCRIPT = f"/{MAC}/auto.ipxe"
TICKS = os.sysconf("SC_CLK_TCK")
GIB = 1 << 30
OK = 200


def serve(root: str) -> None:
    """Serve a site below `root` until standard input ends; say where."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    site = site_with(Path(root), log_level="error")
    os.truncate(Path(root) / "images/big", GIB)
    server = importlib.import_module(os.environ.get("HTTP_SERVER", "_bootd.http.server")).HttpServer(
        site.services, site.app
    )
    server.open()
    server.start()
    print(server.port, site.token(), flush=True)
    sys.stdin.read()
    server.stop()


class Server:
    """A server in a process of its own."""

    def __init__(self, root: str) -> None:
        argv = [sys.executable, __file__, "serve", root]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port, self.token = self._process.stdout.readline().split()
        self.port = int(port)

    def cpu(self) -> float:
        """Return the seconds of processor time it has taken."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak(self) -> int:
        """Return the most memory it had, in MiB."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024

    def stop(self) -> float:
        """Stop it; return how many seconds that took."""
        began = time.monotonic()
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return time.monotonic() - began


def scripts(server: Server) -> tuple[float, float]:
    """Return scripts a second, and a second of processor time, for CONNECTIONS kept connections."""
    done = [0] * CONNECTIONS
    ends = time.monotonic() + SECONDS
    before = server.cpu()

    def client_of(number: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        while time.monotonic() < ends:
            client.request("GET", SCRIPT)
            answer = client.getresponse()
            if (answer.status, answer.read()[:6]) != (OK, b"#!ipxe"):
                raise RuntimeError(f"a script was answered {answer.status}")
            done[number] += 1
        client.close()

    threads = [threading.Thread(target=client_of, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS, sum(done) / (server.cpu() - before)


def big_file(server: Server) -> tuple[float, float]:
    """Return MB a second, and a second of processor time, of four downloads by curl at once."""
    before, began = server.cpu(), time.monotonic()
    argv = ["curl", "--silent", "--fail", "--output", os.devnull, f"http://127.0.0.1:{server.port}/images/big"]
    fetches = [subprocess.Popen(argv) for _unused in range(4)]
    if any(fetch.wait(120) for fetch in fetches):
        raise RuntimeError("a download failed")
    total = 4 * GIB / 1e6
    return total / (time.monotonic() - began), total / (server.cpu() - before)


def reports(server: Server) -> tuple[float, int]:
    """Return the 99th percentile of the time a report takes, in ms, while CLIENTS download; and how many got none."""
    path = b"/phone-home/%s/%s/started" % (MAC.encode(), server.token.encode())
    request = PHONE_HOME.replace(b"/phone-home", path)
    seconds, lost = [], 0
    argv = [sys.executable, __file__, "download", str(server.port)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as downloads:
        downloads.stdout.readline()
        ends = time.monotonic() + 2 * SECONDS
        while time.monotonic() < ends:
            began = time.monotonic()
            try:
                status, _content = ask(server.port, request)
            except (OSError, AssertionError):
                status = 0
            if status == OK:
                seconds.append(time.monotonic() - began)
            else:
                lost += 1
            time.sleep(0.02)
        downloads.stdin.close()
    seconds.sort()
    return (1000 * seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))] if seconds else float("nan")), lost


def download(port: int) -> None:
    """Download with CLIENTS connections, each 64 KiB a time, until standard input ends."""
    with clients(port, CLIENTS, FETCH, buffer=65536) as fetching, selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        for client in fetching:
            client.setblocking(False)
            selector.register(client, selectors.EVENT_READ)
        print("begun", flush=True)
        while True:
            for key, _events in selector.select():
                if key.fileobj is sys.stdin:
                    return
                if not key.fileobj.recv(65536):
                    selector.unregister(key.fileobj)


def measure() -> dict[str, float]:
    """Return one round's figures."""
    with tempfile.TemporaryDirectory() as root:
        server = Server(root)
        try:
            found: dict[str, float] = {}
            found["scripts/s"], found["scripts/CPU-s"] = scripts(server)
            found["MB/s"], found["MB/CPU-s"] = big_file(server)
            found["report p99 ms"], found["reports lost"] = reports(server)
            found["peak MiB"] = server.peak()
        finally:
            found["stop s"] = server.stop()
        return found


def main(rounds: int) -> None:
    """Print the medians of `rounds` rounds."""
    results = [measure() for _unused in range(rounds)]
    for name in results[0]:
        values = [result[name] for result in results]
        print(f"{name:16} {statistics.median(values):10.1f}   [{min(values):.1f} - {max(values):.1f}]")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
    elif sys.argv[1:2] == ["download"]:
        download(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
