# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kubernetes store makes of lists and watches; with a real API server it is tested in tests/contract."""

from __future__ import annotations

import io

import pytest

from _bootd.decisions.stages import State
from _bootd.hardware.manifest import read_manifest
from _bootd.kube.errors import ApiUnreachable
from _bootd.process.log import Log
from _bootd.stores.catalog import Catalog
from _bootd.stores.kubernetes import KubernetesStore
from _bootd.stores.states.directory import StateDir
from samples.manifests import key, mac, manifest


class Away:
    """A client whose API server does not answer."""

    server = "https://192.0.2.1:6443"

    def request(self, *_unused: object, **_more: object) -> dict:
        raise ApiUnreachable("connection refused")

    get = watch = request


def hardware(number: int, version: int, **more: object) -> dict:
    """Return machine ``number`` as the API has it."""
    (document,) = read_manifest(manifest(number, **more).encode()).documents
    meta = {**document.value["metadata"], "resourceVersion": str(version), "uid": f"u{number}"}
    return {**document.value, "metadata": meta}


@pytest.fixture
def start(tmp_path):
    """Return what starts a store over what the last one has kept, while the API is away, and its catalog."""
    running: list[tuple[KubernetesStore, StateDir]] = []

    def stop() -> None:
        for store, state_dir in running:
            store.stop()
            state_dir.close()
        running.clear()

    def begin() -> tuple[KubernetesStore, Catalog]:
        stop()
        state_dir, catalog = StateDir(tmp_path / "state"), Catalog()
        state_dir.open()
        store = KubernetesStore(Away(), "", state_dir, Log("json", "error", io.StringIO()))
        running.append((store, state_dir))
        store.start(catalog, lambda: None)
        return store, catalog

    yield begin
    stop()


def served(catalog: Catalog) -> list[str]:
    return [machine.key for machine in catalog.machines()]


def missing(store: KubernetesStore) -> list[str]:
    return [problem.where for problem in store.problems() if "not in the cluster any more" in problem.message]


def test_list_of_a_cluster_that_has_lost_data_forgets_no_machine(start):
    """Versions of one cluster only rise: a lower one comes from an older backup, or from an empty cluster."""
    store, catalog = start()
    store.listed([hardware(2, 90), hardware(3, 95)], "100")
    store.listed([hardware(2, 40)], "50")
    assert served(catalog) == [key(2), key(3)]
    assert catalog.by_mac(mac(3)).machine.key == key(3)
    assert missing(store) == [f"Hardware {key(3)}"]
    store.listed([], "9")
    assert served(catalog) == [key(2), key(3)]


def test_what_a_shrunk_cluster_lacks_is_served_on_until_it_is_there_again(start):
    store, catalog = start()
    store.listed([hardware(2, 90), hardware(3, 95)], "100")
    store.listed([hardware(2, 40)], "50")
    store.listed([hardware(2, 60)], "101")
    assert (served(catalog), missing(store)) == ([key(2), key(3)], [f"Hardware {key(3)}"])
    store.applied([("ADDED", hardware(3, 55, address="10.10.0.222"))], "102")
    assert catalog.by_ip("10.10.0.222").machine.key == key(3)
    assert missing(store) == []
    store.listed([hardware(2, 60)], "103")
    assert served(catalog) == [key(2)]


def test_what_a_shrunk_cluster_lacks_is_served_on_over_a_restart(start):
    store, _catalog = start()
    store.listed([hardware(2, 90), hardware(3, 95)], "100")
    store, catalog = start()
    assert served(catalog) == [key(2), key(3)]
    store.listed([hardware(2, 40)], "50")
    store, catalog = start()
    assert (served(catalog), missing(store)) == ([key(2), key(3)], [f"Hardware {key(3)}"])
    store.listed([hardware(2, 40)], "120")
    assert served(catalog) == [key(2), key(3)]


def test_list_of_a_later_version_forgets_what_somebody_deleted(start):
    store, catalog = start()
    store.listed([hardware(2, 90), hardware(3, 95)], "100")
    store.listed([hardware(2, 90)], "101")
    assert (served(catalog), missing(store)) == ([key(2)], [])


def test_event_that_an_answer_has_overtaken_changes_nothing(start):
    store, catalog = start()
    store.listed([hardware(2, 90, address="10.10.0.222")], "100")
    store.applied([("MODIFIED", hardware(2, 89))], "100")
    assert catalog.by_ip("10.10.0.222").machine.key == key(2)


def test_state_that_waits_for_the_api_is_served_and_overwritten_by_no_list(start):
    store, catalog = start()
    store.listed([hardware(2, 90)], "100")
    store.save({key(2): State("installed", installs=1, last_at=5.0, switched_off={mac(2): ""})})
    store.listed([hardware(2, 120)], "120")
    store.applied([("MODIFIED", hardware(2, 130))], "130")
    netboot = catalog.get(key(2)).interfaces[0].netboot
    assert (netboot.allow_pxe, netboot.switched_off) == (False, True)
    assert store.load_states()[key(2)].stage == "installed"
