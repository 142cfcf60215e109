# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tutorials have their reader fetch from the internet, as far as a server on loopback can stand for it.

The commands are typed as they stand on the pages. Galaxy and the repository are this checkout's; Debian's mirror and
Harvester's server have what these names stand for, and little in it.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from docsite.alone import ROOT, commands, typed
from programs.require import require
from samples.certificates import make_certificate
from servers.debian_mirror import DebianMirror
from servers.image_mirror import make_release

VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
COLLECTION = "/api/v3/collections/baremetal/netboot/versions"
REPOSITORY = "https://github.com/baremetal-netboot/netboot.git"


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


def test_packages_are_fetched_and_installed_at_the_site(tmp_path):
    require("apt-get", "dpkg-deb")
    defaults = yaml.safe_load((ROOT / "roles/bootd/defaults/main.yml").read_text(encoding="utf-8"))
    # Of Debian; and python3-apt is what Ansible's module for packages needs.
    debian = DebianMirror(tmp_path, wanted := [*defaults["bootd_packages"], "python3-apt"])
    typed(["apt-get update"], tmp_path, **debian.environment)
    typed(commands("air-gapped", "mkdir -p carry/deb", "apt-get download"), tmp_path, **debian.environment)
    assert debian.installed() == []
    typed(commands("air-gapped", "dpkg --install"), tmp_path, **debian.environment)
    assert debian.installed() == sorted(wanted)


RELEASES = "releases.rancher.com"


@pytest.fixture
def harvester(tmp_path) -> Iterator[dict[str, str]]:
    """What has all https go to a server that has one release, a small one, and answers as Harvester's does."""
    require("openssl")
    make_release(tmp_path / "served/harvester", "v1.7.1")
    certificate, key = make_certificate(tmp_path, "releases", RELEASES)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Harvester(http.server.SimpleHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            """Be the proxy, and then the server that was asked for (RFC 9110, section 9.3.6)."""
            self.send_response(200)
            self.end_headers()
            self.connection = self.request = context.wrap_socket(self.connection, server_side=True)
            self.setup()
            self.close_connection = False

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def log_message(self, *_unused: object) -> None:
            """Say nothing."""

    serve = partial(Harvester, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        proxy = f"http://127.0.0.1:{server.server_port}"
        yield {
            "https_proxy": proxy,
            "SSL_CERT_FILE": str(certificate),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
        }
        server.shutdown()
        thread.join()


def test_release_is_fetched(harvester, tmp_path):
    typed(commands("air-gapped", "ansible localhost -m baremetal.netboot.harvester_image"), tmp_path, **harvester)
    served, found = (
        {path.name: path.read_bytes() for path in directory.iterdir()}
        for directory in (tmp_path / "served/harvester/v1.7.1", tmp_path / "carry/images/v1.7.1")
    )
    assert served.items() <= found.items()
