# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our hooks come first in a document, once, and hooks that Go's templates would stop at are known."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.installers.harvester.webhooks import with_webhooks
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.check import check
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.hook_templates import (
    template,
    template_url,
    uses_address,
)
from samples.documents import PLAIN

CREATE = {
    "scheme_version": 1,
    "token": "t",
    "os": {"password": "p"},
    "install": {
        "mode": "create",
        "device": "/dev/sda",
        "iso_url": "http://192.0.2.10/x.iso",
        "vip": "192.0.2.99",
        "vip_mode": "static",
        "management_interface": {"interfaces": [{"name": "ens5"}], "method": "dhcp"},
    },
}
URL = "http://10.10.0.20:7080/phone-home/58-47-ca-71-d8-49/abc"
OURS = [
    {"event": "STARTED", "method": "POST", "url": f"{URL}/started"},
    {"event": "SUCCEEDED", "method": "POST", "url": f"{URL}/succeeded"},
    {"event": "FAILED", "method": "POST", "url": f"{URL}/failed"},
]
THEIRS = {"event": "SUCCEEDED", "method": "PUT", "url": "http://192.0.2.10/{{.Hostname}}"}


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_with_webhooks_puts_ours_before_theirs(url):
    document = {"token": "t", "install": {"mode": "join", "webhooks": [THEIRS]}}
    before = copy.deepcopy(document)
    assert with_webhooks(document, url) == {
        "token": "t",
        "install": {"mode": "join", "webhooks": [*OURS, THEIRS]},
    }
    assert document == before


def test_with_webhooks_keeps_the_spelling_of_the_document():
    done = with_webhooks({"Install": {"webHooks": [THEIRS]}}, URL)
    assert done == {"Install": {"webHooks": [*OURS, THEIRS]}}


def test_with_webhooks_twice_is_once():
    once = with_webhooks(CREATE, URL)
    assert with_webhooks(once, URL) == once
    assert check(once, "v1.8.2") == []


@given(document=st.dictionaries(st.sampled_from(["install", "os", "token"]), PLAIN))
def test_with_webhooks_takes_any_document(document):
    assert with_webhooks(document, URL)["install"]["webhooks"][:3] == OURS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "{{.Hostname}} {{ .MACAddr }} {{- .IPAddrV4 -}} {{.IPAddrV6}}",
        '{"host": "{{.Hostname}}"}',
        "{{if .IPAddrV4}}a{{else}}b{{end}}",
        '{{ printf "%s {{x" .Hostname }}',
        "{{/* a comment */}}",
        '{{if eq .Hostname "a"}}{{else if eq .Hostname `b`}}{{end}}',
        "}}",
    ],
)
def test_template_takes_what_go_takes(text):
    assert template(text) == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{{.Hostname", "does not close"),
        ("{{.Host}}", "always empty"),
        ("{{.hostname}}", ".Hostname?"),
        ("{{Hostname}}", ".Hostname?"),
        ("{{ inventory_hostname }}", "inventory_hostname in a template"),
        ("{{if .Hostname}}", "without its end"),
        ("{{end}}", "without its end"),
        ("{{}}", "empty"),
    ],
)
def test_template_tells_what_would_void_all_hooks(text, word):
    assert word in template(text)


@pytest.mark.parametrize("url", ["ftp://h/x", "h/x", "http://", "http:///x", "http://h/ x", "{{.Hostname}}/x"])
def test_template_url_is_http(url):
    assert "http://" in template_url(url)


@given(st.text(alphabet='{}.Hostname if end"`- \n', max_size=40))
def test_template_never_raises(text):
    template(text)
    uses_address(text)
    template_url(text)
