# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of modules make of the way to a cluster; the way itself is tested on a real API server."""

from __future__ import annotations

import sys

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import connection as _kubernetes

HOST = "https://192.0.2.1:6443"


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No proxies, no kubeconfig, and no kubernetes library."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setitem(sys.modules, "kubernetes", None)


@pytest.fixture
def endpoint(monkeypatch):
    """What a client is made for."""
    monkeypatch.setattr(_kubernetes, "Client", lambda endpoint, **_more: endpoint)
    return lambda **options: _kubernetes.client_from(options)


def test_host_and_token_need_no_library(endpoint):
    found = endpoint(host=HOST, api_key="token", validate_certs=False, ca_cert="/ca.pem", tls_server_name="kube")
    assert (found.host, found.ca_file, found.verify, found.tls_server_name) == (HOST, "/ca.pem", False, "kube")
    assert found.credentials() == {"authorization": "Bearer token"}


def test_kubeconfig_needs_it_and_says_so(endpoint):
    with pytest.raises(_kubernetes.ConfigurationError, match="pip install kubernetes"):
        endpoint(kubeconfig="/nowhere")


@pytest.mark.parametrize(
    ("environment", "options", "proxy"),
    [
        ({}, {}, ""),
        ({"https_proxy": "http://proxy:3128"}, {}, "http://proxy:3128"),
        ({"http_proxy": "http://proxy:3128"}, {}, ""),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "192.0.2.1"}, {}, ""),
        ({"https_proxy": "http://proxy:3128"}, {"proxy": "http://other:3128"}, "http://other:3128"),
    ],
)
def test_proxy_is_that_of_the_option_or_of_the_environment(monkeypatch, endpoint, environment, options, proxy):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert endpoint(host=HOST, **options).proxy == proxy
