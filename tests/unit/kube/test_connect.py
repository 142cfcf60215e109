# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the API server is: of a pod, of a kubeconfig, and what is said where there is no way."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from _bootd.kube import client, connect
from _bootd.kube.client import Client
from _bootd.kube.connect import Endpoint, endpoint_from, service_account
from _bootd.kube.errors import ConfigurationError

POD = {"KUBERNETES_SERVICE_HOST": "10.43.0.1", "KUBERNETES_SERVICE_PORT": "443"}


@pytest.fixture
def account(tmp_path) -> Path:
    """A service account as the kubelet projects it: links into a directory that is exchanged as a whole."""
    project(tmp_path, "first", "token-1")
    for name in ("token", "ca.crt"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    return tmp_path


def project(directory: Path, version: str, token: str) -> None:
    (directory / version).mkdir()
    (directory / version / "token").write_text(token)
    (directory / version / "ca.crt").write_text("a certificate")
    (directory / "..new").symlink_to(version)
    (directory / "..new").rename(directory / "..data")


@pytest.fixture
def no_library(monkeypatch):
    """The kubernetes library is not installed."""
    monkeypatch.setitem(sys.modules, "kubernetes", None)


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("10.43.0.1", "https://10.43.0.1:443"),
        ("fd00::1", "https://[fd00::1]:443"),
        ("kubernetes.default.svc", "https://kubernetes.default.svc:443"),
    ],
)
def test_pod_finds_its_server_without_the_library(monkeypatch, account, host, url):
    monkeypatch.setattr(connect, "service_account", lambda environ: service_account(environ, account))
    endpoint = endpoint_from({**POD, "KUBERNETES_SERVICE_HOST": host})
    assert endpoint.host == url
    assert endpoint.ca_file == str(account / "ca.crt")
    assert endpoint.verify
    assert endpoint.credentials() == {"authorization": "Bearer token-1"}


def test_token_of_a_pod_is_read_again_when_it_was_renewed(account):
    endpoint = service_account(POD, account)
    project(account, "second", "token-2\n")
    assert endpoint.credentials() == {"authorization": "Bearer token-2"}


def test_client_sends_the_renewed_token(monkeypatch, account):
    now = [100.0]
    monkeypatch.setattr(client.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(client, "_pool", lambda *_unused: None)
    asking = Client(service_account(POD, account))
    assert asking._credentials() == {"authorization": "Bearer token-1"}
    project(account, "second", "token-2")
    now[0] += client.CREDENTIALS_SECONDS + 1
    assert asking._credentials() == {"authorization": "Bearer token-2"}


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_last_token_is_used_while_there_is_none(account, content):
    endpoint = service_account(POD, account)
    (account / "token").unlink()
    if content is not None:
        (account / "token").write_bytes(content)
    assert endpoint.credentials() == {"authorization": "Bearer token-1"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda account: (account / "token").unlink(), "/token: No such file.*automountServiceAccountToken"),
        (lambda account: (account / "first/token").write_text(" \n"), "token is empty"),
        (lambda account: (account / "ca.crt").unlink(), "/ca.crt: No such file"),
    ],
)
def test_pod_without_a_whole_service_account_says_what_is_missing(account, change, words):
    change(account)
    with pytest.raises(ConfigurationError, match=words):
        service_account(POD, account)


@pytest.mark.parametrize("port", [None, "", "tcp://10.43.0.1:443"])
def test_pod_without_a_port_says_so(account, port):
    environ = {"KUBERNETES_SERVICE_HOST": "10.43.0.1"} | ({} if port is None else {"KUBERNETES_SERVICE_PORT": port})
    with pytest.raises(ConfigurationError, match="KUBERNETES_SERVICE_PORT"):
        service_account(environ, account)


def kubeconfig(token: str = "of-the-file") -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in ("here", "there")],
        "clusters": [
            {"name": name, "cluster": {"server": f"https://{name}.example:6443"}} for name in ("here", "there")
        ],
        "users": [{"name": "me", "user": {"token": token}}],
    }


@pytest.mark.parametrize("given", ["path", "content", "environment"])
@pytest.mark.parametrize("context", ["", "there"])
def test_kubeconfig_comes_before_the_pod(tmp_path, given, context):
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(kubeconfig()))
    environ = {**POD, **({"KUBECONFIG": str(path)} if given == "environment" else {})}
    explicit = {"path": str(path), "content": kubeconfig(), "environment": ""}[given]
    endpoint = endpoint_from(environ, kubeconfig=explicit, context=context)
    assert endpoint.host == f"https://{context or 'here'}.example:6443"
    assert endpoint.credentials() == {"authorization": "Bearer of-the-file"}


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("given", ["/etc/kubeconfig", {"kind": "Config"}])
def test_kubeconfig_without_the_library_says_what_to_install(given):
    with pytest.raises(ConfigurationError, match="pip install kubernetes") as caught:
        endpoint_from({}, kubeconfig=given)
    assert sys.executable in str(caught.value)
    assert ("/etc/kubeconfig" in str(caught.value)) == isinstance(given, str)


def test_endpoint_shows_no_token_when_printed(account):
    assert "token-1" not in repr(service_account(POD, account))
    assert "geheim" not in repr(Endpoint("https://x", credentials=connect.bearer("geheim")))
