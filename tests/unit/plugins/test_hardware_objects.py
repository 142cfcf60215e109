# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects read from files; tests/api reads them from a cluster."""

from __future__ import annotations

import os

import pytest

from _bootd.decisions.stages import State
from _bootd.stores.states.directory import StateDir
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.objects import from_files, parse_store

OBJECT = """\
apiVersion: tinkerbell.org/v1alpha1
kind: Hardware
metadata: {{name: {name}, labels: {{rack: {rack}}}}}
spec: {{interfaces: [{{dhcp: {{mac: "58:47:ca:71:d8:{last}"}}}}]}}
"""


def write(path, *machines, age=0):
    path.write_text("---\n".join(OBJECT.format(name=n, rack=r, last=m) for n, r, m in machines), encoding="utf-8")
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("kubernetes", ("kubernetes", "")),
        ("kubernetes:tink-system", ("kubernetes", "tink-system")),
        ("files:/etc/bootd/hardware", ("files", "/etc/bootd/hardware")),
    ],
)
def test_parse_store_of_a_store(text, store):
    assert parse_store(text) == store


@pytest.mark.parametrize("text", ["", "kubernetes:", "files", "files:", "files:hardware", "etcd:x", "Kubernetes"])
def test_parse_store_refuses_others(text):
    with pytest.raises(ValueError, match="should be kubernetes, kubernetes:NAMESPACE or files:DIR"):
        parse_store(text)


def test_from_files_reads_objects_and_states(tmp_path):
    write(tmp_path / "b.yaml", ("b", "b12", "50"), ("a", "b13", "51"))
    (tmp_path / "other.yaml").write_text("kind: ConfigMap\n", encoding="utf-8")
    with StateDir(tmp_path / "state") as states:
        states.save({"default/a": State(stage="installed", installs=1)})
    found = from_files(str(tmp_path), str(tmp_path / "state"))
    assert [(entry.key, entry.state.stage) for entry in found.entries] == [
        ("default/a", "installed"),
        ("default/b", "known"),
    ]
    assert found.problems == []


def test_from_files_without_states_knows_no_stage(tmp_path):
    write(tmp_path / "a.yaml", ("a", "b12", "50"))
    (entry,) = from_files(str(tmp_path)).entries
    assert entry.state.stage == ""


def test_from_files_selects_by_label(tmp_path):
    write(tmp_path / "a.yaml", ("a", "b12", "50"), ("b", "b13", "51"))
    assert [entry.key for entry in from_files(str(tmp_path), selector="rack=b13").entries] == ["default/b"]
    with pytest.raises(ValueError, match="can't be read"):
        from_files(str(tmp_path), selector="rack b13")


def test_from_files_takes_the_older_of_two(tmp_path):
    write(tmp_path / "a.yaml", ("a", "new", "50"))
    write(tmp_path / "z.yaml", ("a", "old", "51"), age=100)
    found = from_files(str(tmp_path))
    assert [entry.document["metadata"]["labels"]["rack"] for entry in found.entries] == ["old"]
    assert found.problems == [f"{tmp_path}/a.yaml: default/a is also in an older file, which counts"]


def test_from_files_tells_what_can_not_be_read(tmp_path):
    write(tmp_path / "a.yaml", ("a", "b12", "50"), ("..", "b12", "51"))
    (tmp_path / "b.yaml").write_text("kind: [\n", encoding="utf-8")
    found = from_files(str(tmp_path))
    assert [entry.key for entry in found.entries] == ["default/a"]
    assert [problem.partition(":")[0] for problem in found.problems] == [
        f"{tmp_path}/a.yaml, document 2",
        f"{tmp_path}/b.yaml",
    ]


def test_from_files_of_no_directory(tmp_path):
    with pytest.raises(FileNotFoundError):
        from_files(str(tmp_path / "nowhere"))
