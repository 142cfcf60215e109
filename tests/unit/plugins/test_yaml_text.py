# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written as YAML is read back as the same data, and looks as people write it."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._yaml_text import to_yaml

# Lone surrogates are no characters: no file can hold them.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TRICKY = st.sampled_from(
    ["", " ", "no", "Yes", "~", "null", "0x1f", "1_000", "52:54:00:12:34:56", "1e3", "2026-01-01", "a: b", "a #b"]
    + ["a:", "#a", "&a", "*a", "!a", "%a", "@a", "`a", "'a", '"a', "[a", "{a", "|", ">", "?", "=", "<<", "---", "..."]
    + ["a\nb", "a\nb\n", "a\n\nb\n\n", "\na", " a\nb", "\ta\nb", "a\r\nb", "a\u2028b", "a\u0085b", "\ufeffa", "- a"]
    + ["a ", " a", "a\n  b\nc", "a\tb", "a:b", "http://10.10.0.2/x", "a\n#b", "a\n---\nb", "\U0001f4a9\nb"]
    + ["a\n \nb", "a\n\tb"]
)
LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXT, TRICKY)
DATA = st.recursive(
    LEAF,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(TEXT, TRICKY), inner, max_size=4)),
    max_leaves=12,
)


@given(DATA)
def test_to_yaml_is_read_back(data):
    assert yaml.safe_load(to_yaml(data)) == data


@given(st.one_of(TEXT, TRICKY))
def test_to_yaml_keeps_text_a_text_at_any_depth(text):
    data = {"a": [{text: text}, [text], text]}
    assert yaml.safe_load(to_yaml(data)) == data


def test_to_yaml_of_nan():
    assert math.isnan(yaml.safe_load(to_yaml(math.nan)))


def test_to_yaml_of_a_hardware_object_is_plain():
    data = {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": "um790-1", "labels": {}},
        "spec": {
            "disks": [{"device": "/dev/nvme0n1"}],
            "interfaces": [
                {
                    "dhcp": {"mac": "58:47:ca:71:d8:49", "lease_time": 86400, "name_servers": ["10.10.0.1"]},
                    "netboot": {"allowPXE": True, "ipxe": {"contents": "#!ipxe\n\necho a\n"}},
                }
            ],
            "metadata": {"instance": {"userdata": "initrd=a ip=dhcp console=tty1 url=http://a.b/c"}},
        },
    }
    assert to_yaml(data) == (
        "apiVersion: tinkerbell.org/v1alpha1\n"
        "kind: Hardware\n"
        "metadata:\n"
        "  name: um790-1\n"
        "  labels: {}\n"
        "spec:\n"
        "  disks:\n"
        "    - device: /dev/nvme0n1\n"
        "  interfaces:\n"
        "    - dhcp:\n"
        '        mac: "58:47:ca:71:d8:49"\n'
        "        lease_time: 86400\n"
        "        name_servers:\n"
        '          - "10.10.0.1"\n'
        "      netboot:\n"
        "        allowPXE: true\n"
        "        ipxe:\n"
        "          contents: |\n"
        "            #!ipxe\n"
        "\n"
        "            echo a\n"
        "  metadata:\n"
        "    instance:\n"
        "      userdata: initrd=a ip=dhcp console=tty1 url=http://a.b/c\n"
    )


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_to_yaml_refuses_what_yaml_has_no_word_for(value):
    with pytest.raises(TypeError, match="can't be written as YAML"):
        to_yaml({"a": value})
