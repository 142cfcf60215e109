# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd's objects: the rights of the table, a pod that may do little, and settings that bootd takes."""

from __future__ import annotations

import base64

import pytest

from _bootd.commands import arguments
from _bootd.kube.rules import (
    CONFIGURATIONS,
    MACHINES,
    OWN,
    RULES,
    accesses,
    configuration_accesses,
    configurations_in,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd import namespaces, objects, rights
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_pod import (
    IMAGE_KEY_ANNOTATION,
    deployment,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import problems, settings_from

KEY, TOKEN = "5f" * 32, "a7" * 32


def settings(**given):
    return settings_from({"image": "bootd:1", "address": "10.10.0.20", **given})


def pod(**given):
    return deployment(settings(**given))["spec"]["template"]["spec"]


def container(**given):
    (only,) = pod(**given)["containers"]
    return only


def environment(**given):
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container(**given)["env"]}


def granted(documents):
    """Return who may do what where: (namespace, group, resource, verb, name), "" for all namespaces and any name."""
    found = set()
    for role in documents:
        for rule in role.get("rules", ()):
            found |= {
                (role["metadata"].get("namespace", ""), group, resource, verb, name)
                for group in rule["apiGroups"]
                for resource in rule["resources"]
                for verb in rule["verbs"]
                for name in rule.get("resourceNames", [""])
            }
    return found


@pytest.mark.parametrize(
    ("store", "machines"),
    [("kubernetes", ""), ("kubernetes:netboot", "netboot"), ("kubernetes:tink-system", "tink-system")],
)
def test_rights_are_what_bootd_asks_for_when_it_starts(store, machines):
    asked = {
        (access.namespace, access.rule.group, access.rule.resource, access.verb, access.name)
        for access in (
            *accesses(machines, "netboot"),
            *configuration_accesses(configurations_in(machines, "netboot")),
        )
    }
    assert granted(rights(settings(store=store))) == asked


@pytest.mark.parametrize("store", ["kubernetes", "kubernetes:netboot", "kubernetes:tink-system"])
def test_rights_over_secrets_are_never_the_clusters(store):
    secrets = {item for item in granted(rights(settings(store=store))) if item[2] == "secrets"}
    namespace = "tink-system" if store.endswith("tink-system") else "netboot"
    assert secrets == {(namespace, "", "secrets", verb, "") for verb in ("list", "watch")}


@pytest.mark.parametrize("place", [MACHINES, OWN, CONFIGURATIONS])
def test_rights_are_of_all_places(place):
    """The comparison above says nothing where the table has nothing."""
    assert [rule for rule in RULES if rule.place == place]


@pytest.mark.parametrize("store", ["kubernetes", "kubernetes:netboot", "kubernetes:tink-system"])
def test_rights_are_bound_to_the_pods_account_and_nobody_else(store):
    documents = rights(settings(store=store))
    roles = {(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in documents[::2]}
    assert len(roles) == 2
    for binding in documents[1::2]:
        kind, namespace = binding["kind"].removesuffix("Binding"), binding["metadata"].get("namespace")
        assert (kind, namespace, binding["roleRef"]["name"]) in roles
        assert binding["roleRef"]["kind"] == kind
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "bootd", "namespace": "netboot"}]
    assert pod(store=store)["serviceAccountName"] == "bootd"


def test_rights_of_one_namespace_reach_no_other():
    assert {item["kind"] for item in rights(settings(store="kubernetes:tink-system"))} == {"Role", "RoleBinding"}


def test_objects_have_the_key_once_and_only_in_the_secret():
    documents = objects(settings(), KEY, TOKEN)
    for text in (KEY, TOKEN):
        encoded = base64.b64encode(text.encode()).decode()
        assert [item["kind"] for item in documents if text in str(item) or encoded in str(item)] == ["Secret"]


@pytest.mark.parametrize(
    ("store", "names"),
    [
        ("kubernetes", ["netboot"]),
        ("kubernetes:netboot", ["netboot"]),
        ("kubernetes:tink-system", ["netboot", "tink-system"]),
    ],
)
def test_namespaces_are_its_own_and_that_of_the_machines(store, names):
    own, *others = namespaces(settings(store=store))
    assert [item["metadata"]["name"] for item in (own, *others)] == names
    # A cluster may refuse pods like this one elsewhere.
    assert own["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "privileged"}
    assert not any("labels" in item["metadata"] for item in others)


def test_container_may_do_no_more_than_it_needs():
    assert container()["securityContext"] == {
        "runAsUser": 0,
        "runAsGroup": 0,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "NET_RAW"]},
    }
    assert pod()["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert not {"hostPID", "hostIPC", "shareProcessNamespace"} & set(pod())


def test_container_writes_to_its_state_directory_only():
    mounts = {
        item["mountPath"]: item.get("readOnly", False) for item in container(image_dir="/srv/files")["volumeMounts"]
    }
    assert [path for path, read_only in mounts.items() if not read_only] == ["/var/lib/bootd"]
    volumes = {item["name"]: item for item in pod(state_dir="/srv/state")["volumes"]}
    assert volumes["state"]["hostPath"] == {"path": "/srv/state", "type": "DirectoryOrCreate"}
    assert volumes["report-key"]["secret"]["defaultMode"] == 0o400


def test_environment_is_flags_that_bootd_takes(tmp_path):
    given = {"store": "kubernetes:tink-system", "interface": "eth0", "settings": {"tftp_single_port": True}}
    found = environment(**given, image_dir="/srv/files")
    told = {name: value for name, value in found.items() if isinstance(value, str)}
    # The paths are those of the pod, not of this host.
    here = {"BOOTD_IMAGE_DIR": str(tmp_path), **dict.fromkeys(("BOOTD_REPORT_KEY", "BOOTD_ADMIN_TOKEN_FILE"), __file__)}
    understood = arguments.settings_from(arguments.parse(["serve"], {**told, **here}))
    assert (understood.store, understood.interface, understood.address) == (
        "kubernetes:tink-system",
        "eth0",
        "10.10.0.20",
    )
    assert understood.tftp_single_port
    assert understood.state_dir == "/var/lib/bootd"
    known = {f"BOOTD_{name.upper()}" for name in vars(arguments.parse(["serve"], told))}
    assert set(found) <= known


def test_environment_says_who_and_where_the_pod_is():
    found = environment()
    assert found["BOOTD_LEASE_NAMESPACE"]["fieldRef"]["fieldPath"] == "metadata.namespace"
    assert found["BOOTD_REPLICA"]["fieldRef"]["fieldPath"] == "spec.nodeName"
    secret = next(item for item in container()["volumeMounts"] if item["name"] == "report-key")
    assert found["BOOTD_REPORT_KEY"] == f"{secret['mountPath']}/key"
    assert found["BOOTD_ADMIN_TOKEN_FILE"] == f"{secret['mountPath']}/admin-token"


def test_container_declares_the_ports_it_takes_of_its_node():
    def ports(**given):
        return {(item["protocol"], item["hostPort"]) for item in container(**given)["ports"]}

    assert ports() == {("UDP", 67), ("UDP", 69), ("UDP", 514), ("TCP", 7080)}
    assert ports(http_port=8080, settings={"dhcp_mode": "off"}) == {("UDP", 69), ("UDP", 514), ("TCP", 8080)}
    proxy = ports() | {("UDP", 4011)}
    for mode in ("proxy", "auto-proxy"):
        assert ports(settings={"dhcp_mode": mode}) == proxy
        assert ports(settings={"dhcp_modes": f"eth1=off, 10.20.0.0/24={mode}"}) == proxy
    assert ports(settings={"dhcp_mode": "off", "dhcp_modes": "eth1=reservation"}) == ports()
    assert ("UDP", 4012) in ports(settings={"dhcp_mode": "proxy", "proxy_port": "4012"})


@pytest.mark.parametrize(("bind", "asked"), [("0.0.0.0", "127.0.0.1"), ("10.10.0.5", "10.10.0.5")])
def test_probes_ask_where_bootd_listens(bind, asked):
    found = container(bind=bind, http_port=8080)
    probes = {name: found[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert {(get["host"], get["port"]) for get in probes.values()} == {(asked, 8080)}
    assert probes["livenessProbe"]["path"] == "/healthz"
    assert probes["readinessProbe"]["path"] == "/readyz"


def test_deployment_never_has_two_pods_on_a_node():
    alone = deployment(settings())["spec"]
    assert alone["strategy"] == {"type": "Recreate"}
    several = deployment(settings(replicas=2))["spec"]
    assert several["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    (apart,) = several["template"]["spec"]["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert apart["topologyKey"] == "kubernetes.io/hostname"
    assert apart["labelSelector"] == several["selector"]


def test_pod_goes_to_the_nodes_that_are_named():
    terms = pod(nodes=["one", "two"])["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    fields = [term["matchFields"] for term in terms["nodeSelectorTerms"]]
    assert fields == [[{"key": "metadata.name", "operator": "In", "values": [name]}] for name in ("one", "two")]
    assert "affinity" not in pod()
    assert pod(node_selector={"role": "boot"})["nodeSelector"] == {"role": "boot"}


def test_pod_is_another_with_another_image_of_the_same_name():
    def template(**given):
        return deployment(settings(**given))["spec"]["template"]

    assert template(image_key="a")["metadata"]["annotations"] == {IMAGE_KEY_ANNOTATION: "a"}
    assert template(image_key="a") != template(image_key="b")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"image": ""}, "image is empty"),
        ({"image": "bootd:"}, "image is 'bootd:' but should be an image"),
        ({"node_selector": {"a b": "c"}}, "node_selector has 'a b', which is no name of a label"),
        ({"node_selector": {"role": None}}, "node_selector.role is empty: should be text, '' where it is none"),
        ({"node_selector": {"role": ["boot"]}}, "node_selector.role is ['boot'] but should be text"),
        ({"settings": {"arch_map": {"7": "x.efi"}}}, "settings.arch_map is {'7': 'x.efi'} but should be text"),
        ({"address": ""}, "--address is '' but should be the IPv4 address of this node"),
        ({"namespace": "a_b"}, "namespace is 'a_b' but should be"),
        ({"store": "files:/etc/bootd"}, "store is 'files:/etc/bootd' but should be kubernetes or"),
        ({"store": "kubernetes:A"}, "--store is 'kubernetes:A'"),
        ({"replicas": 2, "nodes": ["one"]}, "replicas is 2 but each needs a node of its own, and nodes names 1"),
        ({"replicas": 0}, "replicas is 0 but should be 1 or more"),
        ({"state_dir": "state"}, "state_dir is 'state' but should be an absolute path"),
        ({"http_port": 0}, "http_port is 0"),
        ({"dhcp_port": 70000}, "--dhcp-port is '70000' but should be a port number"),
        ({"settings": {"lease_time": 1}}, "--lease-time is '1' but should be seconds"),
        ({"settings": {"leese_time": 3600}}, "settings has leese_time, which bootd does not know"),
        ({"settings": {"report_key": "/x", "address": "10.0.0.1"}}, "settings has address, report_key, for which"),
    ],
)
def test_problems_names_what_makes_no_sense(given, said):
    (found,) = problems(settings(**given))
    assert said in found


def test_problems_has_none_where_all_is_well():
    assert problems(settings(settings={"lease_time": 3600, "dhcp_mode": "off", "arch_map": "7=snponly.efi"})) == []
