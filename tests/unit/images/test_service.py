# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx as a service: which files are written, and what systemd is told, in which order."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._images.service import (
    Service,
    ServiceError,
    absent,
    present,
)

UNIT, CONF = "/etc/systemd/system/image-server.service", "/etc/image-server/nginx.conf"


class Systemd:
    """Does what systemctl would, as far as it is asked to."""

    def __init__(self) -> None:
        self.enabled = self.active = False
        self.refuses = ""
        self.calls: list[str] = []

    def __call__(self, argv):
        word = argv[1]
        if word == "is-enabled":
            return (0, "enabled\n", "") if self.enabled else (1, "disabled\n", "")
        if word == "is-active":
            return (0, "active\n", "") if self.active else (3, "inactive\n", "")
        self.calls.append(" ".join(argv[1:]))
        if word == self.refuses:
            return 1, "", "Unit is masked.\n"
        self.enabled = {"enable": True, "disable": False}.get(word, self.enabled)
        self.active = {"restart": True, "disable": False}.get(word, self.active)
        return 0, "", ""


@pytest.fixture
def systemd():
    return Systemd()


@pytest.fixture
def service(tmp_path):
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/nginx").write_text("")
    return Service("image-server", root=tmp_path)


def run(service, systemd, *, port=7081, images="/srv/images", check=False):
    return present(service, service.files(images, "0.0.0.0", port), systemd, check=check)


def test_present_makes_a_service_once(service, systemd):
    foreseen = run(service, systemd, check=True)
    assert list(service.root.iterdir()) == [service.root / "usr"]
    assert systemd.calls == []
    done = run(service, systemd)
    assert done == foreseen
    assert [(item["path"], item["action"]) for item in done["files"]] == [(CONF, "created"), (UNIT, "created")]
    assert systemd.calls == ["daemon-reload", "enable image-server.service", "restart image-server.service"]
    text = (service.root / UNIT[1:]).read_text()
    assert f"ExecStart=/usr/sbin/nginx -e stderr -c {CONF}\n" in text
    assert "tag=image_server;" in (service.root / CONF[1:]).read_text()
    systemd.calls.clear()
    again = run(service, systemd)
    assert (again["changed"], again["diff"], systemd.calls) == (False, [], [])


def test_present_goes_on_with_downloads_where_only_the_configuration_changes(service, systemd):
    run(service, systemd)
    systemd.calls.clear()
    done = run(service, systemd, port=8081)
    assert systemd.calls == ["reload image-server.service"]
    assert "listen 0.0.0.0:8081;" in done["diff"][0]["after"]


def test_present_restarts_where_the_unit_changes(service, systemd):
    run(service, systemd)
    systemd.calls.clear()
    run(service, systemd, port=80)
    assert systemd.calls == ["daemon-reload", "restart image-server.service"]


@pytest.mark.parametrize(
    ("lost", "calls"), [("enabled", ["enable image-server.service"]), ("active", ["restart image-server.service"])]
)
def test_present_brings_back_what_somebody_ended(service, systemd, lost, calls):
    run(service, systemd)
    systemd.calls.clear()
    setattr(systemd, lost, False)
    assert run(service, systemd, check=True)["changed"]
    assert run(service, systemd)["changed"]
    assert systemd.calls == calls


def test_present_without_nginx(service, systemd):
    (service.root / "usr/sbin/nginx").unlink()
    assert run(service, systemd, check=True)["changed"]
    with pytest.raises(ServiceError, match="there is no /usr/sbin/nginx: install nginx"):
        run(service, systemd)
    assert not (service.root / "etc").exists()


def test_present_tells_what_systemd_said(service, systemd):
    systemd.refuses = "restart"
    with pytest.raises(ServiceError, match=r"systemctl restart image-server\.service: Unit is masked\."):
        run(service, systemd)


def test_absent_leaves_nothing(service, systemd):
    run(service, systemd)
    systemd.calls.clear()
    foreseen = absent(service, systemd, check=True)
    done = absent(service, systemd, check=False)
    assert done == foreseen
    assert {item["action"] for item in done["files"]} == {"removed"}
    assert systemd.calls == ["disable --now image-server.service", "daemon-reload"]
    assert [path for path in service.root.rglob("*") if path.is_file()] == [service.root / "usr/sbin/nginx"]
    assert absent(service, systemd, check=False)["changed"] is False
