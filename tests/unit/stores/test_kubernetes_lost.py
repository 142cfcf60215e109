# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubernetes store where a state can't be read: nothing is installed again because its history was lost."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from _bootd.decisions.stages import State
from _bootd.hardware.manifest import read_manifest
from _bootd.hardware.model import REPROVISION_ANNOTATION, STATE_ANNOTATION
from _bootd.process.log import Log
from _bootd.stores.catalog import Catalog
from _bootd.stores.kubernetes import KubernetesStore
from _bootd.stores.states.directory import StateDir
from _bootd.stores.states.document import to_json
from samples.manifests import key, mac, manifest
from samples.state_rows import put_row

ON, OFF = (True, False), (False, True)  # allowPXE, and whether bootd switched it
SEEN = State(stage="offered", last_at=9.0)  # what the journal makes of a machine without history that goes on asking


class Cluster:
    """Answers a list with objects whose annotations are ``annotations``; takes no patch."""

    server = "https://192.0.2.1:6443"

    def __init__(self) -> None:
        self.annotations: dict[str, str] = {}

    def get(self, _path: str, _query: object = None) -> dict[str, Any]:
        (document,) = read_manifest(manifest(2).encode()).documents
        meta = {**document.value["metadata"], "annotations": self.annotations, "resourceVersion": "5", "uid": "u"}
        return {"items": [{**document.value, "metadata": meta}], "metadata": {"resourceVersion": "5"}}


class Bench:
    def __init__(self, path: Path) -> None:
        self.path, self.cluster, self.catalog = path, Cluster(), Catalog()
        self.state_dir = StateDir(path)
        self.restart()

    def restart(self) -> None:
        """Begin anew with what was kept."""
        self.state_dir.close()
        self.state_dir.open()
        self.catalog = Catalog()
        self.store = KubernetesStore(self.cluster, "", self.state_dir, Log("json", "debug", io.StringIO()))
        self.store.read(self.catalog)

    def netboot(self) -> tuple[bool | None, bool]:
        netboot = self.catalog.get(key(2)).interfaces[0].netboot
        return netboot.allow_pxe, netboot.switched_off


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "state")
    yield bench
    bench.state_dir.close()


def test_annotation_that_can_not_be_read_holds_its_machine_until_it_is_asked_for(bench):
    bench.cluster.annotations = {STATE_ANNOTATION: "spoilt"}
    bench.restart()
    assert bench.netboot() == OFF
    assert f"until {REPROVISION_ANNOTATION} has a new value" in bench.store.problems()[0].message
    for _unused in range(2):
        # The journal goes on from the states that it has started with.
        started_with = bench.store.load_states().get(key(2), State())
        for at in (8.0, 9.0):
            bench.store.save({key(2): replace(started_with, stage="offered", last_at=at)})
            assert bench.netboot() == OFF
        bench.restart()
        assert bench.netboot() == OFF
    bench.cluster.annotations = {REPROVISION_ANNOTATION: "again"}
    bench.restart()
    assert bench.netboot() == ON


def test_annotation_that_can_not_be_read_counts_for_nothing_where_the_disk_knows(bench):
    bench.store.save({key(2): State(stage="script")})
    bench.cluster.annotations = {STATE_ANNOTATION: "spoilt"}
    bench.restart()
    assert bench.netboot() == ON


def test_row_that_can_not_be_read_holds_its_machine_until_its_file_is_removed(bench):
    bench.store.save({key(2): SEEN})
    put_row(bench.path, key(2), "spoilt")
    bench.restart()
    for _unused in range(2):
        assert bench.netboot() == OFF
        bench.store.save({key(2): SEEN})
        assert bench.netboot() == OFF
        bench.restart()
    (bench.path / "machines" / f"{key(2)}.json.broken").unlink()
    bench.restart()
    assert bench.netboot() == ON


def test_row_that_can_not_be_read_is_made_good_by_the_object_s_annotation(bench):
    bench.store.save({key(2): SEEN})
    put_row(bench.path, key(2), "spoilt")
    bench.cluster.annotations = {STATE_ANNOTATION: to_json(State(stage="script", last_at=5.0))}
    for _unused in range(2):
        bench.restart()
        assert bench.netboot() == ON
        bench.store.save({key(2): SEEN})


def test_database_that_can_not_be_read_holds_all_but_those_whose_objects_know(bench):
    bench.store.save({key(2): SEEN})
    bench.state_dir.close()
    (bench.path / "states.db").write_bytes(b"?" * 5000)
    bench.restart()
    for _unused in range(2):
        assert bench.netboot() == OFF
        bench.store.save({key(2): SEEN})
        bench.restart()
    installed = State(stage="installed", installs=1, last_at=5.0, switched_off={mac(2): ""})
    bench.cluster.annotations = {STATE_ANNOTATION: to_json(installed)}
    bench.restart()
    assert bench.netboot() == OFF
    bench.cluster.annotations = {STATE_ANNOTATION: to_json(State(stage="script", last_at=9.5))}
    bench.restart()
    assert bench.netboot() == ON


def test_report_of_success_ends_the_hold_as_an_installation_does(bench):
    bench.store.save({key(2): SEEN})
    put_row(bench.path, key(2), "spoilt")
    bench.restart()
    done = State(stage="installed", installs=1, switched_off={mac(2): ""})
    bench.store.save({key(2): done})
    assert bench.netboot() == OFF
    assert bench.store.load_states()[key(2)] == done
