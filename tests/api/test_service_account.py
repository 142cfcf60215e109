# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a pod to the API server: a projected token, a CA and an address, and no kubernetes library."""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from _bootd.kube import client as module
from _bootd.kube.client import Client, resource_path
from _bootd.kube.connect import Endpoint, endpoint_from, service_account
from _bootd.kube.errors import ApiError, ApiUnreachable
from cluster.kube import ApiServer

ACCOUNT = "test-service-account"


@pytest.fixture
def token(api: ApiServer) -> str:
    """A token that the API server made for a service account."""
    api.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": "default"}},
        "serviceaccounts",
    )
    path = f"{resource_path('v1', 'serviceaccounts', 'default', ACCOUNT)}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    return api.client.request("POST", path, body=body)["status"]["token"]


@pytest.fixture
def pod(api: ApiServer, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """What a pod of the cluster finds; its service account is at ``tmp_path``."""
    cluster = cluster_of(api)
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    (tmp_path / "token").write_text(token)
    server = urlsplit(cluster["server"])
    environ = {"KUBERNETES_SERVICE_HOST": str(server.hostname), "KUBERNETES_SERVICE_PORT": str(server.port)}
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    monkeypatch.setattr("_bootd.kube.connect.service_account", lambda given: service_account(given, tmp_path))
    return endpoint_from(environ)


def cluster_of(api: ApiServer) -> dict[str, str]:
    document = yaml.safe_load(api.kubeconfig.read_text(encoding="utf-8"))
    cluster = dict(document["clusters"][0]["cluster"])
    if "certificate-authority" in cluster:
        content = (api.kubeconfig.parent / cluster["certificate-authority"]).read_bytes()
        cluster["certificate-authority-data"] = base64.b64encode(content).decode()
    return cluster


def who(client: Client) -> str:
    """Whom the API server takes the client for, by its own word when it refuses what only few may do."""
    with pytest.raises(ApiError) as refused:
        client.get(resource_path("v1", "secrets", "default"))
    told = re.search(r'User "([^"]+)"', str(refused.value))
    return told[1] if told else str(refused.value.status)


def test_pod_is_its_service_account(pod):
    assert who(Client(pod)) == f"system:serviceaccount:default:{ACCOUNT}"


def test_renewed_token_is_sent_from_then_on(pod, tmp_path, token, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    (tmp_path / "token").write_text("one that has ended")
    client = Client(pod)
    assert who(client) == "401"
    (tmp_path / "new").write_text(token)
    (tmp_path / "new").rename(tmp_path / "token")
    now[0] += module.CREDENTIALS_SECONDS + 1
    assert who(client) == f"system:serviceaccount:default:{ACCOUNT}"


def test_server_of_another_authority_is_not_trusted(pod):
    pod.ca_file = ""
    with pytest.raises(ApiUnreachable, match="certificate"):
        Client(pod).get("/version")
