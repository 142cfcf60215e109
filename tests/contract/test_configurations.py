# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every place of configurations promises, held by each of them."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest

from _bootd.configurations import document
from _bootd.configurations.base import MAX_BYTES, Configuration
from _bootd.configurations.directory import ConfigDirectory
from _bootd.configurations.secrets import SecretConfigurations
from _bootd.hardware.model import Machine
from _bootd.kube.client import Client
from _bootd.kube.connect import endpoint_from
from _bootd.kube.errors import ApiError
from _bootd.process.log import Log
from _bootd.stores.catalog import Catalog
from cluster.kube import NAMESPACE, ApiServer
from contract.conftest import wait_until

CANARY = "canary-5f3a9e"
KEY, OTHER = f"{NAMESPACE}/um790-1", f"{NAMESPACE}/um790-2"
TEXT = f"# By hand\ntoken: {CANARY}\ninstall: {{mode: create}}\n"


class FilesPlace:
    """A directory."""

    def __init__(self, path: Path, catalog: Catalog, log: Log) -> None:
        self._path = path / "configurations"
        self._path.mkdir()
        self.configurations = ConfigDirectory(str(self._path), catalog, log)

    def put(self, name: str, data: bytes, suffix: str = ".yaml") -> None:
        file = self._path / f"{name}{suffix}"
        file.write_bytes(data)
        file.chmod(0o600)

    def delete(self, name: str) -> None:
        for file in self._path.glob(f"{name}.*"):
            file.unlink()

    def close(self) -> None:
        pass


class SecretsPlace:
    """The Secrets of a namespace of a real API server."""

    def __init__(self, api: ApiServer, log: Log) -> None:
        self._client = api.client
        for item in self._client.get(self._path(""))["items"]:
            self._client.request("DELETE", f"{self._path('')}/{item['metadata']['name']}")
        client = Client(endpoint_from({}, kubeconfig=str(api.kubeconfig)))
        self.configurations = SecretConfigurations(client, NAMESPACE, log)

    def _path(self, name: str) -> str:
        root = f"/api/v1/namespaces/{NAMESPACE}/secrets"
        return f"{root}/netboot-configuration-{name}" if name else root

    def put(self, name: str, data: bytes, suffix: str = ".yaml") -> None:
        meta = {"name": f"netboot-configuration-{name}", "labels": {"netboot.baremetal/configuration": "true"}}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": meta}
        body["data"] = {f"configuration{suffix}": base64.b64encode(data).decode()}
        try:
            self._client.request("PUT", self._path(name), body=body)
        except ApiError:
            self._client.request("POST", self._path(""), body=body)

    def delete(self, name: str) -> None:
        self._client.request("DELETE", self._path(name))

    def close(self) -> None:
        self.configurations.stop()


@pytest.fixture
def log():
    return io.StringIO()


@pytest.fixture(params=["files", "kubernetes"])
def place(request, tmp_path, log):
    catalog = Catalog()
    catalog.replace([Machine("um790-1", NAMESPACE), Machine("um790-2", NAMESPACE)])
    told = Log("json", "debug", log)
    if request.param == "files":
        place = FilesPlace(tmp_path, catalog, told)
    else:
        place = SecretsPlace(request.getfixturevalue("api"), told)
    yield place
    place.close()
    assert CANARY not in log.getvalue()


def test_get_what_was_there_before_the_start(place):
    place.put("um790-1", TEXT.encode())
    place.configurations.start()
    found = place.configurations.get(KEY, document.read)
    assert (found.document, found.text) == ({"token": CANARY, "install": {"mode": "create"}}, TEXT)
    assert place.configurations.expects(KEY, document.read)
    assert place.configurations.get(OTHER, document.read) is None
    assert not place.configurations.expects(OTHER, document.read)


def test_read_without_a_start(place):
    place.put("um790-1", TEXT.encode())
    place.configurations.read()
    assert place.configurations.get(KEY, document.read).text == TEXT


def test_get_follows_what_is_written_changed_and_removed(place):
    place.configurations.start()
    assert place.configurations.get(KEY, document.read) is None
    place.put("um790-1", TEXT.encode())
    wait_until(lambda: place.configurations.get(KEY, document.read))
    place.put("um790-1", b"token: second\n")
    wait_until(lambda: place.configurations.get(KEY, document.read).document == {"token": "second"})
    place.delete("um790-1")
    wait_until(lambda: place.configurations.get(KEY, document.read) is None)
    assert not place.configurations.expects(KEY, document.read)


@pytest.mark.parametrize(
    "data",
    [
        f"token: !{CANARY}\n".encode(),
        f"- {CANARY}\n".encode(),
        f"token: '{CANARY}".encode(),
        b"\xff",
        b"a: " + b"x" * MAX_BYTES,
    ],
)
def test_one_that_can_not_be_used_is_told_and_keeps_no_other_from_its_machine(place, log, data):
    place.put("um790-1", data)
    place.put("um790-2", TEXT.encode())
    place.configurations.start()
    assert place.configurations.get(KEY, document.read) is None
    assert not place.configurations.expects(KEY, document.read)
    assert place.configurations.get(OTHER, document.read).text == TEXT
    assert '"configuration_refused"' in log.getvalue()
    place.put("um790-1", TEXT.encode())
    wait_until(lambda: place.configurations.get(KEY, document.read))


@pytest.mark.parametrize(
    "key", ["", "/", "um790-1", f"{NAMESPACE}/", f"{NAMESPACE}/../um790-1", f"{NAMESPACE}/\0", "a/b/c"]
)
def test_get_of_a_key_that_is_none(place, key):
    place.put("um790-1", TEXT.encode())
    place.configurations.start()
    assert place.configurations.get(key, document.read) is None


def test_text_comes_back_to_the_octet_and_only_its_reader_says_what_it_is(place):
    text = f"passphrase\\\n  string {CANARY}\r\n\t# é\n"
    place.put("um790-1", text.encode(), ".cfg")
    place.configurations.start()
    assert place.configurations.get(KEY, Configuration) == Configuration(text)
    assert place.configurations.expects(KEY, Configuration)
    assert place.configurations.get(KEY, document.read) is None
    assert not place.configurations.expects(KEY, document.read)


def test_stop_is_harmless_where_nothing_was_started(place):
    place.configurations.stop()
    assert place.configurations.get(KEY, document.read) is None
