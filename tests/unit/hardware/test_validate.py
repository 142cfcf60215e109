# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation: each thing that can be wrong with an object is told, by field and with what would be right."""

from __future__ import annotations

import copy

import pytest
import yaml

from _bootd.hardware.manifest import Document
from _bootd.validation.objects import check_document
from samples.changed import DHCP, GONE, INSTANCE, NETBOOT, NIC, ROUTES, changed, found
from samples.documents import OBJECT


@pytest.mark.parametrize("notes", [False, True])
def test_walk_through_object_has_nothing_to_tell(notes):
    assert found(OBJECT, notes=notes) == {}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (f"{DHCP}.mac", "58:47:CA:71:D8:49", "58:47:ca:71:d8:49"),
        (f"{DHCP}.mac", "58-47-ca-71-d8-49", "58:47:ca:71:d8:49"),
        (f"{DHCP}.mac", "5847ca71d849", "58:47:ca:71:d8:49"),
        (f"{DHCP}.mac", "xx58:47:ca:71:d8:49yy", "58:47:ca:71:d8:49"),
        (f"{DHCP}.mac", " 58:47:ca:71:d8:49", "58:47:ca:71:d8:49"),
        (f"{DHCP}.mac", "58:47:ca:71:d8:49\n", "six bytes"),
        (f"{DHCP}.mac", "58:47:ca:71:d8", "six bytes"),
        (f"{DHCP}.mac", "\uff15\uff18:47:ca:71:d8:49", "six bytes"),
        (f"{DHCP}.mac", "01:00:5e:00:00:01", "multicast"),
        (f"{DHCP}.mac", "00:00:00:00:00:00", "no card"),
        (f"{DHCP}.mac", 584771, "quotes"),
        (f"{DHCP}.mac", "", "missing"),
        (f"{DHCP}.mac", GONE, "missing"),
        (f"{DHCP}.mac", None, "missing"),
        (DHCP, GONE, "missing"),
        (DHCP, "x", "mapping"),
        (f"{DHCP}.ip", GONE, "missing"),
        (f"{DHCP}.ip.address", GONE, "missing"),
        (f"{DHCP}.ip.address", "fe80::1", "IPv6 is not served"),
        (f"{DHCP}.ip.address", "10.10.0.16/24", "10.10.0.16, with netmask 255.255.255.0"),
        (f"{DHCP}.ip.address", "10.10.0.016", "without leading zeros"),
        (f"{DHCP}.ip.address", "10.10.0", "IPv4"),
        (f"{DHCP}.ip.address", "10.10.0.256", "IPv4"),
        (f"{DHCP}.ip.address", "10.10.0.16 ", "without spaces"),
        (f"{DHCP}.ip.address", "0.0.0.0", "unspecified"),
        (f"{DHCP}.ip.address", "127.0.0.1", "loopback"),
        (f"{DHCP}.ip.address", "224.0.0.1", "multicast"),
        (f"{DHCP}.ip.address", "255.255.255.255", "broadcast"),
        (f"{DHCP}.ip.address", "169.254.1.1", "link-local"),
        (f"{DHCP}.ip.address", "240.0.0.1", "reserved"),
        (f"{DHCP}.ip.address", "10.10.0.0", "network address"),
        (f"{DHCP}.ip.address", "10.10.0.255", "broadcast address"),
        (f"{DHCP}.ip.address", 10.10, "quotes"),
        (f"{DHCP}.ip.family", 6, "IPv6"),
        (f"{DHCP}.ip.family", 5, "4"),
        (f"{DHCP}.ip.netmask", GONE, "missing"),
        (f"{DHCP}.ip.netmask", "255.255.0.255", "ones"),
        (f"{DHCP}.ip.netmask", "0.0.0.0", "no network"),
        (f"{DHCP}.ip.netmask", "24", "255.255.255.0"),
        (f"{DHCP}.ip.netmask", "/24", "255.255.255.0"),
        (f"{DHCP}.ip.netmask", "ffffff00", "netmask"),
        (f"{DHCP}.ip.gateway", "10.11.0.1", "outside the machine's subnet 10.10.0.0/24"),
        (f"{DHCP}.ip.gateway", "10.10.0.16", "own address"),
        (f"{DHCP}.ip.gateway", "10.10.0.255", "broadcast address"),
        (f"{DHCP}.ip.gateway", "2001:db8::1", "IPv6"),
        (f"{DHCP}.name_servers[0]", "dns.example", "not names"),
        (f"{DHCP}.name_servers[0]", "2001:db8::53", "IPv6"),
        (f"{DHCP}.name_servers[0]", None, "empty entry"),
        (f"{DHCP}.name_servers", "10.10.0.1", "list"),
        (f"{DHCP}.time_servers", ["0.0.0.0"], "no server"),
        (f"{DHCP}.hostname", "um_790", "host name"),
        (f"{DHCP}.hostname", "-um790", "host name"),
        (f"{DHCP}.hostname", "a" * 64, "host name"),
        (f"{DHCP}.hostname", "um790 1", "host name"),
        (f"{DHCP}.domain_name", "exa mple", "host name"),
        (f"{DHCP}.lease_time", 0, "86400"),
        (f"{DHCP}.lease_time", -1, "seconds"),
        (f"{DHCP}.lease_time", 2**32, "seconds"),
        (f"{DHCP}.lease_time", "86400", "without quotes"),
        (f"{DHCP}.lease_time", True, "whole number"),
        (f"{DHCP}.vlan_id", "4096", "4094"),
        (f"{DHCP}.vlan_id", "007", "VLAN"),
        (f"{DHCP}.vlan_id", "10,20", "one VLAN"),
        (f"{DHCP}.vlan_id", 10, "quotes"),
        (f"{DHCP}.uefi", "yes", "without quotes"),
        (
            ROUTES,
            [{"destination_descriptor": "10.0.0.0/33", "router": "10.10.0.1"}],
            "network",
        ),
        (
            ROUTES,
            [{"destination_descriptor": "10.0.0.1/8", "router": "10.10.0.1"}],
            "10.0.0.0/8",
        ),
        (ROUTES, [{"destination_descriptor": "10.0.0.0/8", "router": "x"}], "IPv4"),
        (ROUTES, [{"router": "10.10.0.1"}], "missing"),
        (NETBOOT, GONE, "never boots"),
        (NETBOOT, "true", "mapping"),
        (f"{NETBOOT}.allowPXE", GONE, "missing"),
        (f"{NETBOOT}.allowPXE", None, "missing"),
        (f"{NETBOOT}.allowPXE", "true", "without quotes"),
        (f"{NETBOOT}.osie.baseURL", "10.10.0.2/harvester", "http://10.10.0.2/harvester"),
        (f"{NETBOOT}.osie.baseURL", "http://10.10.0.2/harvester ", "spaces around"),
        (f"{NETBOOT}.osie.baseURL", "ftp://10.10.0.2/harvester", "http://"),
        (f"{NETBOOT}.osie.baseURL", "http:///harvester", "host"),
        (f"{NETBOOT}.osie.baseURL", "http://h:99999/x", "URL"),
        (f"{NETBOOT}.osie.baseURL", "http://h:0/x", "port 0"),
        (f"{NETBOOT}.osie.baseURL", "http://[::1/x", "URL"),
        (f"{NETBOOT}.osie.baseURL", "http://h/x?y", "query"),
        (f"{NETBOOT}.osie.baseURL", "http://h/a b", "percent-encoded"),
        (f"{NETBOOT}.osie.kernelParams", ["quiet\nreboot"], "line break at character 6"),
        (f"{NETBOOT}.osie.kernelParams", ["quiet\x1b[2J"], "control character at character 6"),
        (f"{NETBOOT}.ipxe", {"url": "file:///x"}, "http://"),
        (f"{NETBOOT}.ipxe", {"contents": "echo hello"}, "#!ipxe"),
        (f"{NETBOOT}.ipxe", {"contents": "\n#!ipxe\n"}, "#!ipxe"),
        (f"{NETBOOT}.ipxe", {"binary": "../x.efi"}, "name of a boot file"),
        (f"{NETBOOT}.rpi", {"configTxt": "x"}, "missing"),
        (f"{INSTANCE}.userdata", "a\nb", "line break at character 2"),
        (f"{INSTANCE}.operating_system.version", GONE, "v1.2.0"),
        (f"{INSTANCE}.operating_system.version", 1.2, "quotes"),
        (f"{INSTANCE}.operating_system.version", "../v1", "URL"),
        (f"{INSTANCE}.operating_system.distro", "Harvester", "harvester"),
        (f"{INSTANCE}.operating_system.distro", GONE, "harvester"),
        (f"{INSTANCE}.ipxe_script_url", "x", "http://"),
        (f"{DHCP}.arch", "riscv64", "x86_64 or aarch64"),
        (f"{DHCP}.arch", "aarch64", "Harvester v1.2.0 has no release for arm64"),
        ("spec.disks", [{}], "/dev/nvme0n1"),
        ("spec.disks", [{"device": "nvme0n1"}], "/dev/nvme0n1"),
        ("spec.disks", ["/dev/sda"], "mapping"),
        ("spec.interfaces", [], "missing"),
        ("spec.interfaces", GONE, "missing"),
        ("spec.interfaces", {}, "list"),
        ("spec", GONE, "missing"),
        ("spec", [], "mapping"),
        ("metadata.name", GONE, "missing"),
        ("metadata.name", "UM790_1", "lower-case"),
        ("metadata.name", "../../etc/passwd", "not served"),
        ("metadata.namespace", "Tink_System", "lower-case"),
        ("metadata.namespace", "..", "not served"),
        ("metadata.labels", {"a": 1}, "quotes"),
        ("apiVersion", "tinkerbell.org/v1alpha2", "tinkerbell.org/v1alpha1 is what bootd reads"),
        ("apiVersion", "v1", "tinkerbell.org/v1alpha1"),
        ("apiVersion", GONE, "missing"),
        ("kind", "hardware", "should be Hardware"),
        ("kind", GONE, "missing"),
    ],
)
def test_check_document_one_wrong_field(path, value, words):
    problems = found(changed((path, value)))
    assert any(told.startswith(path) and words in message for told, message in problems.items()), problems
    assert all(told.startswith((path, NIC, INSTANCE)) for told in problems)


@pytest.mark.parametrize(("version", "refused"), [("v1.7.3", False), ("v1.8.0", True), ("master", True)])
def test_check_document_bios_is_refused_from_harvester_v1_8(version, refused):
    value = changed((f"{DHCP}.uefi", False), (f"{INSTANCE}.operating_system.version", version))
    assert any(told == f"{DHCP}.uefi" and "legacy BIOS" in text for told, text in found(value).items()) is refused
    script = changed(
        (f"{DHCP}.uefi", False),
        (f"{INSTANCE}.operating_system.version", version),
        (f"{NETBOOT}.ipxe", {"url": "http://h/x"}),
    )
    assert found(script) == {}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (f"{NETBOOT}.allowPxe", True, "allowPXE"),
        (f"{NETBOOT}.allow_pxe", True, "allowPXE"),
        (f"{DHCP}.leaseTime", 5, "lease_time"),
        (f"{DHCP}.nameServers", [], "name_servers"),
        (f"{NETBOOT}.osie.baseUrl", "http://x", "baseURL"),
        ("spec.interface", [], "interfaces"),
        ("specs", {}, "spec"),
        (f"{DHCP}.whatever", 1, "unknown field, ignored"),
        (f"{DHCP}.ip.gateway", GONE, "no default route"),
        (f"{NETBOOT}.osie.baseURL", "https://10.10.0.2/harvester", "HTTPS"),
        (f"{NETBOOT}.osie.baseURL", GONE, "releases.rancher.com"),
        (f"{INSTANCE}.operating_system.version", "1.2.0", "v1.2.0"),
        (f"{INSTANCE}.operating_system.version", "master", "taken for v1.9"),
        (f"{INSTANCE}.operating_system.version", "v1.10.1", "taken for v1.9"),
        (f"{INSTANCE}.allow_pxe", False, "netboot.allowPXE"),
        (f"{NETBOOT}.ipxe", {"url": "http://x", "contents": "#!ipxe\n"}, "contents comes first"),
        (f"{DHCP}.lease_time", 10, "short lease"),
        ("kind", "Workflow", "ignored"),
        (f"{INSTANCE}.operating_system.distro", "talos", "unknown (installers are known for debian and harvester;"),
    ],
)
def test_check_document_note(path, value, words):
    value = changed((path, value))
    assert found(value) == {}
    assert any(told.startswith(path) and words in text for told, text in found(value, notes=True).items())


@pytest.mark.parametrize(
    ("distro", "params", "told"),
    [
        ("harvester", [], False),  # has vlan= and ip= on its kernel line
        ("debian", [], True),
        ("ubuntu", [], True),
        ("ubuntu", ["vlan=vlan99:eth0"], False),
    ],
)
@pytest.mark.parametrize("vlan", ["99", "0"])
def test_check_document_vlan_that_nobody_tells_the_installer_of(distro, params, told, vlan):
    osie = {"baseURL": "http://10.10.0.2/images", "kernelParams": params}
    system = (f"{INSTANCE}.operating_system", {"distro": distro, "version": "v1.5.0"})
    notes = found(changed(system, (f"{DHCP}.vlan_id", vlan), (f"{NETBOOT}.osie", osie)), notes=True)
    assert ("the installer needs arguments" in notes.get(f"{DHCP}.vlan_id", "")) is (told and vlan != "0")


@pytest.mark.parametrize(
    "changes",
    [
        [(f"{DHCP}.ip.netmask", "255.255.255.254"), (f"{DHCP}.ip.gateway", "10.10.0.17")],
        [(f"{DHCP}.lease_time", GONE)],
        [(f"{DHCP}.lease_time", 2**32 - 1)],
        [(f"{DHCP}.vlan_id", "0")],
        [(f"{DHCP}.vlan_id", "4094")],
        [(f"{DHCP}.tftp_server_name", "10.10.0.9"), (f"{DHCP}.boot_file_name", "x.img")],
        [(ROUTES, [{"destination_descriptor": "0.0.0.0/0", "router": "10.10.0.1"}])],
        [(f"{NETBOOT}.allowPXE", False)],
        [(f"{NETBOOT}.ipxe", {"contents": "#!ipxe\nexit"})],
        [(f"{NETBOOT}.ipxe", {"url": "tftp://10.10.0.2/x"})],
        [(f"{INSTANCE}.userdata", "quiet\n")],
        [(f"{INSTANCE}.operating_system", {"distro": "ubuntu"}), (f"{INSTANCE}.userdata", "#cloud-config\nx: 1\n")],
        [(f"{NIC}.disableDhcp", True), (NETBOOT, GONE), (f"{DHCP}.ip", GONE)],
        [("spec.userData", "#cloud-config\n"), ("spec.resources", {"cpu": 4}), ("status", {"state": "Ready"})],
        [("metadata.creationTimestamp", "2026-01-01T00:00:00Z"), ("metadata.managedFields", [{"x": 1}])],
        [(f"{DHCP}.hostname", "um790-1.lab.example")],
    ],
)
def test_check_document_unusual_but_right(changes):
    assert found(changed(*changes)) == {}


@pytest.mark.parametrize(
    ("distro", "meant"), [("havester", "harvester"), ("harvestr ", "harvester"), ("debian12", "debian")]
)
def test_check_document_operating_system_that_is_nearly_an_installer_s(distro, meant):
    path = f"{INSTANCE}.operating_system.distro"
    message = f"unknown: should this be {meant}? (installers are known for debian and harvester; any other boots"
    told = found(changed((path, distro)))
    assert list(told) == [path]
    assert told[path].startswith(message)
    own = changed((path, distro), (f"{NETBOOT}.osie.kernel", "vmlinuz"))
    assert found(own) == {}
    assert found(own, notes=True)[path].startswith(message)


def test_check_document_every_problem_at_once():
    value = changed(
        (f"{DHCP}.mac", "58:47:CA:71:D8:49"),
        (f"{DHCP}.ip.gateway", "10.11.0.1"),
        (f"{NETBOOT}.allowPXE", GONE),
        (f"{NETBOOT}.osie.baseURL", "x y"),
        ("spec.disks", [{}]),
    )
    assert set(found(value)) == {
        f"{DHCP}.mac",
        f"{DHCP}.ip.gateway",
        f"{NETBOOT}.allowPXE",
        f"{NETBOOT}.osie.baseURL",
        "spec.disks[0].device",
    }


@pytest.mark.parametrize(
    ("present", "missing"), [("tftp_server_name", "boot_file_name"), ("boot_file_name", "tftp_server_name")]
)
def test_check_document_boot_file_and_its_server_go_together(present, missing):
    assert "goes together" in found(changed((f"{DHCP}.{present}", "x")))[f"{DHCP}.{missing}"]


def test_check_document_nothing_to_boot():
    value = changed((f"{INSTANCE}.operating_system", GONE), (f"{INSTANCE}.userdata", GONE), (f"{NETBOOT}.osie", GONE))
    assert "nothing says what to boot" in found(value)[f"{NETBOOT}.allowPXE"]


SHIM = (f"{NETBOOT}.ipxe", {"binary": "shimx64.efi"})


def test_check_document_grub_boots_a_kernel():
    assert found(changed(SHIM)) == {}


@pytest.mark.parametrize(
    "script",
    [
        (f"{NETBOOT}.ipxe", {"binary": "shimx64.efi", "contents": "#!ipxe\nshell\n"}),
        (f"{NETBOOT}.ipxe", {"binary": "grubx64.efi", "url": "http://h/boot.ipxe"}),
    ],
)
def test_check_document_grub_runs_no_script_for_ipxe(script):
    assert "starts GRUB, which can't run a script for iPXE" in found(changed(script))[f"{NETBOOT}.ipxe.binary"]
    other = (script[0], {**script[1], "binary": "snponly-shimx64.efi"})
    assert found(changed(other)) == {}


def test_check_document_grub_has_no_https():
    message = "shimx64.efi starts GRUB, which loads by http and tftp only"
    assert found(changed(SHIM, (f"{NETBOOT}.osie.baseURL", "https://h/x")))[f"{NETBOOT}.osie.baseURL"] == message


def test_check_document_second_interface_need_not_netboot():
    value = copy.deepcopy(OBJECT)
    second = {"dhcp": {"mac": "58:47:ca:71:d8:50", "ip": {"address": "10.10.1.16", "netmask": "255.255.255.0"}}}
    value["spec"]["interfaces"].append(second)
    assert found(value) == {}
    assert "spec.interfaces[1].netboot" in found(value, notes=True)


@pytest.mark.parametrize(
    "path", [f"{INSTANCE}.userdata", f"{NETBOOT}.ipxe", "spec.userData", f"{INSTANCE}.crypted_root_password"]
)
def test_check_document_shows_no_secret(path):
    secret = "s3cret\x00token"
    wrong = {"contents": secret} if path.endswith("ipxe") else [secret] if path.endswith("userData") else secret
    for value in (changed((path, wrong)), changed((path, [secret]))):
        assert not any("s3cret" in str(problem) for problem in check_document(Document(value)))


def test_fields_of_the_schema_are_all_known():
    """Everything that the walk-through's author, and the newest Tinkerbell, may write."""
    extra = yaml.safe_load(
        """
        agentID: x
        auto: {enrollmentEnabled: true}
        bmcRef: {apiGroup: bmc.tinkerbell.org, kind: Machine, name: bmc}
        references: {one: {group: g, name: n, namespace: s, resource: r, version: v}}
        tinkVersion: 1
        vendorData: x
        """
    )
    value = copy.deepcopy(OBJECT)
    value["spec"] |= extra
    value["spec"]["interfaces"][0]["isoboot"] = {"sourceISO": "http://x/y.iso"}
    value["spec"]["interfaces"][0]["netboot"]["pxelinux"] = {"config": "x"}
    assert found(value) == found(value, notes=True) == {}
