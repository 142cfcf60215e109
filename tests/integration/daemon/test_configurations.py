# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody else gets a machine's configuration: tried on a network, with the right URL in hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from integration.daemon.conftest import CLIENT, NODE
from integration.daemon.manifests import manifest
from integration.daemon.running import ROOT, Bootd
from lab.network import Lab

OTHER = "other"
MAC = "58-47-ca-71-d8-49"
CANARY = "canary-5f3a9e"
CONFIG_URL = re.compile(r"harvester\.install\.config_url=http://10\.10\.0\.20:7080(/\S+)")


@pytest.fixture(scope="module")
def hosts(lab: Lab) -> Lab:
    lab.host(OTHER, "10.10.0.17/16")
    return lab


@pytest.fixture
def daemon(hosts: Lab, tmp_path: Path) -> Iterator[Bootd]:
    """bootd at its most talkative, with two machines, of which the first has a configuration."""
    directory = tmp_path / "configurations"
    daemon = Bootd(hosts, NODE, tmp_path, more=("--config-dir", str(directory), "--log-level", "debug"))
    for name, mac, address in (
        ("um790-1", "58:47:ca:71:d8:49", "10.10.0.16"),
        ("um790-2", "58:47:ca:71:d8:50", "10.10.0.17"),
    ):
        (daemon.manifests / f"{name}.yaml").write_text(manifest(name, mac, address), encoding="utf-8")
    directory.mkdir(mode=0o700)
    write(directory / "um790-1.yaml", f"token: {CANARY}\ninstall: {{mode: create}}\n")
    try:
        yield daemon.start()
    finally:
        daemon.stop()


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def everything_told(daemon: Bootd) -> str:
    """Return all that bootd tells anybody but the machine, and all that it keeps."""
    paths = ("/", "/metrics", "/readyz", "/api/v1/machines", "/api/v1/machines/um790-1", "/api/v1/unknown")
    told = [daemon.get(path, OTHER)[1] for path in paths]
    told.append(daemon.get(f"/{MAC}/auto.ipxe", OTHER)[1])
    told.append(daemon.log.read_text(encoding="utf-8"))
    told += [path.read_bytes().decode(errors="replace") for path in daemon.state.glob("states.db*")]
    argv = ["curl", "-sS", "--max-time", "1", "http://10.10.0.20:7080/api/v1/events"]
    told.append(daemon.lab.popen(OTHER, argv, stdout=-1, stderr=-1).communicate()[0].decode())
    told.append(Path(f"/proc/{daemon.process.pid}/cmdline").read_text(encoding="utf-8"))
    told.append(explain(daemon))
    return "\n".join(told)


def explain(daemon: Bootd) -> str:
    argv = [str(ROOT / "bin/bootd"), "explain", MAC, "--store", f"files:{daemon.manifests}", "--address", "10.10.0.20"]
    return daemon.lab.run(NODE, [*argv, "--config-dir", str(daemon.directory / "configurations")]).stdout


def test_configuration_reaches_its_machine_and_nobody_else(daemon):
    script = daemon.get(f"/{MAC}/auto.ipxe", CLIENT)[1]
    url = CONFIG_URL.search(script)[1]
    token = url.rpartition("/")[2]
    assert len(token) == 43
    refused = daemon.get(f"/configuration/{MAC}/guess", OTHER)
    assert refused[0] == 404
    for host in (OTHER, NODE):
        assert daemon.get(url, host) == refused
    assert daemon.get(f"/configuration/58-47-ca-71-d8-50/{token}", OTHER) == refused
    assert daemon.get(f"/configuration/58-47-ca-71-d8-50/{token}", CLIENT) == refused
    assert daemon.get(url[:-1], CLIENT) == refused

    status, text = daemon.get(url, CLIENT)
    assert status == 200
    assert CANARY in text
    reports = [urlsplit(hook["url"]).path for hook in yaml.safe_load(text)["install"]["webhooks"]]
    assert [report.rpartition("/")[2] for report in reports] == ["started", "succeeded", "failed"]
    secrets = (CANARY, token, reports[1].split("/")[3])
    told = everything_told(daemon)
    assert [word for word in secrets if word in told] == []

    argv = ["curl", "-sS", "-X", "POST", "-o", "/dev/null", "-w", "%{http_code}"]
    assert daemon.lab.run(CLIENT, [*argv, f"http://10.10.0.20:7080{reports[1]}"]).stdout == "200"
    assert daemon.get(url, CLIENT) == refused
    told = everything_told(daemon)
    assert [word for word in secrets if word in told] == []


def test_file_that_others_can_read_is_not_delivered_until_it_is_put_right(daemon):
    path = daemon.directory / "configurations/um790-1.yaml"
    path.chmod(0o640)
    assert CONFIG_URL.search(daemon.get("/auto.ipxe", CLIENT)[1]) is None
    line = daemon.line("configuration_refused")
    assert line["path"] == str(path)
    assert line["reason"] == "its permissions are 0640, so others may have read it; make them 0600"
    path.chmod(0o600)
    assert CONFIG_URL.search(daemon.get("/auto.ipxe", CLIENT)[1])


def test_configuration_that_is_changed_meanwhile_is_delivered_as_it_is_now(daemon):
    url = CONFIG_URL.search(daemon.get("/auto.ipxe", CLIENT)[1])[1]
    write(daemon.directory / "configurations/um790-1.yaml", "token: second\n")
    assert yaml.safe_load(daemon.get(url, CLIENT)[1])["token"] == "second"


def test_url_outlives_a_restart_of_bootd(daemon):
    url = CONFIG_URL.search(daemon.get("/auto.ipxe", CLIENT)[1])[1]
    daemon.stop()
    daemon.start()
    assert daemon.get(url, CLIENT)[0] == 200
    assert daemon.get(url, OTHER)[0] == 404


def test_explain_shows_the_url_without_what_opens_it(daemon):
    url = f"harvester.install.config_url=http://10.10.0.20:7080/configuration/{MAC}/..."
    assert url in explain(daemon).split()
    (daemon.directory / "configurations/um790-1.yaml").unlink()
    assert "config_url" not in explain(daemon)
