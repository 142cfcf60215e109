# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's own part of a request; what goes over the wire is tested on a real API server."""

from __future__ import annotations

import pytest

from _bootd.kube import client as module
from _bootd.kube.client import Client, resource_path
from _bootd.kube.connect import Endpoint, bearer
from _bootd.kube.errors import ApiError, ApiUnreachable, error_from


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("v1", "events", "default"), "/api/v1/namespaces/default/events"),
        (("v1", "namespaces", "", "a"), "/api/v1/namespaces/a"),
        (("apps/v1", "deployments", "a", "b"), "/apis/apps/v1/namespaces/a/deployments/b"),
        (("apps/v1", "deployments", "../a", "b/c"), "/apis/apps/v1/namespaces/..%2Fa/deployments/b%2Fc"),
    ],
)
def test_resource_path(arguments, path):
    assert resource_path(*arguments) == path


def test_credentials_are_asked_for_now_and_then(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    endpoint = Endpoint("https://192.0.2.1", credentials=bearer("first"))
    client = Client(endpoint)
    assert client._credentials() == {"authorization": "Bearer first"}
    endpoint.credentials = bearer("second")
    assert client._credentials() == {"authorization": "Bearer first"}
    now[0] += module.CREDENTIALS_SECONDS + 1
    assert client._credentials() == {"authorization": "Bearer second"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, b'{"reason": "NotFound", "message": "no such thing"}', ApiError, "GET /x: no such thing (404 NotFound)"),
        (409, b"{}", ApiError, "GET /x: {} (409 409)"),
        (403, b"", ApiError, "no reason given"),
        (500, b"oops", ApiUnreachable, "oops (500 500)"),
        (429, b'{"message": "later"}', ApiUnreachable, "later"),
        (502, b"[" * 100_000, ApiUnreachable, "[[[["),
        (400, b"\xff\xfe", ApiError, "400"),
        (400, b'["no mapping"]', ApiError, "400"),
    ],
)
def test_error_from_whatever_answers(status, body, kind, words):
    error = error_from(status, body, "GET /x")
    assert isinstance(error, kind)
    assert words in str(error)
