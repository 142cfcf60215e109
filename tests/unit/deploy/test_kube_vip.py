# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-vip's objects, field by field as its documentation has them."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kube_vip import (
    DIGEST_ANNOTATION,
    leftovers,
    objects,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kube_vip_settings import (
    DEFAULT_CLASS,
    DEFAULT_VERSION,
    problems,
    settings_from,
)

# https://kube-vip.io/docs/installation/daemonset/, "Example ARP Manifest", with the names that releases from v0.9 on
# write (`kube-vip manifest daemonset --inCluster --taint --controlplane --services --arp --leaderElection`).
DOCUMENTED_ARP = {
    "vip_arp": "true",
    "port": "6443",
    "vip_nodename": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}},
    "vip_interface": "ens160",
    "vip_subnet": "32",
    "dns_mode": "first",
    "cp_enable": "true",
    "cp_namespace": "kube-system",
    "vip_ddns": "false",
    "svc_enable": "true",
    "vip_leaderelection": "true",
    "vip_leaseduration": "5",
    "vip_renewdeadline": "3",
    "vip_retryperiod": "1",
    "address": "192.168.0.40",
    "prometheus_server": ":2112",
}
# The same page, "Example BGP Manifest" and "Managing a routerID as a DaemonSet".
DOCUMENTED_BGP = {
    "vip_arp": "false",
    "port": "6443",
    "vip_interface": "lo",
    "vip_cidr": "32",
    "cp_enable": "true",
    "cp_namespace": "kube-system",
    "vip_ddns": "false",
    "bgp_enable": "true",
    "bgp_routerid": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}},
    "bgp_as": "65000",
    "address": "192.168.0.40",
}
# https://kube-vip.io/docs/usage/services/, "Loadbalancer class" and "Common lease feature".
DOCUMENTED_SERVICES = {
    "lb_class_only": "true",
    "lb_class_name": DEFAULT_CLASS,
    "svc_election": "false",
    "svc_leasename": "kube-vip-svcs-lock",
    "vip_leasename": "kube-vip-cp-lock",
}
# https://kube-vip.io/manifests/rbac.yaml
DOCUMENTED_RULES = {
    "/services/status": {"update"},
    "/services": {"list", "get", "watch", "update"},
    "/endpoints": {"list", "get", "watch", "update"},
    "/nodes": {"list", "get", "watch", "update", "patch"},
    "/pods": {"list"},
    "coordination.k8s.io/leases": {"list", "get", "watch", "update", "create"},
    "discovery.k8s.io/endpointslices": {"list", "get", "watch", "update"},
}
DOCUMENTED_POD = {
    "hostNetwork": True,
    "serviceAccountName": "kube-vip",
    "tolerations": [{"effect": "NoSchedule", "operator": "Exists"}, {"effect": "NoExecute", "operator": "Exists"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "node-role.kubernetes.io/master", "operator": "Exists"}]},
                    {"matchExpressions": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]},
                ]
            }
        }
    },
}
PEERS = [{"address": "192.168.0.10", "asn": 65000}, {"address": "192.168.0.11", "asn": 65000}]


def settings(**options):
    return settings_from({"address": "192.168.0.40", **options})


def by_kind(**options):
    return {document["kind"]: document for document in objects(settings(**options))}


def pod(**options):
    return by_kind(**options)["DaemonSet"]["spec"]["template"]["spec"]


def environment(**options):
    """Return the container's variables; each name is there once."""
    env = pod(**options)["containers"][0]["env"]
    assert len({item["name"] for item in env}) == len(env)
    return {item["name"]: item["value"] if "value" in item else item["valueFrom"] for item in env}


def test_environment_in_arp_mode_is_the_documented_one():
    found = environment(interface="ens160", services=True)
    assert found == {**DOCUMENTED_ARP, **DOCUMENTED_SERVICES}
    assert all(isinstance(value, (str, dict)) for value in found.values())


def test_environment_in_bgp_mode_is_the_documented_one():
    found = environment(mode="bgp", bgp={"asn": 65000, "peers": PEERS})
    own = {name: DOCUMENTED_ARP[name] for name in ("vip_nodename", "vip_subnet", "dns_mode", "prometheus_server")}
    secret = {"bgp_peers": {"secretKeyRef": {"name": "kube-vip-bgp", "key": "bgp_peers"}}}
    assert found == {**DOCUMENTED_BGP, **own, **secret}


def test_environment_names_bgp_sources_and_routers():
    found = environment(
        mode="bgp",
        interface="dummy0",
        address="2001:db8::40",
        bgp={
            "asn": 65010,
            "router_id": "192.168.0.2",
            "source_interface": "eth1",
            "source_address": "192.168.0.2",
            "peers": [{"address": "2001:db8::1", "asn": 65001, "multihop": True}],
        },
    )
    assert {name: found[name] for name in found if name.startswith(("bgp_", "vip_c", "vip_s", "vip_i"))} == {
        "vip_interface": "dummy0",
        "vip_subnet": "128",
        "vip_cidr": "128",
        "bgp_enable": "true",
        "bgp_routerid": {
            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.annotations['netboot.baremetal/bgp-router-id']"}
        },
        "bgp_as": "65010",
        "bgp_peers": {"secretKeyRef": {"name": "kube-vip-bgp", "key": "bgp_peers"}},
        "bgp_sourceif": "eth1",
        "bgp_sourceip": "192.168.0.2",
    }


def test_environment_without_control_plane_has_no_address():
    found = environment(control_plane=False, services=True, service_election=True)
    assert {"address", "cp_enable", "vip_leasename"} & set(found) == set()
    assert (found["svc_enable"], found["svc_election"]) == ("true", "true")


def test_environment_without_services_leaves_them_alone():
    assert [name for name in environment() if name.startswith(("svc_", "lb_"))] == []


def test_environment_takes_any_service_only_when_asked():
    assert "lb_class_only" not in environment(services=True, load_balancer_class="")
    assert environment(services=True, load_balancer_class="a.b/c")["lb_class_name"] == "a.b/c"


def test_environment_lets_the_user_have_the_last_word():
    found = environment(extra_env={"vip_loglevel": 5, "vip_leaseduration": "15"})
    assert (found["vip_loglevel"], found["vip_leaseduration"]) == ("5", "15")


def test_environment_without_interface_leaves_the_choice_to_kube_vip():
    assert "vip_interface" not in environment()


def test_rules_are_the_documented_ones():
    rules = by_kind(services=True)["ClusterRole"]["rules"]
    assert {f"{rule['apiGroups'][0]}/{rule['resources'][0]}": set(rule["verbs"]) for rule in rules} == DOCUMENTED_RULES


def test_rules_without_services_do_not_name_them():
    rules = by_kind()["ClusterRole"]["rules"]
    assert {rule["resources"][0] for rule in rules} == {"nodes", "leases"}


def test_objects_refer_to_each_other():
    found = by_kind(namespace="vips", name="vip2")
    assert found["ClusterRoleBinding"]["roleRef"]["name"] == found["ClusterRole"]["metadata"]["name"]
    account = found["ServiceAccount"]["metadata"]
    assert found["ClusterRoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
    ]
    daemon_set = found["DaemonSet"]["spec"]
    assert daemon_set["template"]["spec"]["serviceAccountName"] == account["name"] == "vip2"
    assert daemon_set["selector"]["matchLabels"] == daemon_set["template"]["metadata"]["labels"]
    assert found["DaemonSet"]["metadata"]["namespace"] == account["namespace"] == "vips"


def test_objects_of_two_names_have_nothing_in_common():
    """Neither a name, nor a lease, nor a label by which one would take the other's pods."""
    one, other = by_kind(services=True), by_kind(services=True, name="vip2")
    assert [kind for kind in one if one[kind]["metadata"]["name"] == other[kind]["metadata"]["name"]] == []
    assert one["DaemonSet"]["spec"]["selector"] != other["DaemonSet"]["spec"]["selector"]
    leases = [environment(services=True, name=name) for name in ("kube-vip", "vip2")]
    assert all(leases[0][name] != leases[1][name] for name in ("vip_leasename", "svc_leasename"))


def test_pod_is_the_documented_one():
    found = pod()
    assert {name: found[name] for name in DOCUMENTED_POD} == DOCUMENTED_POD
    assert found["containers"][0]["args"] == ["manager"]


def test_pod_runs_where_it_is_told():
    found = pod(node_selector={"bootstrap": True})
    assert found["nodeSelector"] == {"bootstrap": "true"}
    assert "affinity" not in found


def test_pod_has_truth_values_as_kubernetes_writes_them():
    env = {
        item["name"]: item.get("value")
        for item in pod(extra_env={"a": True, "b": False, "c": 5})["containers"][0]["env"]
    }
    assert (env["a"], env["b"], env["c"]) == ("true", "false", "5")


def test_problems_are_told_at_once():
    wrong = {
        "address": "0.0.0.0",
        "port": 70000,
        "version": "1.1.2",
        "image": "kube-vip:v1",
        "node_selector": {"a": 1.1},
    }
    assert [line.split(" ")[0] for line in problems(settings(**wrong))] == [
        "address", "port", "image", "version", "node_selector.a",
    ]  # fmt: skip


def test_pod_may_do_no_more_than_it_needs():
    """Less than the documentation's manifest, which has SYS_TIME too."""
    context = pod()["containers"][0]["securityContext"]
    assert context["capabilities"] == {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]}
    assert context["allowPrivilegeEscalation"] is False
    assert "privileged" not in context


def test_image_and_version_are_free():
    assert pod()["containers"][0]["image"] == f"ghcr.io/kube-vip/kube-vip:{DEFAULT_VERSION}"
    found = pod(image="registry.local:5000/vip", version="v0.9.2")
    assert found["containers"][0]["image"] == "registry.local:5000/vip:v0.9.2"


def with_password(password):
    return {"mode": "bgp", "bgp": {"peers": [{**PEERS[0], "password": password}, PEERS[1]]}}


# The same page, in the manifest: "address:AS:password:multihop", separated by commas.
@pytest.mark.parametrize(
    ("peers", "text"),
    [
        (PEERS, "192.168.0.10:65000::false,192.168.0.11:65000::false"),
        ([{**PEERS[0], "password": "hunter2"}, PEERS[1]], "192.168.0.10:65000:hunter2:false,192.168.0.11:65000::false"),
        ([{"address": "2001:db8::1", "asn": 65001, "multihop": True}], "[2001:db8::1]:65001::true"),
    ],
)
def test_peers_are_in_the_secret_only(peers, text):
    options = {"mode": "bgp", "bgp": {"peers": peers}}
    found = by_kind(**options)
    assert base64.b64decode(found["Secret"]["data"]["bgp_peers"]).decode() == text
    assert "hunter2" not in str(found) + repr(settings(**options))


def test_router_id_is_an_annotation_of_the_pods():
    template = by_kind(mode="bgp", bgp={"peers": PEERS, "router_id": "192.168.0.2"})["DaemonSet"]["spec"]["template"]
    assert template["metadata"]["annotations"]["netboot.baremetal/bgp-router-id"] == "192.168.0.2"


def test_variables_keep_their_shape_whatever_is_asked_for():
    """Server-side apply leaves an empty valueFrom where a value takes its place, and the API server refuses that."""
    kinds = {}
    for more in ({}, {"mode": "bgp", "bgp": {"peers": PEERS}}, {"mode": "bgp", "bgp": {"router_id": "192.168.0.2"}}):
        for name, value in environment(services=True, **more).items():
            kinds.setdefault(name, set()).add("value" if isinstance(value, str) else next(iter(value)))
    assert {name: kind for name, kind in kinds.items() if len(kind) > 1} == {}


def test_passwords_restart_the_pods_when_they_change():
    digests = {
        by_kind(**with_password(password))["DaemonSet"]["spec"]["template"]["metadata"]["annotations"][
            DIGEST_ANNOTATION
        ]
        for password in ("hunter2", "hunter3", "hunter2")
    }
    assert len(digests) == 2


def test_leftovers_are_the_secret_that_is_not_needed_any_more():
    assert leftovers(settings(**with_password("hunter2"))) == []
    (secret,) = leftovers(settings())
    assert (secret["kind"], secret["metadata"]["name"]) == ("Secret", "kube-vip-bgp")
    assert "Secret" not in by_kind()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, ""),
        ({"address": "fd00::1"}, ""),
        ({"address": None}, "address is '' but should be an IP address"),
        ({"address": "10.10.0.20/24"}, "address is '10.10.0.20/24' but should be"),
        ({"address": None, "control_plane": False, "services": True}, ""),
        ({"control_plane": False}, "nothing to do"),
        ({"interface": "eth0 eth1"}, "interface is 'eth0 eth1'"),
        ({"interface": "a-very-long-interface"}, "interface is"),
        ({"name": "Kube_VIP"}, "name is 'Kube_VIP'"),
        ({"namespace": "a.b"}, "namespace is 'a.b'"),
        ({"load_balancer_class": "mine"}, "load_balancer_class is 'mine' but should be like"),
        ({"load_balancer_class": ""}, ""),
        ({"node_selector": {"role": 1.10}}, "node_selector.role is 1.1 but should be text: put it in quotes"),
        ({"node_selector": {"role": "a b"}}, "node_selector.role is 'a b' but should be at most 63 letters"),
        ({"node_selector": {"role": {"a": 1}}}, "node_selector.role is {'a': 1} but should be text"),
        ({"node_selector": {"-role": "x"}}, "node_selector has '-role', which is no name of a label"),
        ({"node_selector": {"node-role.kubernetes.io/control-plane": "", "rack": 7}}, ""),
        ({"version": "1.1.2"}, "version is '1.1.2' but should be 'v1.1.2'"),
        ({"version": ""}, "version is '' but should be the tag of an image"),
        ({"version": f"v1.1.2@sha256:{'a' * 64}"}, ""),
        ({"image": "ghcr.io/kube-vip/kube-vip:v1.0.0"}, "should be 'ghcr.io/kube-vip/kube-vip': version says which"),
        ({"image": f"kube-vip@sha256:{'a' * 64}"}, "should be 'kube-vip': version says which"),
        ({"image": "registry:5000/kube-vip"}, ""),
        ({"image": "https://ghcr.io/kube-vip"}, "but should be an image such as"),
        ({"image": ""}, "image is empty"),
        ({"port": 70000}, "port is 70000 but should be between 1 and 65535"),
        ({"port": 0}, "port is 0 but should be between 1 and 65535"),
        ({"address": "0.0.0.0"}, "address is '0.0.0.0', which is the unspecified address"),
        ({"address": "224.0.0.18"}, "which is a multicast address"),
        ({"address": "::"}, "which is the unspecified address"),
        ({"address": "255.255.255.255"}, "which is the broadcast address"),
        ({"prometheus_server": "2112"}, "prometheus_server is '2112' but should be :PORT or ADDRESS:PORT"),
        ({"prometheus_server": ":70000"}, "prometheus_server is ':70000'"),
        ({"prometheus_server": "[::1]:2112"}, ""),
        ({"prometheus_server": ""}, ""),
        ({"extra_env": {"a b": "x"}}, "extra_env has 'a b', which is no name of a variable"),
        ({"extra_env": {"vip_x": [1]}}, "extra_env.vip_x is [1] but should be text"),
        ({"extra_env": {"vip_x": True, "vip_y": 5}}, ""),
        ({"mode": "bgp", "bgp": {"peers": PEERS, "router_id": "0.0.0.0"}}, "bgp.router_id is '0.0.0.0'"),
        ({"mode": "bgp", "bgp": {"peers": PEERS, "source_address": "0.0.0.0"}}, "bgp.source_address is '0.0.0.0'"),
        ({"mode": "bgp", "bgp": {"peers": PEERS, "source_interface": "a b"}}, "bgp.source_interface is 'a b'"),
        ({"mode": "bgp", "bgp": {"peers": [{"address": "0.0.0.0", "asn": 1}]}}, "bgp.peers[0].address is '0.0.0.0'"),
        ({"extra_env": {"vip_nodename": "x"}}, "extra_env.vip_nodename can't be set"),
        ({"mode": "bgp"}, "bgp.peers is empty"),
        ({"mode": "bgp", "bgp": {"peers": PEERS}}, ""),
        ({"mode": "bgp", "bgp": {"peers": PEERS, "router_id": "fd00::1"}}, "bgp.router_id is"),
        ({"mode": "bgp", "bgp": {"peers": PEERS, "asn": 0}}, "bgp.asn is 0"),
        ({"mode": "bgp", "bgp": {"peers": [{"address": "x", "asn": 1}]}}, "bgp.peers[0].address is 'x'"),
        ({"mode": "bgp", "bgp": {"peers": [{"address": "10.0.0.1", "asn": 1 << 32}]}}, "bgp.peers[0].asn is"),
        (with_password("a:b"), "bgp.peers[0].password has a colon"),
    ],
    ids=str,
)
def test_problems_say_what_makes_no_sense(options, problem):
    found = problems(settings(**options))
    assert len(found) == bool(problem)
    assert all(problem in sentence for sentence in found)
