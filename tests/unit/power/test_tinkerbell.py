# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Machine of Tinkerbell and its Secret, in the words of an inventory."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError
from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import PowerError
from ansible_collections.baremetal.netboot.plugins.module_utils._power.tinkerbell import (
    words_of_connection,
    words_of_machine,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import Bmc, read

HOST = {"host": "10.10.9.16", "insecureTLS": True, "port": 623, "authSecretRef": {"name": "login", "namespace": "bmcs"}}


class Api:
    """An API server that has these objects by path."""

    def __init__(self, **objects):
        self.objects = objects

    def get(self, path):
        kind = path.split("/")[-2]
        if kind not in self.objects:
            raise ApiError(404, "NotFound", f"GET {path}: not found (404 NotFound)")
        return self.objects[kind] | {"asked": path}


def secret(**values):
    return {"data": {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}}


def test_machine_and_secret_are_read():
    api = Api(machines={"spec": {"connection": HOST}}, secrets=secret(username="admin", password="geheim"))
    words = words_of_machine(api, "tink-system", "um790-1-bmc")
    assert read(words) == Bmc("redfish", "10.10.9.16", 443, "admin", "geheim", validate_certs=False)


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ({"providerOptions": {"preferredOrder": ["ipmitool", "gofish"]}}, {"type": "ipmi", "port": 623}),
        ({"providerOptions": {"ipmitool": {"port": 6230}}}, {"type": "ipmi", "port": 6230}),
        ({"providerOptions": {"preferredOrder": ["dell", "gofish"]}}, {"type": "redfish"}),
        (
            {"providerOptions": {"redfish": {"port": 8443, "systemName": "1"}}},
            {"type": "redfish", "port": 8443, "system": "1"},
        ),
        ({"port": 8000}, {"type": "redfish", "port": 8000}),
        ({"providerOptions": "x"}, {"type": "redfish"}),
    ],
)
def test_connection_says_the_protocol(connection, words):
    found = words_of_connection({**HOST, **connection})
    assert found.pop("address") == "10.10.9.16"
    assert found.pop("validate_certs", False) is False
    assert found == words


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        (
            {},
            "machines tink-system/m: GET /apis/bmc.tinkerbell.org/v1alpha1/namespaces/tink-system/machines/m: ",
        ),
        ({"machines": {"spec": {"connection": {"host": "x"}}}}, "names no Secret in spec.connection.authSecretRef"),
        ({"machines": {"spec": {"connection": HOST}}}, "secrets bmcs/login: "),
    ],
)
def test_what_is_missing_is_told(objects, told):
    with pytest.raises(PowerError) as caught:
        words_of_machine(Api(**objects), "tink-system", "m")
    assert told in str(caught.value)


@pytest.mark.parametrize("content", [{}, {"data": {"username": "%%%"}}, {"data": None}])
def test_secret_without_login_leaves_the_words_incomplete(content):
    words = words_of_machine(Api(machines={"spec": {"connection": HOST}}, secrets=content), "tink-system", "m")
    with pytest.raises(ValueError, match="username missing; password missing"):
        read(words)
