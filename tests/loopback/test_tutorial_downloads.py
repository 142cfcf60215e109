# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tutorials have their reader fetch from the internet, as far as a server on loopback can stand for it.

The commands are typed as they stand on the pages. Galaxy and the repository are this checkout's.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from docsite.transcript import Typed, steps
from programs.require import require

ROOT = Path(__file__).resolve().parents[2]
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
COLLECTION = "/api/v3/collections/baremetal/netboot/versions"
REPOSITORY = "https://github.com/baremetal-netboot/netboot.git"


def commands(page: str, *begin: str) -> list[str]:
    """Return those commands of a tutorial that begin so, of those that its own test does not type."""
    typed = [
        step.command for step in steps(ROOT / f"docs/tutorials/{page}.md") if isinstance(step, Typed) and step.alone
    ]
    return [next(command for command in typed if command.startswith(each)) for each in begin]


@pytest.fixture(scope="module")
def galaxy(tmp_path_factory) -> Iterator[str]:
    """The URL of a server that has one collection, this checkout's, and answers as Galaxy's API v3 does."""
    directory = tmp_path_factory.mktemp("galaxy")
    program = Path(sys.executable).with_name("ansible-galaxy")
    subprocess.run([program, "collection", "build", "--output-path", directory, ROOT], check=True, capture_output=True)
    tarball = next(directory.glob("baremetal-netboot-*.tar.gz"))
    content = tarball.read_bytes()

    class Galaxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            base = f"http://127.0.0.1:{self.server.server_port}"
            path = self.path.partition("?")[0].rstrip("/")
            href = f"{COLLECTION}/{VERSION}/"
            artifact = {"filename": tarball.name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            answers = {
                "/api": {"available_versions": {"v3": "v3/"}},
                COLLECTION.rpartition("/")[0]: {
                    "namespace": "baremetal",
                    "name": "netboot",
                    "created_at": "2026-11-30T00:00:00Z",
                    "updated_at": "2026-11-30T00:00:00Z",
                },
                COLLECTION: {
                    "meta": {"count": 1},
                    "links": {"next": None},
                    "data": [{"version": VERSION, "href": href}],
                },
                href.rstrip("/"): {
                    "version": VERSION,
                    "href": href,
                    "namespace": {"name": "baremetal"},
                    "collection": {"name": "netboot"},
                    "artifact": artifact,
                    "download_url": f"{base}/{tarball.name}",
                    "metadata": {"dependencies": {}},
                    "signatures": [],
                },
            }
            body = content if path == f"/{tarball.name}" else json.dumps(answers.get(path, {})).encode()
            self.send_response(200 if path == f"/{tarball.name}" or path in answers else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_unused: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Galaxy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/"
        server.shutdown()
        thread.join()


def typed(lines: list[str], directory: Path, **environment: str) -> str:
    """Type ``lines`` into one shell in ``directory``; returns what they print."""
    own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "HOME": str(directory)}
    argv = ["bash", "-e", "-c", "\n".join(lines)]
    done = subprocess.run(
        argv, cwd=directory, env={**os.environ, **own, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("page", "command", "found"),
    [
        (
            "one-machine",
            "ansible-galaxy collection install",
            "collections/ansible_collections/baremetal/netboot/MANIFEST.json",
        ),
        ("air-gapped", "ansible-galaxy collection download", f"carry/collections/baremetal-netboot-{VERSION}.tar.gz"),
    ],
)
def test_collection_is_had_from_galaxy(galaxy, tmp_path, page, command, found):
    places = {"ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections")}
    typed(commands(page, command), tmp_path, ANSIBLE_GALAXY_SERVER=galaxy, **places)
    assert (tmp_path / found).is_file()


def test_repository_is_cloned_and_has_the_demo(tmp_path):
    require("git", "make")
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of git")
    instead = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.file://{ROOT}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
        "GIT_CONFIG_KEY_1": "safe.directory",
        "GIT_CONFIG_VALUE_1": "*",
    }
    said = typed([*commands("demo", "git clone", "cd netboot"), "make"], tmp_path, **instead)
    assert "make demo " in said
