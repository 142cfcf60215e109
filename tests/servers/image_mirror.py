# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror with Harvester's releases, small ones: an HTTP server that knows ranges, and breaks off where it is told to.

    python tests/servers/image_mirror.py make DIRECTORY VERSION ARCH     writes a release to DIRECTORY/VERSION
    python tests/servers/image_mirror.py serve DIRECTORY PORT FLAG       serves DIRECTORY until the file FLAG is gone

A file ``NAME.break`` beside a file makes the server close the connection after as many octets of it as it says, once.
What was asked for is in ``DIRECTORY/requests.log``: method, path, Range, If-Range and status, a JSON list a line.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins/module_utils"))

from _bootd.installers.harvester.releases import BOOT_ROLES, release_files

SIZES = {"kernel": 30_000, "initrd": 70_000, "rootfs": 150_000, "iso": 400_000}
LOG = "requests.log"
_RANGE = re.compile(r"bytes=([0-9]+)-")


def content_of(name: str, size: int) -> bytes:
    """Return content that is the same for one name each time, and for no two."""
    return random.Random(name).randbytes(size)


def make_release(directory: Path, version: str, arch: str = "amd64", sizes: dict[str, int] | None = None) -> Path:
    """Write a release below ``directory`` and return where it is."""
    folder = directory / version
    folder.mkdir(parents=True, exist_ok=True)
    files, sizes = release_files(version, arch), sizes or SIZES
    lines = []
    for role in BOOT_ROLES:
        content = content_of(files[role], sizes[role])
        (folder / files[role]).write_bytes(content)
        lines.append(f"{hashlib.sha512(content).hexdigest()}  {files[role]}\n")
    (folder / files["checksums"]).write_text("".join(lines), encoding="utf-8")
    return folder


class _Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def _answer(self, *, with_content: bool) -> None:
        mirror, path = self.server, self.path.partition("?")[0]
        if not mirror.lets_in(self.headers.get("Authorization")):
            self._status(401, 0)
            return
        if not with_content and mirror.refuses_head:
            self._status(405, 0)
            return
        file = mirror.directory / path.lstrip("/")
        if ".." in path or not file.is_file():
            self._status(404, 0)
            return
        content = file.read_bytes()
        tag = f'"{hashlib.sha1(content).hexdigest()}"'
        start = self._start(tag)
        if start is not None and start >= len(content):
            self._status(416, 0)
            return
        headers = {"ETag": tag} if mirror.has_tags else {}
        if start is None:
            self._status(200, len(content), headers)
            start = 0
        else:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._status(206, len(content) - start, headers)
        if with_content:
            self._send(file, content[start:])

    def _start(self, tag: str) -> int | None:
        """Return where the answer begins, None where it is to be whole."""
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, tag)
        return int(asked[1]) if asked and same and self.server.has_ranges else None

    def _status(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.server.note(self.command, self.path, self.headers.get("Range"), self.headers.get("If-Range"), status)
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, file: Path, content: bytes) -> None:
        order = file.with_name(f"{file.name}.break")
        if order.exists():
            content = content[: int(order.read_text(encoding="ascii"))]
            order.unlink()
            self.close_connection = True
        self.wfile.write(content)

    def log_message(self, *_unused: object) -> None:
        """Say nothing: LOG has it."""


class Mirror(ThreadingHTTPServer):
    """Serves ``directory``; the attributes make it like servers that know less."""

    daemon_threads = True
    has_ranges = True
    has_tags = True
    refuses_head = False
    password = ""  # of the user "me"; "": anybody may
    flag: Path | None = None

    def __init__(self, directory: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.directory = directory
        self._lock = threading.Lock()

    def service_actions(self) -> None:
        """End once the flag is gone: a number of a process could be somebody else's by then."""
        if self.flag is not None and not self.flag.exists():
            raise SystemExit

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def lets_in(self, authorization: str | None) -> bool:
        words = base64.b64encode(f"me:{self.password}".encode()).decode()
        return not self.password or authorization == f"Basic {words}"

    def note(self, *request: object) -> None:
        with self._lock, (self.directory / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(request) + "\n")

    def requests(self, method: str = "", name: str = "") -> list[list]:
        """Return what was asked for so far, by ``method`` and of a path that ends in ``name``."""
        log = self.directory / LOG
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [item for item in map(json.loads, lines) if method in ("", item[0]) and item[1].endswith(name)]

    def forget(self) -> None:
        """Begin a new list of requests."""
        (self.directory / LOG).unlink(missing_ok=True)


@contextmanager
def running(directory: Path) -> Iterator[Mirror]:
    """Serve ``directory`` while the block runs."""
    with Mirror(directory) as mirror:
        thread = threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield mirror
        finally:
            mirror.shutdown()
            thread.join()


def main(argv: list[str]) -> None:
    """Do what the command line says."""
    command, directory, *rest = argv
    if command == "make":
        make_release(Path(directory), rest[0], rest[1])
        return
    with Mirror(Path(directory), int(rest[0])) as mirror:
        mirror.flag = Path(rest[1])
        mirror.flag.touch()
        mirror.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
