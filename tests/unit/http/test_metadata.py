# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Hegel answered, answered the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.hardware.model import Netboot
from _bootd.http import ec2
from servers.http_site import KEY, MAC, STRANGER, machine, make_site

METADATA = {
    "facility": {"facility_code": "onprem", "plan_slug": "c2.medium.x86"},
    "instance": {
        "id": "i-1",
        "hostname": "harvester-1",
        "iqn": "iqn.2026-11.example:1",
        "tags": ["a", "b", 3],
        "ssh_keys": ["ssh-ed25519 A", "ssh-rsa B"],
        "crypted_root_password": "$6$secret",
        "userdata": "harvester.token=secret",
        "ips": [
            {"address": "192.0.2.7", "family": 4, "public": True},
            {"address": "10.10.0.99", "family": 4, "public": False},
            {"address": "2001:db8::7", "family": 6},
            "nonsense",
        ],
        "operating_system": {
            "slug": "harvester_1_2",
            "distro": "harvester",
            "version": "v1.2.0",
            "image_tag": "tag",
            "license_activation": {"state": "activated"},
        },
        "storage": {"disks": [{"device": "/dev/nvme0n1", "wipe_table": True}]},
    },
}

LEAVES = """
    facility hostname instance-id iqn local-hostname local-ipv4 operating-system/ plan public-ipv4 public-ipv6
    public-keys tags
    """.split()


@pytest.fixture
def site(tmp_path):
    """Return a site with one machine that has all metadata there is."""
    return make_site(tmp_path, machine(metadata=METADATA))


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        ("", "meta-data/ user-data"),
        ("/", "meta-data/ user-data"),
        ("/meta-data", " ".join(LEAVES)),
        ("/meta-data/", " ".join(LEAVES)),
        ("/meta-data/operating-system", "distro image_tag license_activation/ slug version"),
        ("/meta-data/operating-system/license_activation/", "state"),
    ],
)
def test_directory(site, path, listed):
    answer = site.get(f"/2009-04-04{path}")
    assert (answer.status, answer.text.split("\n")) == (200, listed.split())


@pytest.mark.parametrize(
    ("leaf", "value"),
    [
        ("instance-id", "i-1"),
        ("hostname", "harvester-1"),
        ("local-hostname", "harvester-1"),
        ("iqn", "iqn.2026-11.example:1"),
        ("plan", "c2.medium.x86"),
        ("facility", "onprem"),
        ("tags", "a\nb"),
        ("public-keys", "ssh-ed25519 A\nssh-rsa B"),
        ("public-ipv4", "192.0.2.7"),
        ("local-ipv4", "10.10.0.99"),
        ("public-ipv6", "2001:db8::7"),
        ("operating-system/slug", "harvester_1_2"),
        ("operating-system/distro", "harvester"),
        ("operating-system/version", "v1.2.0"),
        ("operating-system/image_tag", "tag"),
        ("operating-system/license_activation/state", "activated"),
        ("operating-system/slug/", "harvester_1_2"),
    ],
)
def test_leaf(site, leaf, value):
    answer = site.get(f"/2009-04-04/meta-data/{leaf}")
    assert (answer.status, answer.text) == (200, value)


def test_leaves_of_an_object_that_says_little(tmp_path):
    site = make_site(tmp_path, machine(metadata={"instance": "nonsense", "facility": None}))
    shown = {leaf: site.get(f"/2009-04-04/meta-data/{leaf}").text for leaf in ("instance-id", "hostname", "local-ipv4")}
    assert shown == {"instance-id": "um790-1", "hostname": "um790-1", "local-ipv4": "10.10.0.16"}
    for leaf in ec2.LEAVES - {"user-data"}:
        assert site.get(f"/2009-04-04/{leaf}").status == 200


@pytest.mark.parametrize("path", ["meta-data/nonsense", "meta-data/host", "nonsense", "user-data/x", "../metadata"])
def test_missing(site, path):
    assert site.get(f"/2009-04-04/{path}").status == 404


@pytest.mark.parametrize("path", ["2009-04-04/user-data", "2009-04-04/meta-data/hostname", "metadata"])
def test_stranger_is_told_nothing(site, path):
    answer = site.get(f"/{path}", STRANGER, x_forwarded_for="10.10.0.16")
    assert answer.status == 404
    assert STRANGER in answer.text


def test_user_data(site):
    answer = site.get("/2009-04-04/user-data")
    assert (answer.status, answer.text, answer.headers["cache-control"]) == (200, "token: x\n", "no-store")


def test_user_data_are_not_for_an_address_that_was_merely_heard_to_be_the_machines(tmp_path):
    site = make_site(tmp_path, machine(address=""), dhcp_mode="proxy")
    site.services.heard.note(MAC, STRANGER, site.services.clock())
    assert site.get("/2009-04-04/meta-data/hostname", STRANGER).status == 200
    answer = site.get("/2009-04-04/user-data", STRANGER)
    assert (answer.status, "token" in answer.text) == (404, False)


def test_user_data_empty(site):
    site.catalog.upsert(replace(machine(), user_data=None))
    assert site.get("/2009-04-04/user-data").status == 404


@pytest.mark.parametrize("netboot", [Netboot(allow_pxe=False), Netboot(), Netboot(allow_pxe=True, switched_off=True)])
def test_user_data_is_for_an_installation_only(site, netboot):
    site.catalog.upsert(machine(netboot=netboot))
    answer = site.get("/2009-04-04/user-data")
    assert (answer.status, "token" in answer.text) == (403, False)
    assert answer.json["reason"].startswith("netboot is off for um790-1")
    assert site.get("/2009-04-04/meta-data/hostname").status == 200


def test_metadata_is_the_disk_layout_and_no_secret(site):
    answer = site.get("/metadata")
    layout = {"disks": [{"device": "/dev/nvme0n1", "wipe_table": True}]}
    assert (answer.status, answer.json) == (200, {"metadata": {"instance": {"storage": layout}}})


def test_metadata_without_layout(tmp_path):
    site = make_site(tmp_path, machine())
    assert site.get("/metadata").json == {"metadata": {"instance": {"storage": {}}}}


def test_user_data_is_not_logged(site):
    site.get("/2009-04-04/user-data")
    (line,) = site.lines()
    assert (line["mac"], line["uri"]) == (MAC, "/2009-04-04/user-data")
    assert "token" not in str(line) + str(site.events(KEY))
