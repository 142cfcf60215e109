# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd check: files in, lines for people out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.commands.check import check_objects, check_paths
from _bootd.daemon import main
from _bootd.hardware.line_numbers import lines_of
from samples import howto
from samples.documents import OBJECT, YAML_LIKE
from samples.manifests import manifest


def test_check_walk_through_object_passes(tmp_path):
    (tmp_path / "um790-1.yaml").write_text(howto.HARDWARE)
    report = check_paths([str(tmp_path)])
    assert (report.problems, report.notes, report.objects, report.files) == ((), (), 1, 1)
    assert report.text() == "0 problems and 0 notes in 1 object of 1 file"


def test_check_says_the_line_of_each_field(tmp_path):
    path = tmp_path / "m.yaml"
    wrong = manifest(2, mac="58:47:CA:71:D8:02").replace("    allowPXE: true", "    allowPxe: true")
    text = f"# two machines\n{manifest(1)}---\n{wrong}"
    path.write_text(text)
    report = check_paths([str(path)])
    lines = text.splitlines()
    (mac, allow), (note,) = report.problems, report.notes
    assert lines[mac.line - 1].strip() == "mac: 58:47:CA:71:D8:02"
    assert str(mac).startswith(f"{path}:{mac.line}: tink-system/um790-2 spec.interfaces[0].dhcp.mac: ")
    assert lines[allow.line - 1].strip() == "netboot:"
    assert lines[note.line - 1].strip() == "allowPxe: true"
    assert report.text().endswith("2 problems and 1 note in 2 objects of 1 file")


def test_check_of_a_cluster_names_the_object_and_its_field():
    object_ = {**OBJECT, "metadata": {**OBJECT["metadata"], "uid": "1", "resourceVersion": "7", "managedFields": []}}
    report = check_objects([object_, {**object_, "spec": {"interfaces": [{"dhcp": {"mac": "58-47"}}]}}])
    named = "/".join((OBJECT["metadata"]["namespace"], OBJECT["metadata"]["name"]))
    assert any(
        str(problem).startswith(f'{named} spec.interfaces[0].dhcp.mac: "58-47": ') for problem in report.problems
    )
    assert report.text().endswith(" in 2 objects of the cluster")
    assert check_objects([object_]).problems == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (json.dumps([OBJECT, {**OBJECT, "spec": {"interfaces": []}}], indent=1), "interfaces"),
        ("kind: List\nitems:\n- " + howto.HARDWARE.replace("\n", "\n  ").replace("86400", "-5"), "lease_time: -5"),
    ],
)
def test_check_says_the_line_within_a_list(tmp_path, text, line):
    (tmp_path / "list.yaml").write_text(text)
    report = check_paths([str(tmp_path)])
    assert any(line in text.splitlines()[problem.line - 1] for problem in report.problems)


def test_check_clash_between_files_names_both(tmp_path):
    (tmp_path / "a.yaml").write_text(manifest(1))
    (tmp_path / "b.json").write_text(json.dumps(OBJECT).replace("58:47:ca:71:d8:49", "52:54:00:00:00:01"))
    (problem, *_more) = [item for item in check_paths([str(tmp_path)]).problems if item.path.endswith("mac")]
    assert problem.file.endswith("b.json") and "a.yaml" in problem.message


def test_check_takes_files_and_directories_and_each_file_once(tmp_path):
    (tmp_path / "a.yaml").write_text(manifest(1))
    (tmp_path / "b.txt").write_text(manifest(2))
    report = check_paths([str(tmp_path), str(tmp_path / "a.yaml"), str(tmp_path / "b.txt")])
    assert (report.files, report.objects, report.problems) == (2, 2, ())


@pytest.mark.parametrize("content", [b"\x00\xff", b"[" * 100_000, b"a: &a [*a]", b"\t", b"{", b"a: 1\na: 2", b"- - -"])
def test_check_unusable_file_is_a_problem_and_no_traceback(tmp_path, content):
    (tmp_path / "bad.yaml").write_bytes(content)
    (tmp_path / "good.yaml").write_text(manifest(1))
    report = check_paths([str(tmp_path)])
    assert report.problems or content == b"\t"
    assert all(problem.file.endswith("bad.yaml") for problem in report.problems)


def test_check_path_that_is_not_there(tmp_path):
    (problem,) = check_paths([str(tmp_path / "nowhere")]).problems
    assert "No such file" in problem.message


def test_check_directory_without_manifests_is_a_note(tmp_path):
    report = check_paths([str(tmp_path)])
    assert report.problems == () and "no manifests" in report.notes[0].message


@pytest.mark.parametrize(("good", "status"), [(True, 0), (False, 1)])
def test_main_check_exit_status(tmp_path, capsys, good, status):
    (tmp_path / "a.yaml").write_text(manifest(1) if good else manifest(1).replace("lease_time: 86400", "lease_time: 0"))
    assert main(["check", str(tmp_path)]) == status
    assert ("lease_time" in capsys.readouterr().out) is not good


@given(YAML_LIKE | st.text(max_size=50))
def test_lines_of_any_text_never_raises(text):
    assert all(0 <= line <= text.count("\n") + text.count("\r") + 2 for line in lines_of(text).values())


def test_check_command_as_json(tmp_path, capsys):
    text = howto.HARDWARE.replace("lease_time: 86400", "lease_time: -5").replace("allowWorkflow", "allowWorkFlow")
    path = tmp_path / "um790-1.yaml"
    path.write_text(text, encoding="utf-8")
    assert main(["check", "--json", str(path)]) == 1
    document = json.loads(capsys.readouterr().out)
    problem, note = document["problems"]
    assert (document["objects"], document["files"]) == (1, 1)
    assert problem == {
        "severity": "error",
        "file": str(path),
        "line": text.splitlines().index("        lease_time: -5") + 1,
        "object": "tink-system/um790-1",
        "field": "spec.interfaces[0].dhcp.lease_time",
        "value": "-5",
        "problem": check_paths([str(path)]).problems[0].message,
    }
    assert note["severity"] == "note"
    path.write_text(howto.HARDWARE, encoding="utf-8")
    assert main(["check", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": [], "objects": 1, "files": 1}


def test_check_command_is_about_the_daemons_manifests_where_none_are_named(tmp_path, capsys, monkeypatch):
    (tmp_path / "a.yaml").write_text(howto.HARDWARE, encoding="utf-8")
    monkeypatch.setenv("BOOTD_STORE", f"files:{tmp_path}")
    assert main(["check", "--settings", ""]) == 0
    assert "in 1 object of 1 file" in capsys.readouterr().out
    monkeypatch.setenv("BOOTD_STORE", "kubernetes:tink-system")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert main(["check", "--settings", ""]) == 2
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_check_tells_the_boot_programs_and_the_machines_that_lack_one(tmp_path, capsys):
    boot = tmp_path / "boot"
    boot.mkdir()
    (boot / "undionly.kpxe").write_bytes(b"x")
    (tmp_path / "um790-1.yaml").write_text(howto.HARDWARE)
    argv = ["check", "--boot-files", str(boot), "--settings", "/dev/null"]
    assert main([*argv, str(tmp_path / "um790-1.yaml")]) == 1
    problem, programs, count = capsys.readouterr().out.splitlines()
    assert problem.startswith(f"{boot}: snponly.efi is missing for x64 UEFI, the firmware of um790-1;")
    there, missing = programs.removeprefix("boot programs: ").split("; missing: ")
    assert there == "undionly.kpxe for x86 BIOS"
    assert missing == "snponly.efi for x64 UEFI; ipxe-arm64.efi for ARM 64-bit UEFI"
    assert count.startswith("1 problem ")

    (boot / "own.efi").write_bytes(b"x")
    assert main([*argv, "--arch-map", "7=own.efi", "--json", str(tmp_path / "um790-1.yaml")]) == 0
    programs = json.loads(capsys.readouterr().out)["boot_programs"]
    assert {"file": "own.efi", "architectures": [7], "there": True} in programs

    assert main(argv) == 0
    assert capsys.readouterr().out.startswith("boot programs: undionly.kpxe for x86 BIOS; missing: ")
    assert main([*argv, "--arch-map", "x"]) == 2
    assert "--arch-map: 'x' is not ARCHITECTURE=FILE" in capsys.readouterr().err
