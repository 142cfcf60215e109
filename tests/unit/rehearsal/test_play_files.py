# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and configurations in a rehearsal, and the servers that have them: missing, unlike their checksum, silent."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._clients.http import HttpProblem
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.tftp import TftpProblem
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.wire import Wire
from servers.decided_wire import DecidedWire, play, problems
from servers.rehearsal_lab import INITRD, URL, hardware, harvester


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"present": True, "problems": []}, []),
        ({"present": False, "problems": [], "made": True}, []),
        ({"present": False, "problems": []}, [("um790-1, configuration", "inventory")]),
        ({"present": True, "problems": ["it is no YAML"]}, [("um790-1, configuration", "inventory")]),
    ],
)
def test_configuration_is_what_bootd_says_of_it(told, found):
    wire = DecidedWire(harvester(1))
    wire.configuration = told
    if told.get("made"):
        wire = DecidedWire(hardware(1))
        wire.configuration = told
    assert problems(play(wire)) == found


RELEASE = f"{URL}/images/v1.8.2"
ISO, SUMS = "harvester-v1.8.2-amd64.iso", "harvester-v1.8.2-amd64.sha512"


def iso_steps(wire, **options):
    """Return what a rehearsal says of the ISO, whose place the configuration names, and of the list beside it."""
    wire.configuration = {"present": True, "problems": [], "loads": [f"{RELEASE}/{ISO}"]}
    result = play(wire, **options)
    found = result["machines"]["um790-1"]["steps"]
    return result, [(step["step"], step["verdict"]) for step in found if ISO[:20] in step["step"]][-2:]


def test_iso_that_the_configuration_names_is_looked_at_like_what_the_kernel_names():
    wire = DecidedWire(harvester(1))
    wire.files[f"v1.8.2/{SUMS}"] = f"{'a' * 128}  {ISO}\n".encode()
    result, told = iso_steps(wire)
    assert (result["problems"], told) == ([], [(f"iso {ISO}", "ok"), (f"checksums {SUMS}", "ok")])
    wire.files[f"v1.8.2/{SUMS}"] = b"another release's"
    assert iso_steps(wire)[1][1] == (f"checksums {SUMS}", "note")
    del wire.files[f"v1.8.2/{SUMS}"]
    result, told = iso_steps(wire)
    assert (result["problems"], told[1]) == ([], (f"checksums {SUMS}", "note"))
    result, _told = iso_steps(wire, checksums={ISO: "sha512:abd"})
    assert problems(result) == [(f"um790-1, iso {ISO}", "node")]
    del wire.files[f"v1.8.2/{ISO}"]
    result, _told = iso_steps(wire)
    assert problems(result) == [(f"um790-1, iso {ISO}", "node")]
    assert "harvester_iso_url" in result["problems"][0]["remedy"]


def test_wrong_checksum_and_missing_file_are_told_of_each_machine_that_loads_it():
    wire = DecidedWire(hardware(1), hardware(2))
    wire.files["initrd.img"] = b"<html>"
    result = play(wire, checksums={"vmlinuz": "sha256:abd"})
    expected = [
        (f"um790-{number}, {step}", "node") for number in (1, 2) for step in ("kernel vmlinuz", "initrd initrd.img")
    ]
    assert problems(result) == expected
    assert INITRD.startswith(b"\x1f\x8b")


SILENT = [
    HttpProblem("Name or service not known"),
    HttpProblem("No route to host"),
    HttpProblem("certificate verify failed: unable to get local issuer certificate"),
    TftpProblem("no answer from 10.10.0.9, port 69"),
]
ANSWERED = [
    HttpProblem("404 not found", 404),
    HttpProblem("403 forbidden", 403),
    HttpProblem("Connection refused", answered=True),
    TftpProblem("file not found", answered=True),
]
ELSEWHERE = "http://reader:hidden@files.example:8080/harvester/create.yaml?token=hidden"


def configured(url):
    document = harvester(1)
    document["spec"]["metadata"]["instance"]["userdata"] = f"console=ttyS0 harvester.install.config_url={url}"
    return document


def loads_from(server):
    osie = {"baseURL": f"{server}/images", "kernel": "vmlinuz", "initrd": "initrd.img"}
    return hardware(1, netboot={"osie": osie})


@pytest.mark.parametrize("error", SILENT, ids=str)
def test_server_that_is_not_seen_from_here_is_a_note_and_no_problem(error):
    for document, server in (
        (configured(ELSEWHERE), "files.example:8080"),
        (loads_from("http://i.example"), "i.example"),
    ):
        wire = DecidedWire(document)
        wire.answers = {"files.example": error, "i.example": error}
        result = play(wire)
        assert (result["problems"], result["machines"]["um790-1"]["verdict"]) == ([], "boots")
        assert result["unseen"] == [server]
        notes = [step["what"] for step in result["machines"]["um790-1"]["steps"] if step["verdict"] == "note"]
        assert notes and all(note.startswith("not seen from here: ") and str(error) in note for note in notes)
        assert "hidden" not in str(result)


@pytest.mark.parametrize("error", ANSWERED, ids=str)
def test_server_that_says_no_says_it_to_machines_too(error):
    wire = DecidedWire(configured(ELSEWHERE), loads_from("http://i.example"))
    wire.answers = {"files.example": error, "i.example": error}
    result = play(wire, configured(ELSEWHERE))
    assert problems(result) == [("um790-1, configuration create.yaml", "network")]
    assert "provision_before_rehearsal" in result["problems"][0]["remedy"]
    assert "hidden" not in str(result)
    wire = DecidedWire(loads_from("http://i.example"))
    wire.answers = {"i.example": error}
    result = play(wire)
    assert problems(result) == [("um790-1, kernel vmlinuz", "network"), ("um790-1, initrd initrd.img", "network")]
    assert result["unseen"] == []


@pytest.mark.parametrize("error", [SILENT[1], ANSWERED[0]], ids=str)
def test_bootd_s_own_files_have_to_be_there(error):
    wire = DecidedWire(hardware(1))
    wire.image = lambda *_unused: (_ for _ in ()).throw(error)
    assert problems(play(wire)) == [("um790-1, kernel vmlinuz", "node"), ("um790-1, initrd initrd.img", "node")]


def test_what_an_argument_of_one_s_own_names_need_not_be_a_file():
    document = hardware(1)
    repository = "inst.repo=http://files.example/9/BaseOS/"
    document["spec"]["interfaces"][0]["netboot"]["osie"]["kernelParams"] = [repository]
    wire = DecidedWire(document)
    wire.answers = {"files.example": ANSWERED[1]}
    result = play(wire)
    assert (result["problems"], result["unseen"]) == ([], [])
    assert "403 forbidden" in str(result["machines"]["um790-1"]["steps"])


@pytest.mark.parametrize(("error", "verdict"), [(SILENT[0], "boots"), (ANSWERED[0], "fails")], ids=str)
def test_script_of_one_s_own_on_another_server(error, verdict):
    wire = DecidedWire(hardware(1, netboot={"ipxe": {"url": "http://files.example/own.ipxe"}}))
    wire.answers = {"files.example": error}
    result = play(wire)
    assert result["machines"]["um790-1"]["verdict"] == verdict
    assert problems(result) == ([("um790-1, HTTP own.ipxe", "inventory")] if verdict == "fails" else [])


def test_server_that_nobody_reaches_is_waited_for_once(monkeypatch):
    asked = []

    def image(_wire, url):
        asked.append(url)
        raise HttpProblem("timed out") if "silent" in url else HttpProblem("404", 404)

    monkeypatch.setattr(Wire, "_image", image)
    wire = Wire("eth0", 1.0)
    for url in ("http://silent.example/a", "http://silent.example/b", "http://i.example/a", "http://i.example/b"):
        with pytest.raises(HttpProblem, match="timed out" if "silent" in url else "404"):
            wire.image(url)
    assert asked == ["http://silent.example/a", "http://i.example/a", "http://i.example/b"]
