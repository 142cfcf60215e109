# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not lose anything: kill -9 while states are written, a full disk, manifests that vanish."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time

import pytest

from integration.daemon.manifests import manifest
from integration.daemon.running import ADDRESS, ROOT, Bootd
from samples.state_rows import put_row

MAC = "58-47-ca-71-d8-49"
KILLS = 8


def report_url(bootd: Bootd) -> str:
    argv = [str(ROOT / "bin/bootd"), "report-url", "--store", f"files:{bootd.manifests}", "um790-1"]
    argv += ["--state-dir", str(bootd.state), "--address", ADDRESS]
    return json.loads(bootd.lab.run(bootd.host, argv).stdout)["um790-1"]


def machine(bootd: Bootd) -> dict:
    status, body = bootd.get("/api/v1/machines/um790-1")
    assert status == 200
    return json.loads(body)


def post(bootd: Bootd, url: str) -> int:
    argv = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", url]
    return int(bootd.lab.run(bootd.host, argv).stdout)


def wait_for(what, seconds: float = 5.0):
    """Return the first true result of ``what()``."""
    end = time.monotonic() + seconds
    while not (result := what()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return result


def test_daemon_killed_during_reports_loses_no_acknowledged_one(bootd):
    chance = random.Random(20261122)
    for number in range(KILLS):
        text = manifest(f"node-{number}", f"52:54:00:00:01:{number:02x}", f"10.10.1.{number + 1}")
        (bootd.manifests / f"node-{number}.yaml").write_text(text, encoding="utf-8")
    argv = [str(ROOT / "bin/bootd"), "report-url", "--store", f"files:{bootd.manifests}", "--address", ADDRESS]
    urls = json.loads(bootd.lab.run(bootd.host, [*argv, "--state-dir", str(bootd.state)]).stdout)
    acknowledged: set[str] = set()
    for number in range(KILLS):
        bootd.start()
        curl = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST"]
        waiting = {
            name: bootd.lab.popen(
                bootd.host, [*curl, f"{urls[name]}/succeeded"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            for name in (f"node-{number}", "um790-1")
        }
        time.sleep(chance.uniform(0, 0.06))
        bootd.kill()
        acknowledged |= {name for name, call in waiting.items() if call.communicate()[0] == b"200"}
    bootd.start()
    states = {item["name"]: item["stage"] for item in json.loads(bootd.get("/api/v1/machines")[1])["machines"]}
    assert acknowledged, "no report was ever acknowledged: the kills came too early to show anything"
    assert {name for name in acknowledged if states[name] != "installed"} == set()
    assert bootd.get("/readyz")[0] == 200


def test_daemon_full_disk_keeps_answering_and_writes_when_there_is_room(lab, bootd):
    bootd.state.mkdir()
    lab.run("node", ["mount", "-t", "tmpfs", "-o", "size=256k,nr_inodes=64", "tmpfs", str(bootd.state)])
    try:
        bootd.start()
        url = report_url(bootd)
        ballast = bootd.state / "ballast"
        with pytest.raises(OSError, match="No space left"):
            ballast.write_bytes(bytes(1024 * 1024))
        assert post(bootd, f"{url}/started") == 503
        assert post(bootd, f"{url}/succeeded") == 503
        assert bootd.get("/58-47-ca-71-d8-49/auto.ipxe")[0] == 200
        assert machine(bootd)["stage"] == "installed"
        assert str(bootd.state) in bootd.line("state_not_kept")["reason"]
        ballast.unlink()
        assert post(bootd, f"{url}/succeeded") == 200
        bootd.kill()
        bootd.start()
        assert machine(bootd)["stage"] == "installed"
        assert machine(bootd)["netboot"] is False
        bootd.stop()
    finally:
        bootd.stop()
        lab.run("node", ["umount", str(bootd.state)])


def test_daemon_whose_states_can_not_be_read_installs_nothing_again_and_says_so(bootd):
    bootd.start()
    assert post(bootd, f"{report_url(bootd)}/succeeded") == 200
    bootd.stop()
    (bootd.state / "states.db").write_bytes(b"?" * 5000)
    bootd.start()
    assert machine(bootd)["netboot"] is False
    assert "kernel" not in bootd.get(f"/{MAC}/auto.ipxe")[1]
    assert f"{bootd.state}/states.db.broken" in bootd.get("/readyz")[1]
    assert "netboot stays off for every machine" in bootd.line("store_problem")["reason"]
    bootd.stop()
    (bootd.state / "states.db.broken").unlink()
    bootd.start()
    assert machine(bootd)["netboot"] is True


def test_daemon_with_a_number_too_large_in_a_state_serves_all_others(bootd):
    text = manifest("node-1", "52:54:00:00:01:01", "10.10.1.1")
    (bootd.manifests / "node-1.yaml").write_text(text, encoding="utf-8")
    bootd.start()
    assert post(bootd, f"{report_url(bootd)}/started") == 200
    bootd.stop()
    put_row(bootd.state, "tink-system/um790-1", f'{{"version":1,"stage":"installed","since":{10**400}}}')
    bootd.start()
    assert machine(bootd)["netboot"] is False
    assert "um790-1.json.broken" in bootd.get("/readyz")[1]
    assert json.loads(bootd.get("/api/v1/machines/node-1")[1])["netboot"] is True


def test_daemon_takes_over_the_state_files_of_an_earlier_bootd(bootd):
    file = bootd.state / "machines/tink-system/um790-1.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"version":1,"stage":"installed","installs":1,"switchedOff":{"58:47:ca:71:d8:49":""}}')
    for _unused in range(2):
        bootd.start()
        assert (machine(bootd)["stage"], machine(bootd)["netboot"]) == ("installed", False)
        assert not file.exists()
        bootd.kill()


def test_daemon_vanished_manifests_are_served_on_and_named(bootd, tmp_path):
    bootd.start()
    away = tmp_path / "away"
    shutil.move(bootd.manifests, away)
    wait_for(lambda: bootd.lines("store_problem"))
    assert machine(bootd)["name"] == "um790-1"
    assert str(bootd.manifests) in bootd.get("/readyz")[1]
    shutil.move(away, bootd.manifests)
    wait_for(lambda: bootd.lines("store_problem_gone"), seconds=40)
    assert machine(bootd)["name"] == "um790-1"


def test_daemon_second_one_on_a_state_directory_is_refused(bootd, lab, tmp_path):
    bootd.start()
    second = Bootd(lab, "client", tmp_path)
    with pytest.raises(AssertionError, match="not ready"):
        second.start()
    said = second.log.read_text(encoding="utf-8")
    assert str(bootd.process.pid) in said
    assert str(bootd.state) in said


def test_daemon_broken_manifest_stays_in_service_and_shows(bootd):
    bootd.start()
    path = bootd.manifests / "um790-1.yaml"
    good = path.read_text(encoding="utf-8")
    path.write_text("spec: [unclosed", encoding="utf-8")
    wait_for(lambda: bootd.lines("store_problem"))
    assert machine(bootd)["ip"] == "10.10.0.16"
    assert "um790-1.yaml" in bootd.get("/readyz")[1]
    assert "bootd_store_problems 1.0" in bootd.get("/metrics")[1]
    path.write_text(good, encoding="utf-8")
    wait_for(lambda: bootd.lines("store_problem_gone"))
    assert "bootd_store_problems 0.0" in bootd.get("/metrics")[1]
