# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a configuration is told at once, each under its path, with the word that helps, and no secret."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.versions import (
    parse_version,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.check import as_documented, check
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema_names import (
    SETTINGS,
    system_setting,
)
from samples.documents import PLAIN

MAC = "52:54:00:00:00:01"
CREATE: dict[str, Any] = {
    "scheme_version": 1,
    "token": "s3cret-of-all",
    "os": {"hostname": "node-1", "password": "hush-hush", "dns_nameservers": ["192.0.2.53"]},
    "install": {
        "mode": "create",
        "management_interface": {
            "interfaces": [{"hwAddr": MAC}],
            "method": "static",
            "ip": "192.0.2.11",
            "subnet_mask": "255.255.255.0",
            "gateway": "192.0.2.1",
        },
        "device": "/dev/nvme0n1",
        "iso_url": "http://192.0.2.10/harvester.iso",
        "vip": "192.0.2.99",
        "vip_mode": "static",
    },
}
JOIN = {
    **CREATE,
    "server_url": "https://192.0.2.99:443",
    "install": {
        **{key: value for key, value in CREATE["install"].items() if not key.startswith("vip")},
        "mode": "join",
    },
}
GONE = object()
MGMT = "install.management_interface"
HOOK = {"event": "STARTED", "method": "POST", "url": "http://192.0.2.10/x"}
# path in CREATE, its value, path of the problem ("": the same), a word of its message, version
BROKEN = [
    ("scheme_version", GONE, "", "should be 1", "v1.8.2"),
    ("scheme_version", 2, "", "from 1 to 1", "v1.8.2"),
    ("scheme_version", 1, "", "not before v1.1", "v1.0.3"),
    ("token", GONE, "", "missing", "v1.8.2"),
    ("token", "gr\u00fcn", "", "printable ASCII", "v1.8.2"),
    ("server_url", "https://192.0.2.99:443", "", "should be empty for mode create", "v1.8.2"),
    ("os.password", GONE, "os", "password or ssh_authorized_keys", "v1.8.2"),
    ("os.password", "$y$j9T$abc$def", "", "does not know", "v1.8.2"),
    ("os.password", "$5$salt$hash", "", "not known before v1.1.2", "v1.1.1"),
    ("os.hostname", "Node_1", "", "lower-case", "v1.8.2"),
    ("os.dns_nameservers", GONE, "", "method is static", "v1.8.2"),
    ("os.dns_nameservers", ["2001:db8::53"], "", "IPv4", "v1.8.2"),
    ("os.ssh_key", ["ssh-ed25519 AAAA"], "", "should this be ssh_authorized_keys", "v1.8.2"),
    ("os.ssh_authorized_keys", ["~/.ssh/id_ed25519.pub"], "", "public key", "v1.8.2"),
    ("os.persistent_state_paths", ["/tmp/x"], "", "elsewhere than in /tmp", "v1.8.2"),
    ("os.write_files", [{"path": "/etc/x", "permissions": 493}], "os.write_files[0].permissions", "quotes", "v1.8.2"),
    ("os.labels", {"a b": "c"}, "os.labels.a b", "name of a label", "v1.8.2"),
    ("os.sshd", {"disable_password_auth": True}, "os.sshd.disable_password_auth", "not before v1.8", "v1.7.2"),
    ("os.externalStorageConfig", {"enabled": True}, "", "not before v1.4", "v1.3.2"),
    ("os.wifi", [{"name": "w"}], "", "no more since v1.7", "v1.7.0"),
    ("sans", ["a.example.org"], "", "not before v1.6", "v1.5.2"),
    ("install.mode", GONE, "", "create or join", "v1.8.2"),
    ("install.mode", "Create", "", ": create", "v1.8.2"),
    ("install.networks", {"harvester-mgmt": {"method": "dhcp"}}, "", "use management_interface", "v1.1.0"),
    ("install.mgmt_interface", "eth0", "", "should this be management_interface", "v1.8.2"),
    (f"{MGMT}.interfaces", GONE, "", "network cards", "v1.8.2"),
    (f"{MGMT}.interfaces", [{"macAddress": MAC}], f"{MGMT}.interfaces[0].macAddress", "silence", "v1.8.2"),
    (f"{MGMT}.interfaces", [{"hwAddr": "52:54"}], f"{MGMT}.interfaces[0].hwAddr", "six bytes", "v1.8.2"),
    (f"{MGMT}.method", "DHCP", "", ": dhcp", "v1.8.2"),
    (f"{MGMT}.gateway", "198.51.100.1", "", "outside network 192.0.2.0/24", "v1.8.2"),
    (f"{MGMT}.subnet_mask", GONE, "", "method is static", "v1.8.2"),
    (f"{MGMT}.mtu", 100, "", "from 576 to 9000", "v1.8.2"),
    (f"{MGMT}.vlan_id", 4095, "", "from 0 to 4094", "v1.8.2"),
    (f"{MGMT}.bond_options", {"mode": "lacp"}, f"{MGMT}.bond_options.mode", "802.3ad", "v1.8.2"),
    ("install.vlan_id", 7, "", "management_interface.vlan_id", "v1.8.2"),
    ("install.vip", GONE, "", "missing", "v1.8.2"),
    ("install.vip", "192.0.2.11", "", "the machine's own address", "v1.8.2"),
    ("install.vip", "fd00::1", "", "IPv4", "v1.8.2"),
    ("install.vip", "192.0.2.1", "", "the address of the gateway", "v1.8.2"),
    ("install.vip", "192.0.2.255", "", "the broadcast address", "v1.8.2"),
    ("install.vip", "192.0.2.0", "", "the address of the network", "v1.8.2"),
    ("install.vip", "0.0.0.0", "", "the unspecified address", "v1.8.2"),
    ("install.vip", "224.0.0.1", "", "a multicast address", "v1.8.2"),
    ("install.vip", "10.52.3.4", "install.cluster_pod_cidr", "in it is the VIP 10.52.3.4", "v1.8.2"),
    ("install.cluster_service_cidr", "192.0.2.0/25", "", "the VIP 192.0.2.99", "v1.8.2"),
    (f"{MGMT}.gateway", "10.53.0.1", "install.cluster_service_cidr", "the gateway's address", "v1.8.2"),
    (f"{MGMT}.ip", "0.0.0.0", "", "the unspecified address", "v1.8.2"),
    ("install.vip_mode", GONE, "", "static or dhcp", "v1.8.2"),
    ("install.vip_mode", "dhcp", "install.vip_hw_addr", "MAC address", "v1.8.2"),
    ("install.device", "nvme0n1", "", "path of a disk", "v1.8.2"),
    ("install.iso_url", GONE, "", "never come up", "v1.8.2"),
    ("install.iso_url", "local", "", "not before v1.9", "v1.8.2"),
    ("install.iso_url", "/srv/x.iso", "", "begins with http://", "v1.8.2"),
    ("iso_url", "http://192.0.2.10/x.iso", "", "should this be install.iso_url?", "v1.8.2"),
    ("install.role", "witness", "", "can't create a cluster", "v1.8.2"),
    ("install.role", "master", "", "witness", "v1.8.2"),
    ("install.role", "worker", "", "not before v1.3", "v1.2.2"),
    ("install.wipedisks", True, "", "wipe_all_disks", "v1.5.0"),
    ("install.wipe_all_disks", True, "", "not before v1.5", "v1.4.3"),
    ("install.cordoned", True, "", "creates the cluster", "v1.9.0"),
    ("install.cluster_dns", "10.10.0.10", "", "10.53.0.0/16", "v1.8.2"),
    ("install.cluster_pod_cidr", "10.53.0.0/17", "", "overlap", "v1.8.2"),
    ("install.cluster_pod_cidr", "192.0.0.0/16", "", "the machine's address", "v1.8.2"),
    ("install.persistent_partition_size", "100Gi", "", "at least 150Gi", "v1.8.2"),
    ("install.with-net-images", True, "", "should this be with_net_images", "v1.8.2"),
    ("install.addons", {"vm-import-controller": {}}, "install.addons.vm-import-controller", "harvester_vm_", "v1.8.2"),
    ("install.harvester", {"storage_class": {"replica_count": 5}}, "install.harvester.storage_class.replica_count",
     "from 1 to 3", "v1.8.2"),
    ("install.harvester", {"longhorn": {"default_settings": {"guaranteed_instance_manager_cpu": 6}}},
     "install.harvester.longhorn.default_settings.guaranteed_instance_manager_cpu",
     "should this be guaranteedInstanceManagerCPU?", "v1.8.2"),
    ("install.webhooks", [{**HOOK, "event": "INSTALLED"}], "install.webhooks[0].event", "SUCCEEDED", "v1.8.2"),
    ("install.webhooks", [HOOK, {**HOOK, "method": "SEND"}], "install.webhooks[1].method", "POST", "v1.8.2"),
    ("install.webhooks", [{**HOOK, "url": "192.0.2.10/x"}], "install.webhooks[0].url", "http://", "v1.8.2"),
    ("install.webhooks", [{**HOOK, "url": "http://h/{{.HostName}}"}], "install.webhooks[0].url", "Hostname?", "v1.8"),
    ("install.webhooks", [{**HOOK, "payload": "{{ if .Hostname }}"}], "install.webhooks[0].payload", "end", "v1.8.2"),
    ("install.webhooks", [{**HOOK, "headers": {"A": "b"}}], "install.webhooks[0].headers", "list of text", "v1.8.2"),
    ("system_settings", {"ui-sauce": "auto"}, "system_settings.ui-sauce", "should this be ui-source?", "v1.8.2"),
    ("system_settings", {"http-proxy": {"httpProxy": "x"}}, "system_settings.http-proxy", "JSON", "v1.8.2"),
    ("installl", {"mode": "create"}, "", "should this be install?", "v1.8.2"),
    # First versions, as the installer of each release has them.
    ("install.addons", {"kubeovn_operator": {"enabled": True}}, "install.addons.kubeovn_operator", "v1.6", "v1.5.2"),
    ("install.addons", {"descheduler": {"enabled": True}}, "install.addons.descheduler", "not before v1.7", "v1.6.1"),
    ("install.wipedisks", True, "", "not before v1.2.2", "v1.2.1"),
    ("os.sshd", {"sftp": True}, "os.sshd", "not before v1.2.2", "v1.2.1"),
    ("install.harvester", {"storage_class": {"replica_count": 1}}, "", "not before v1.2", "v1.1.3"),
    ("install.harvester", {"longhorn": {"default_settings": {"guaranteedInstanceManagerCPU": 6}}},
     "install.harvester.longhorn.default_settings.guaranteedInstanceManagerCPU", "not before v1.2.2", "v1.2.1"),
    ("logging_chart_version", "100.1.3", "", "not before v1.1", "v1.0.3"),
    ("system_settings", {"max-hotplug-ratio": "4"}, "system_settings.max-hotplug-ratio", "before v1.8", "v1.7.3"),
    ("system_settings", {"storage-network": ""}, "system_settings.storage-network", "before v1.3.2", "v1.3.1"),
    ("system_settings", {"ntp-servers": "{}"}, "system_settings.ntp-servers", "before v1.2", "v1.1.3"),
    ("system_settings", {"containerd-registry": "{}"}, "system_settings.containerd-registry", "v1.1.1", "v1.1.0"),
    # Numbers.
    (f"{MGMT}.mtu", "9000", "", "not as text before v1.8", "v1.7.3"),
    (f"{MGMT}.vlan_id", "", "", "or be left out", "v1.8.2"),
    (f"{MGMT}.vlan_id", "", "", "or be left out", "v1.3.0"),
    (f"{MGMT}.mtu", "\u0661\u0665\u0660\u0660", "", "whole number", "v1.8.2"),
    (f"{MGMT}.mtu", True, "", "whole number", "v1.8.2"),
    (f"{MGMT}.mtu", 1500.5, "", "whole number", "v1.8.2"),
    ("scheme_version", "1", "", "not as text before v1.8", "v1.7.3"),
    ("os.write_files", [{"path": "/etc/x", "permissions": 0o600}], "os.write_files[0].permissions", "'0600'", "v1.8.2"),
    # 52:54:00:00:00:01 without quotes.
    ("install.vip_hw_addr", 41134176001, "", "base 60", "v1.8.2"),
    # Values that the installer parses a second time.
    ("system_settings", {"containerd-registry": "{'Mirrors': {}}"}, "system_settings.containerd-registry", "JSON",
     "v1.8.2"),
    ("system_settings", {"containerd-registry": "[" * 100_000}, "system_settings.containerd-registry", "JSON",
     "v1.8.2"),
    ("system_settings", {"containerd-registry": ""}, "system_settings.containerd-registry", "JSON", "v1.8.2"),
    ("system_settings", {"containerd-registry": '{"Mirrors": ["a"]}'}, "system_settings.containerd-registry",
     "Mirrors should be a mapping", "v1.8.2"),
    ("system_settings", {"containerd-registry": '{"Mirrors": {"docker.io": {"Endpoints": "https://a"}}}'},
     "system_settings.containerd-registry", "Endpoints should be a list of text", "v1.8.2"),
    ("system_settings", {"containerd-registry": '{"Mirror": {}}'}, "system_settings.containerd-registry",
     "Mirror is dropped in silence: should be Mirrors", "v1.8.2"),
    ("os.externalStorageConfig", {"multiPathConfig": {"blacklist": []}}, "os.externalStorageConfig.multiPathConfig",
     "a list of {vendor, product}", "v1.6.1"),
    ("os.externalStorageConfig", {"multiPathConfig": [{"vendors": "x"}]}, "os.externalStorageConfig.multiPathConfig",
     "[0].vendors is dropped in silence", "v1.8.2"),
    ("os.externalStorageConfig", {"multiPathConfig": {"blacklist_wwids": ["x"]}},
     "os.externalStorageConfig.multiPathConfig", "should be blacklistWwids", "v1.8.2"),
    ("os.externalStorageConfig", {"multiPathConfig": {"blacklistWwids": [7]}},
     "os.externalStorageConfig.multiPathConfig", "blacklistWwids should be a list of text", "v1.8.2"),
    ("os.externalStorageConfig", {"multiPathConfig": {"blacklist": [{"vendor": 5}]}},
     "os.externalStorageConfig.multiPathConfig", "blacklist[0].vendor should be text", "v1.8.2"),
    ("os.externalStorageConfig", {"multiPathConfig": "{"}, "os.externalStorageConfig.multiPathConfig", "JSON", "v1.8"),
]  # fmt: skip

# path in CREATE, its value, version
RIGHT = [
    ("install.addons", {"kubeovn_operator": {"enabled": True}}, "v1.6.0"),
    ("install.addons", {"descheduler": {"enabled": False}}, "v1.7.0"),
    ("install.wipedisks", True, "v1.2.2"),
    ("os.sshd", {"sftp": True}, "v1.2.2"),
    ("install.harvester", {"storage_class": {"replica_count": 1}}, "v1.2.0"),
    ("install.harvester", {"longhorn": {"default_settings": {"guaranteedInstanceManagerCPU": 6}}}, "v1.2.2"),
    ("logging_chart_version", "100.1.3", "v1.1.0"),
    ("system_settings", {"max-hotplug-ratio": "4", "storage-network": ""}, "v1.8.0"),
    ("system_settings", {"storage-network": "", "csi-driver-config": "{}", "ui-plugin-index": "x"}, "v1.3.2"),
    ("system_settings", {"ntp-servers": "{}"}, "v1.2.0"),
    ("system_settings", {"containerd-registry": '{"Mirrors": {"docker.io": {"Endpoints": ["https://a"]}}}'}, "v1.1.1"),
    ("system_settings", {"containerd-registry": '{"configs": {"a:5000": {"auth": {"username": "u"}}}}'}, "v1.8.2"),
    (f"{MGMT}.mtu", "9000", "v1.8.0"),
    (f"{MGMT}.mtu", 9000, "v1.1.0"),
    ("os.externalStorageConfig", {"enabled": True, "multiPathConfig": [{"vendor": "a", "product": "b"}]}, "v1.4.0"),
    ("os.externalStorageConfig", {"multiPathConfig": {"blacklist": [{"vendor": "a"}], "blacklistWwids": ["w"]}},
     "v1.7.0"),
    ("os.externalStorageConfig", {"multiPathConfig": '{"blacklistExceptions": [{"product": "b"}]}'}, "v1.9.0"),
]  # fmt: skip


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return ``document`` with another value at ``path``."""
    result = copy.deepcopy(document)
    *parents, last = path.split(".")
    node = result
    for step in parents:
        node = node.setdefault(step, {})
    if value is GONE:
        node.pop(last)
    else:
        node[last] = value
    return result


def wrong(document: dict[str, Any], version: str, **options: bool) -> list[tuple[str, str]]:
    return [(item.path, item.message) for item in check(document, version, **options) if not item.note]


@pytest.mark.parametrize(("path", "value", "told", "word", "version"), BROKEN)
def test_check_refuses_what_is_broken_by_its_path_and_a_word(path, value, told, word, version):
    problems = wrong(changed(CREATE, path, value), version)
    assert [message for where, message in problems if where == (told or path) and word in message], problems


@pytest.mark.parametrize(("path", "value", "version"), RIGHT)
def test_check_accepts_what_the_release_knows(path, value, version):
    assert wrong(changed(CREATE, path, value), version) == []


@pytest.mark.parametrize(("version", "names"), [("v1.0.3", 25), ("v1.1.3", 26), ("v1.2.0", 27), ("v1.3.1", 27)])
@pytest.mark.parametrize(("later", "more"), [("v1.3.2", 36), ("v1.7.3", 36), ("v1.8.0", 46), ("v1.9.0", 46)])
def test_system_settings_are_as_many_as_the_installer_of_the_release_lets_pass(version, names, later, more):
    for release, count in ((version, names), (later, more)):
        taken = [name for name in SETTINGS if not system_setting(name, parse_version(release))]
        assert len(taken) == count, release


def test_check_tells_a_label_that_yaml_has_made_a_number():
    (note,) = check(changed(CREATE, "os.labels", {"release": 1.1}), "v1.8.2")
    assert note.note and "1.1" in note.message and "quotes" in note.message


def test_check_has_thirty_and_more_broken_ones():
    assert len(BROKEN) > 60


@pytest.mark.parametrize("document", [CREATE, JOIN])
@pytest.mark.parametrize("version", [f"v1.{minor}.0" for minor in range(1, 10)])
def test_check_accepts_what_is_right_in_every_version(document, version):
    assert check(document, version) == []


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        ("server_url", GONE, "missing"),
        ("server_url", "http://192.0.2.99", "https://"),
        ("server_url", "https://192.0.2.99:8443", "port 443"),
        ("server_url", "https://192.0.2.99:443/v3", "no path"),
        ("server_url", "https://[fd00::1]:443", "IPv4"),
    ],
)
def test_check_join_needs_the_cluster(path, value, word):
    assert [path for where, message in wrong(changed(JOIN, path, value), "v1.8.2") if where == path and word in message]


def test_check_tells_everything_at_once():
    broken = CREATE
    for path, value in (("token", GONE), ("os.hostname", "A"), ("install.vip_mode", "auto"), ("install.isourl2", "x")):
        broken = changed(broken, path, value)
    assert {path for path, _message in wrong(broken, "v1.8.2")} == {
        "token",
        "os.hostname",
        "install.vip_mode",
        "install.isourl2",
    }


def test_check_what_can_not_be_read_is_not_missing_as_well():
    assert wrong(changed(CREATE, "install.vip", 5), "v1.8.2") == [
        (
            "install.vip",
            "should be text: put it in quotes, for Harvester refuses a configuration that has a number here",
        )
    ]


def test_check_token_may_come_later():
    assert wrong(changed(CREATE, "token", GONE), "v1.8.2", token_later=True) == []


def test_check_install_mode_wants_a_disk_only():
    assert check({"scheme_version": 1, "install": {"mode": "install", "device": "/dev/sda"}}, "v1.8.2") == []


def test_check_v1_0_has_networks():
    network = CREATE["install"]["management_interface"]
    old = changed(changed(CREATE, "install.management_interface", GONE), "scheme_version", GONE)
    assert wrong(changed(old, "install.networks", {"harvester-mgmt": network}), "v1.0.3") == []
    assert [path for path, _message in wrong(old, "v1.0.3")] == ["install.networks.harvester-mgmt"]


@pytest.mark.parametrize("version", ["v1.10.0", "v2.0.0", "master", "v1.10.0-dev-20270101"])
def test_check_takes_what_is_newer_for_the_newest_and_says_so(version):
    (note,) = check(CREATE, version)
    assert note.note
    assert "taken for v1.9" in note.message


def test_check_v0_3_is_too_old():
    assert "older than what is known" in check(CREATE, "v0.3.0")[0].message


SECRETS = ["token", "os.password", "os.write_files", "install.webhooks", "install.addons", "system_settings"]
SECRET = "ThisIsSecret\u00fc"  # and wrong, wherever it stands


@pytest.mark.parametrize("path", SECRETS)
def test_check_never_shows_what_may_be_secret(path):
    values = {
        "token": SECRET,
        "os.password": f"$y${SECRET}",
        "os.write_files": [{"path": "x", "content": {"a": SECRET}}],
        "install.webhooks": [
            {
                **HOOK,
                "url": f"ftp://{SECRET}",
                "payload": f"{{{{ {SECRET}",
                "headers": {"Authorization": SECRET},
                "basicAuth": {"user": "u", "password": [SECRET]},
            }
        ],
        "install.addons": {"rancher_logging": {"enabled": True, "values_content": [SECRET]}},
        "system_settings": {"http-proxy": [SECRET]},
    }
    problems = check(changed(CREATE, path, values[path]), "v1.8.2")
    assert problems
    assert SECRET not in "".join(map(repr, problems))


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("isoUrl", True),
        ("iso_url", True),
        ("isourl", True),
        ("isoURL", True),
        ("iso-url", False),
        ("web_hook", False),
        ("webhook", True),
        ("webhooks", True),
        ("WEBHOOKS", True),
        ("addon", True),
        ("wipe_disk_list", False),
    ],
)
def test_check_takes_the_spellings_that_the_installer_takes(key, known):
    problems = [message for path, message in wrong(changed(CREATE, f"install.{key}", None), "v1.8.2")]
    assert ("silence" not in "".join(problems)) is known


def test_check_one_key_in_two_spellings_is_told():
    told = wrong(changed(CREATE, "install.isoUrl", "http://192.0.2.10/b.iso"), "v1.8.2")
    assert told == [("install.isoUrl", "the same as iso_url, which is also given")]
    # Also where one of them has been brought into the other's spelling.
    assert wrong(as_documented(changed(CREATE, "install.isoUrl", "x")), "v1.8.2")


def test_as_documented_spells_each_level():
    spelt = {"schemeVersion": 1, "OS": {"sshAuthorizedKey": ["k"]}, "install": {"webhook": [{"BASICAUTH": {}}]}}
    assert as_documented(spelt) == {
        "scheme_version": 1,
        "os": {"sshAuthorizedKey": ["k"]},
        "install": {"webhooks": [{"basicAuth": {}}]},
    }
    assert as_documented({"os": {"ssh_authorized_key": ["k"]}}) == {"os": {"ssh_authorized_keys": ["k"]}}


PATHS = ["os", "install", "install.management_interface", "install.webhooks", "token", "install.vip", "install.addons"]


@given(
    document=PLAIN | st.dictionaries(st.sampled_from(["os", "install", "token", "systemSettings"]), PLAIN),
    version=st.sampled_from(["v1.0.3", "v1.1.2", "v1.8.2", "master"]) | st.text(max_size=10),
)
def test_check_never_raises_and_finds_nothing_right_in_rubbish(document, version):
    assert check(document, version)


@given(changes=st.lists(st.tuples(st.sampled_from(PATHS), PLAIN), max_size=3))
def test_check_never_raises_on_a_damaged_configuration(changes):
    damaged = CREATE
    for path, value in changes:
        try:
            damaged = changed(damaged, path, value)
        except (AttributeError, TypeError):
            continue
    check(damaged, "v1.8.2")
