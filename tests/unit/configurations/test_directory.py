# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations as files: whose they are, and which are not used."""

from __future__ import annotations

import io
import json
import os

import pytest

from _bootd.configurations import document
from _bootd.configurations.base import Configuration
from _bootd.configurations.directory import HEADER, ConfigDirectory
from _bootd.hardware.model import Machine
from _bootd.process.log import Log
from _bootd.stores.catalog import Catalog

KEY = "tink-system/um790-1"
CANARY = "canary-5f3a"


class Bench:
    def __init__(self, path) -> None:
        self.path, self.stream, self.catalog = path / "configurations", io.StringIO(), Catalog()
        self.path.mkdir()
        self.catalog.replace([Machine("um790-1", "tink-system"), Machine("um790-2", "tink-system")])
        self.configurations = ConfigDirectory(str(self.path), self.catalog, Log("json", "debug", self.stream))

    def write(self, name: str, mode: int = 0o600, text: str = f"token: {CANARY}\n"):
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def refusals(self) -> list[str]:
        assert CANARY not in self.stream.getvalue()
        lines = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        assert {line["event"] for line in lines} <= {"configuration_refused"}
        return [f"{os.path.relpath(line['path'], self.path)}: {line['reason']}" for line in lines]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.mark.parametrize("name", ["um790-1.yaml", "tink-system/um790-1.yaml"])
def test_get_reads_the_machines_file_and_every_change_of_it(bench, name):
    path = bench.write(name)
    assert bench.configurations.get(KEY, document.read).document == {"token": CANARY}
    path.write_text("token: other\n", encoding="utf-8")
    assert bench.configurations.get(KEY, document.read).document == {"token": "other"}
    path.unlink()
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.refusals() == []


def test_get_gives_nobody_the_file_of_another(bench):
    bench.write("um790-1.yaml")
    assert bench.configurations.get("tink-system/um790-2", document.read) is None
    assert bench.configurations.get("elsewhere/um790-1", document.read).document == {
        "token": CANARY
    }  # the name is one machine's


def test_get_prefers_the_file_that_names_the_namespace(bench):
    bench.write("um790-1.yaml", text="token: any\n")
    bench.write("tink-system/um790-1.yaml", text="token: own\n")
    assert bench.configurations.get(KEY, document.read).document == {"token": "own"}


def test_get_of_two_machines_of_one_name_wants_to_know_the_namespace(bench):
    bench.catalog.upsert(Machine("um790-1", "lab"))
    bench.write("um790-1.yaml")
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.configurations.get("lab/um790-1", document.read) is None
    assert "um790-1.yaml: several machines have this name; move it to" in bench.refusals()[0]
    bench.write("lab/um790-1.yaml")
    assert bench.configurations.get("lab/um790-1", document.read) is not None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601, 0o610])
def test_get_refuses_a_file_that_others_can_read(bench, mode):
    path = bench.write("um790-1.yaml", mode)
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.configurations.expects(KEY, document.read) is False
    reason = f"its permissions are {mode:04o}, so others may have read it; make them 0600"
    assert bench.refusals() == [f"um790-1.yaml: {reason}"]  # once, however often it is asked for
    path.chmod(0o400)
    assert bench.configurations.get(KEY, document.read) is not None


@pytest.mark.parametrize(
    "key", ["tink-system/../secret", "../secret", "x/../../secret", "tink-system/.hidden", "tink-system/", "/", "", "a"]
)
def test_get_never_leaves_the_directory(bench, key):
    secret = bench.path.parent / "secret.yaml"
    secret.write_text("token: x\n", encoding="utf-8")
    secret.chmod(0o600)
    bench.write(".hidden.yaml")
    assert bench.configurations.get(key, document.read) is None


def test_get_follows_no_link_out_of_the_directory(bench):
    outside = bench.path.parent / "outside.yaml"
    outside.write_text(f"token: {CANARY}\n", encoding="utf-8")
    outside.chmod(0o600)
    (bench.path / "um790-1.yaml").symlink_to(outside)
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.refusals() == ["um790-1.yaml: outside of the directory"]


def test_get_of_what_is_no_file_or_no_configuration(bench):
    os.mkfifo(bench.path / "um790-1.yaml", 0o600)
    assert bench.configurations.get(KEY, document.read) is None
    (bench.path / "um790-1.yaml").unlink()
    bench.write("um790-1.yaml", text=f"token: *{CANARY}\n")
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.refusals() == [
        "um790-1.yaml: not a regular file",
        "um790-1.yaml: it is no YAML that can be used, from line 1 on",
    ]


def test_get_while_the_directory_is_away(bench):
    bench.path.rmdir()
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.refusals() == []


def test_get_of_a_text_is_read_as_its_installer_does(bench):
    text = "# kickstart\r\nrootpw x\n%end\n"
    bench.write("um790-1.cfg").write_bytes(text.encode())
    assert bench.configurations.get(KEY, Configuration).text == text
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.refusals() == ["um790-1.cfg: it is not one mapping, as an installer's configuration is"]


@pytest.mark.parametrize("folder", ["", "tink-system/"])
def test_get_of_two_uses_neither_and_names_both(bench, folder):
    bench.write(f"{folder}um790-1.yaml")
    bench.write(f"{folder}um790-1.cfg")
    assert bench.configurations.get(KEY, document.read) is None
    assert bench.refusals() == [
        f"{folder}um790-1.yaml: there is um790-1.cfg too, and a machine has one configuration: remove one of them"
    ]


def test_get_takes_the_file_that_names_the_namespace_whatever_its_suffix(bench):
    bench.write("um790-1.yaml")
    bench.write("tink-system/um790-1.cfg", text="token: own\n")
    assert bench.configurations.get(KEY, document.read).document == {"token": "own"}


def test_get_leaves_out_the_line_by_which_ansible_knows_its_files(bench):
    bench.write("um790-1.cfg", text=f"{HEADER}#cloud-config\na: 1\n")
    assert bench.configurations.get(KEY, document.read).text == "#cloud-config\na: 1\n"
