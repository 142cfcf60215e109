# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One bench for each store: what a user, a disk or an administrator does to it."""

from __future__ import annotations

import io
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from _bootd.catalog import Catalog
from _bootd.hardware.manifest import read_manifest
from _bootd.hardware.model import machine_from_object
from _bootd.logs import Log
from _bootd.stores.files import FilesStore
from _bootd.stores.state_dir import StateDir
from manifests import key, manifest
from memory_store import MemoryStore

PATIENCE = 10.0  # seconds; what takes longer does not happen


def wait_until(happened: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Return as soon as ``happened`` is true."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.005)


class Bench:
    """A store, and its catalog once started. ``restart`` begins anew with what was kept."""

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
        (self.state / "machines" / f"{key(number)}.json").write_bytes(b"\0\0")

    def refuse_writes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_args: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("_bootd.stores.state_dir.os.fsync", refuse)


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

    def refuse_writes(self, _monkeypatch: pytest.MonkeyPatch) -> None:
        self.store.refuses = "No space left on device"


@pytest.fixture(params=["files", "memory"])
def bench(request, tmp_path):
    bench = FilesBench(tmp_path) if request.param == "files" else MemoryBench()
    yield bench
    bench.close()


@pytest.fixture
def files(tmp_path):
    bench = FilesBench(tmp_path)
    yield bench
    bench.close()
