# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod that serves images may read them, and nothing else."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd import namespaces
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import Settings as BootdSettings
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.image_server import (
    deployment,
    labels,
    namespace,
    objects,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.image_server_settings import (
    problems,
    settings_from,
)


def settings(**given):
    return settings_from({"path": "/srv/images", **given})


def pod(**given):
    return deployment(settings(**given))["spec"]["template"]["spec"]


def test_pod_may_nothing_but_read():
    spec = pod()
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    writable = [mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["scratch"]
    assert {"name": "images", "hostPath": {"path": "/srv/images", "type": "Directory"}} in spec["volumes"]


def test_pod_has_the_port_of_its_node():
    (container,) = pod(port=80)["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8080, "hostPort": 80, "protocol": "TCP"}]
    (container,) = pod(bind="10.10.0.20")["containers"]
    assert container["ports"][0]["hostIP"] == "10.10.0.20"


def test_configuration_is_what_the_pod_runs_with():
    config_map, workload = objects(settings())
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    text = config_map["data"]["nginx.conf"]
    assert container["command"] == ["nginx", "-e", "stderr", "-c", "/etc/image-server/nginx.conf"]
    assert "alias /srv/images/;" in text
    assert "listen 0.0.0.0:8080;" in text
    assert len(workload["spec"]["template"]["metadata"]["annotations"]["netboot.baremetal/configuration"]) == 64
    for document in (config_map, workload):
        assert document["metadata"]["labels"] == labels(settings())


def test_deployment_selects_its_own_pods():
    spec = deployment(settings(name="mirror"))["spec"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    assert spec["selector"]["matchLabels"]["app.kubernetes.io/instance"] == "mirror"
    assert spec["strategy"] == {"type": "Recreate"}
    assert deployment(settings(replicas=2))["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_pod_goes_where_the_images_are():
    spec = pod(nodes=["node1"], node_selector={"images": True}, tolerations=[{"operator": "Exists"}])
    (term,) = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term == {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node1"]}]}
    assert spec["nodeSelector"] == {"images": "true"}
    assert spec["tolerations"][-1] == {"operator": "Exists"}


def test_namespace_is_the_same_as_bootd_makes_it():
    """Otherwise the two would change it to and fro."""
    assert namespace(settings()) == namespaces(BootdSettings(address="10.10.0.20", image="x"))[0]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"path": "images"}, "path is 'images' but should be an absolute path"),
        ({"bind": "eth0"}, "bind is 'eth0' but should be an IP address"),
        ({"port": 0}, "port is 0 but should be between 1 and 65535"),
        ({"name": "Image_Server"}, "name is 'Image_Server' but should be"),
        ({"namespace": "a.b"}, "namespace is 'a.b' but should be"),
        ({"image": "nginx latest"}, "image is 'nginx latest' but should be an image such as"),
        ({"node_selector": {"a": 1.1}}, "node_selector.a is 1.1 but should be text: put it in quotes"),
        ({"nodes": ["Node_1"]}, "nodes[0] is 'Node_1' but should be the name of a node"),
        ({"image": ""}, "there would be nothing to run"),
        ({"replicas": 0}, "replicas is 0 but should be 1 or more"),
        ({"replicas": 2, "nodes": ["a"]}, "each needs a node of its own"),
    ],
)
def test_problems(given, word):
    (told,) = problems(settings(**given))
    assert word in told


def test_problems_of_what_is_right():
    assert list(problems(settings())) == []
