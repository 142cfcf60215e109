# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API server for tests: the user's own, envtest's binaries, or one that a script starts.

``KUBECONFIG`` names a cluster that tests may write to; ``KUBEBUILDER_ASSETS`` a folder with ``etcd`` and
``kube-apiserver``; ``KUBE_FOR_TESTS`` a script: ``SCRIPT up DIR [--port PORT]``, ``kill DIR NAME``, ``start DIR NAME``,
``down DIR``, that leaves ``DIR/kubeconfig``. From Python 3.13 on, its CA has to have the extension key usage (RFC 5280
section 4.2.1.3), without which OpenSSL's strict verification refuses it.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from _bootd.kube.client import Client, resource_path
from _bootd.kube.connect import bearer, endpoint_from
from _bootd.kube.errors import ApiError, ApiUnreachable
from cluster.envtest import EnvTest
from programs.require import fail_or_skip

NEEDED = (
    "no Kubernetes API server for tests: set KUBECONFIG to a cluster that may be written to, KUBEBUILDER_ASSETS to "
    "envtest's binaries (setup-envtest use -p path), or KUBE_FOR_TESTS to a script that starts one"
)
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAMESPACE = "tink-system"
STARTS = 3
PATIENCE = 90.0  # seconds


class ApiServer:
    """One API server and a client that may do everything; ``kubeconfig`` is for others who want to talk to it."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.client = Client(endpoint_from({}, kubeconfig=str(kubeconfig)), connections=8)

    def service_account(self, namespace: str, name: str) -> ServiceAccount:
        """Return a service account, which has to exist, to act as."""
        path = f"{resource_path('v1', 'serviceaccounts', namespace, name)}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        return ServiceAccount(self, self.client.request("POST", path, body=body)["status"]["token"])

    def create(self, document: dict[str, Any], plural: str) -> dict[str, Any]:
        """Create an object; what is there already is left as it is."""
        namespace = document["metadata"].get("namespace", "")
        try:
            return self.client.request("POST", resource_path(document["apiVersion"], plural, namespace), body=document)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return document

    def install_crd(self, document: dict[str, Any]) -> None:
        """Install a CRD and wait until it is served."""
        try:
            self.client.request("POST", CRDS, body=document)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        wait_for(lambda: self.answers(_objects_path(document)), "the CRD is served")

    def remove_crd(self, document: dict[str, Any]) -> None:
        """Remove a CRD of this name with all its objects, if there is one, and wait until it is served no more."""
        path = f"{CRDS}/{document['metadata']['name']}"
        if self.answers(path):
            self.client.request("DELETE", path)
            wait_for(lambda: not self.answers(path) and not self.answers(_objects_path(document)), "the CRD is gone")

    def answers(self, path: str) -> bool:
        """Return whether the API has something at ``path``."""
        try:
            self.client.get(path)
        except (ApiError, ApiUnreachable):
            return False
        return True

    def kubectl(self, *argv: str, check: bool = True, text: str | None = None) -> str:
        """Return what kubectl prints."""
        command = ["kubectl", f"--kubeconfig={self.kubeconfig}", *argv]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=check).stdout


class ServiceAccount:
    """Somebody with a service account's rights, and nothing more."""

    def __init__(self, api: ApiServer, token: str) -> None:
        self._api, self._token = api, token
        endpoint = endpoint_from({}, kubeconfig=str(api.kubeconfig))
        endpoint.credentials = bearer(token)
        endpoint.cert_file = endpoint.key_file = ""
        self.client = Client(endpoint)

    def kubeconfig(self, directory: Path) -> Path:
        """Return a kubeconfig to act as it, written to ``directory``."""
        document = yaml.safe_load(self._api.kubeconfig.read_text(encoding="utf-8"))
        context = next(item for item in document["contexts"] if item["name"] == document["current-context"])
        document["users"] = [{"name": "account", "user": {"token": self._token}}]
        context["context"]["user"] = "account"
        path = directory / "account.kubeconfig"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return path


class ScriptedServer(ApiServer):
    """One that the script started, which can be killed and started again."""

    def __init__(self, directory: Path, script: str, port: int) -> None:
        super().__init__(directory / "kubeconfig")
        self._script, self._directory, self._port = script, directory, port

    def kill(self, part: str = "apiserver") -> None:
        """Kill -9 a part of it: apiserver, etcd."""
        _script(self._script, "kill", str(self._directory), part)

    def start(self, part: str = "apiserver") -> None:
        """Start a part again that was killed, and wait until the API answers.

        An API server that comes before its etcd answers gives up, and is then started once more.
        """
        for _unused in range(STARTS - 1):
            _script(self._script, "start", str(self._directory), part)
            with suppress(AssertionError):
                wait_for(self._is_ready, "the API is back")
                return
            with suppress(RuntimeError):  # it has ended by itself
                self.kill(part)
        _script(self._script, "start", str(self._directory), part)
        wait_for(self._is_ready, "the API is back")

    def _is_ready(self) -> bool:
        return self.kubectl("get", "--raw", "/readyz", check=False) == "ok"

    def lose_data(self) -> None:
        """Lose all that etcd holds, as a disk does."""
        self.kill("apiserver")
        self.kill("etcd")
        # A process that is killed holds its ports until it has gone, and the next one does not ask twice.
        wait_for(lambda: all(map(_is_free, etcd_ports(self._port))), "etcd's ports are free")
        subprocess.run(["rm", "-rf", self._directory / "etcd"], check=True)
        _script(self._script, "start", str(self._directory), "etcd")
        time.sleep(1)
        self.start()


def _objects_path(crd: dict[str, Any]) -> str:
    spec = crd["spec"]
    version = next(item["name"] for item in spec["versions"] if item["storage"])
    return resource_path(f"{spec['group']}/{version}", spec["names"]["plural"])


def wait_for(happened: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Return as soon as ``happened`` is true."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """Give an API server, of whatever kind there is."""
    if kubeconfig := os.environ.get("KUBECONFIG"):
        yield ApiServer(Path(kubeconfig))
    elif assets := os.environ.get("KUBEBUILDER_ASSETS"):
        with EnvTest(Path(assets), free_port()) as server:
            api = ApiServer(server.kubeconfig)
            wait_for(lambda: api.answers("/api/v1/namespaces"), "the API server answers")
            yield api
    else:
        with own_api_server() as server:
            yield server


@contextmanager
def own_api_server() -> Iterator[ScriptedServer]:
    """Give an API server that nobody else uses and that can be killed."""
    script = os.environ.get("KUBE_FOR_TESTS")
    if not script:
        fail_or_skip(NEEDED)
    with tempfile.TemporaryDirectory(prefix="kube-") as scratch:
        directory = Path(scratch) / "kube"
        try:
            port = free_port()
            _script(script, "up", str(directory), "--port", str(port))
            yield ScriptedServer(directory, script, port)
        finally:
            if (directory / "pid").is_dir():
                _script(script, "down", str(directory))


def etcd_ports(port: int) -> tuple[int, int]:
    """Return the ports that etcd takes beside an API server on ``port``."""
    return port + 10000, port + 10001


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as etcd does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port of loopback that has a neighbour 10,000 higher: etcd takes that."""
    while True:
        # Also etcd's are below 32768, from where Linux takes the ports of whoever connects to anything.
        port = 20000 + secrets.randbelow(2700)
        with socket.socket() as one, socket.socket() as other, socket.socket() as third:
            try:
                one.bind(("127.0.0.1", port))
                for probe, taken in zip((other, third), etcd_ports(port), strict=True):
                    probe.bind(("127.0.0.1", taken))
            except OSError:
                continue
            return port


def _script(script: str, *argv: str) -> None:
    done = subprocess.run([script, *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{script} {' '.join(argv)}: {done.stderr or done.stdout}")
