# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One bench for each store: what a user, a disk or an administrator does to it."""

from __future__ import annotations

import io
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from _bootd.hardware.manifest import read_manifest
from _bootd.hardware.model import STATE_ANNOTATION, machine_from_object
from _bootd.kube.client import APPLY_PATCH, Client, resource_path
from _bootd.kube.connect import endpoint_from
from _bootd.process.log import Log
from _bootd.stores.catalog import Catalog
from _bootd.stores.files import FilesStore
from _bootd.stores.kubernetes import KubernetesStore
from _bootd.stores.states.directory import StateDir
from cluster.kube import CRDS, NAMESPACE, ApiServer, api_server
from samples.manifests import key, manifest
from samples.state_rows import execute, put_row, refuse_rows
from servers.memory_store import MemoryStore

ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
LOOSE_CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "hardware.tinkerbell.org"},
    "spec": {
        "group": "tinkerbell.org",
        "names": {"kind": "Hardware", "listKind": "HardwareList", "plural": "hardware", "singular": "hardware"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": ANYTHING}},
        ],
    },
}
PATIENCE = 10.0  # seconds; what takes longer does not happen


def wait_until(happened: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Return as soon as ``happened`` is true."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.005)


class Bench:
    """A store, and its catalog once started. ``restart`` begins anew with what was kept."""

    remembers_its_switch = False  # does an allowPXE of false in the object itself count as bootd's own

    def __init__(self) -> None:
        self.catalog = Catalog()
        self.changes = 0

    def start(self):
        self.catalog = Catalog()
        self.store.start(self.catalog, self._changed)
        return self.store

    def _changed(self) -> None:
        self.changes += 1

    def allow_pxe(self, number: int) -> tuple[bool | None, bool]:
        """Return what is served of machine ``number``: allowPXE, and whether bootd switched it off."""
        netboot = self.catalog.get(key(number)).interfaces[0].netboot
        return netboot.allow_pxe, netboot.switched_off


class FilesBench(Bench):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.manifests, self.state = path / "manifests", path / "state"
        self.manifests.mkdir()
        self.log = io.StringIO()
        self._open()

    def _open(self) -> None:
        self.state_dir = StateDir(self.state)
        self.state_dir.open()
        self.store = FilesStore(str(self.manifests), self.state_dir, Log("json", "debug", self.log))

    def restart(self):
        self.close()
        self._open()
        return self.start()

    def close(self) -> None:
        self.store.stop()
        self.state_dir.close()

    def put(self, number: int, **more: object) -> None:
        (self.manifests / f"{number}.yaml").write_text(manifest(number, **more), encoding="utf-8")

    def delete(self, number: int) -> None:
        (self.manifests / f"{number}.yaml").unlink()

    def take_away(self) -> None:
        shutil.rmtree(self.manifests)

    def spoil_state(self, number: int) -> None:
        put_row(self.state, key(number), b"\0\0")

    def refuse_writes(self) -> None:
        refuse_rows(self.state)


class MemoryBench(Bench):
    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()

    def restart(self):
        machines, kept = self.store.machines, self.store
        self.store = MemoryStore(kept.states)
        self.store.machines, self.store.unreadable = machines, kept.unreadable
        return self.start()

    def close(self) -> None:
        self.store.stop()

    def put(self, number: int, **more: object) -> None:
        created = self.store.machines[key(number)].created if key(number) in self.store.machines else str(time.time())
        (document,) = read_manifest(manifest(number, **more).encode()).documents
        self.store.put(machine_from_object(document.value, source="memory", created=created))

    def delete(self, number: int) -> None:
        self.store.delete(key(number))

    def take_away(self) -> None:
        self.store.gone = True

    def spoil_state(self, number: int) -> None:
        self.store.unreadable.add(key(number))

    def refuse_writes(self) -> None:
        self.store.refuses = "No space left on device"


class KubernetesBench(Bench):
    """A namespace of its own on a real API server."""

    remembers_its_switch = True

    def __init__(self, path: Path, api: ApiServer) -> None:
        super().__init__()
        self.api, self.state, self.log = api, path / "state", io.StringIO()
        api.install_crd(LOOSE_CRD)
        for machine in self._hardware("list"):
            self._hardware("delete", machine["metadata"]["name"])
        self._open()

    def _open(self) -> None:
        self.state_dir = StateDir(self.state)
        self.state_dir.open()
        client = Client(endpoint_from({}, kubeconfig=str(self.api.kubeconfig)))
        self.store = KubernetesStore(client, NAMESPACE, self.state_dir, Log("json", "debug", self.log))

    def restart(self):
        self.close()
        self._open()
        return self.start()

    def close(self) -> None:
        self.store.stop()
        self.state_dir.close()

    def _hardware(self, verb: str, name: str = "", document: object = None) -> list[dict[str, object]]:
        path = resource_path("tinkerbell.org/v1alpha1", "hardware", NAMESPACE, name)
        if verb == "apply":
            query = {"fieldManager": "somebody", "force": "true"}
            return [self.api.client.request("PATCH", path, query, document, APPLY_PATCH)]
        return self.api.client.request({"list": "GET", "delete": "DELETE"}[verb], path).get("items") or []

    def put(self, number: int, **more: object) -> None:
        (document,) = read_manifest(manifest(number, **more).encode()).documents
        self._hardware("apply", document.value["metadata"]["name"], document.value)

    def delete(self, number: int) -> None:
        self._hardware("delete", f"um790-{number}")

    def take_away(self) -> None:
        self.api.client.request("DELETE", f"{CRDS}/hardware.tinkerbell.org")
        wait_until(lambda: not self.api.answers(resource_path("tinkerbell.org/v1alpha1", "hardware")))

    def spoil_state(self, number: int) -> None:
        """Spoil it everywhere: what only one place has lost is read from the other."""
        self.close()
        execute(self.state, "DELETE FROM states WHERE key = ?", key(number))
        (self.state / "hardware.jsonl").unlink()
        (document,) = [item for item in self._hardware("list") if item["metadata"]["name"] == f"um790-{number}"]
        document["metadata"]["annotations"][STATE_ANNOTATION] = "spoilt"
        path = resource_path("tinkerbell.org/v1alpha1", "hardware", NAMESPACE, f"um790-{number}")
        self.api.client.request("PUT", path, body=document)
        self._open()

    def refuse_writes(self) -> None:
        FilesBench.refuse_writes(self)


@pytest.fixture(scope="session")
def api():
    with ExitStack() as stack:
        server = stack.enter_context(api_server())
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, "namespaces")
        yield server


@pytest.fixture(params=["files", "memory", "kubernetes"])
def bench(request, tmp_path):
    if request.param == "kubernetes":
        bench = KubernetesBench(tmp_path, request.getfixturevalue("api"))
    else:
        bench = FilesBench(tmp_path) if request.param == "files" else MemoryBench()
    yield bench
    bench.close()


@pytest.fixture
def files(tmp_path):
    bench = FilesBench(tmp_path)
    yield bench
    bench.close()
