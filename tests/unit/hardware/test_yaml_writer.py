# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written as YAML is read back as the same data, and looks as people write it."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _bootd.hardware import yaml_writer
from _bootd.hardware.yaml_reader import read_yaml
from _bootd.hardware.yaml_writer import write_yaml

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


def nested(leaf):
    return st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | TRICKY, inner, max_size=4),
        max_leaves=12,
    )


DATA = nested(LEAF)
FINITE = nested(st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT | TRICKY)


@pytest.fixture(params=["libyaml", "python", "none"])
def library(request, monkeypatch):
    """What of PyYAML there may be where it writes."""
    yaml_writer._dumper.cache_clear()
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeDumper", raising=False)
    if request.param == "none":
        monkeypatch.setattr(yaml_writer, "HAS_YAML", False)
    yield request.param
    yaml_writer._dumper.cache_clear()


def same(first, second) -> bool:
    """Whether two values are equal, and of one type at every place."""
    return first == second and repr(first) == repr(second)


@pytest.mark.usefixtures("library")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FINITE)
def test_write_yaml_is_read_back(data):
    text = write_yaml(data)
    assert same(yaml.safe_load(text), data)
    (document,) = read_yaml(text)
    assert same(document.value, data)


@given(DATA)
def test_write_yaml_of_any_number_is_read_back(data):
    assert yaml.safe_load(write_yaml(data)) == data


@given(st.one_of(TEXT, TRICKY))
def test_write_yaml_keeps_text_a_text_at_any_depth(text):
    data = {"a": [{text: text}, [text], text]}
    assert yaml.safe_load(write_yaml(data)) == data


def test_write_yaml_of_nan():
    assert math.isnan(yaml.safe_load(write_yaml(math.nan)))


def test_write_yaml_of_a_hardware_object_is_plain():
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
    assert write_yaml(data) == (
        "apiVersion: tinkerbell.org/v1alpha1\n"
        "kind: Hardware\n"
        "metadata:\n"
        "  name: um790-1\n"
        "  labels: {}\n"
        "spec:\n"
        "  disks:\n"
        "  - device: /dev/nvme0n1\n"
        "  interfaces:\n"
        "  - dhcp:\n"
        '      mac: "58:47:ca:71:d8:49"\n'
        "      lease_time: 86400\n"
        "      name_servers:\n"
        '      - "10.10.0.1"\n'
        "    netboot:\n"
        "      allowPXE: true\n"
        "      ipxe:\n"
        "        contents: |\n"
        "          #!ipxe\n"
        "\n"
        "          echo a\n"
        "  metadata:\n"
        "    instance:\n"
        "      userdata: initrd=a ip=dhcp console=tty1 url=http://a.b/c\n"
    )


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_write_yaml_refuses_what_yaml_has_no_word_for(value):
    with pytest.raises(TypeError, match="can't be written as YAML"):
        write_yaml({"a": value})


def test_write_yaml_of_subclasses_is_of_what_they_are():
    class Text(str): ...

    class Items(list): ...

    class Fields(dict): ...

    class Number(int): ...

    assert write_yaml(Fields({Text("a"): Items([Text("b"), Number(1)])})) == "a:\n- b\n- 1\n"


def test_write_yaml_writes_out_what_is_there_twice():
    part = {"x": ["z"]}
    assert write_yaml({"a": part, "b": part}) == "a:\n  x:\n  - z\nb:\n  x:\n  - z\n"


@pytest.mark.parametrize(
    "text", ["12e45", "0o17", "2026-11-23", "0x1F", "1_000", "y", "N", "1:20", "10.0.0.1", "", "~"]
)
def test_write_yaml_quotes_what_some_reader_takes_for_something_else(text):
    """YAML 1.2's numbers, and those of readers in Go, are more than PyYAML's."""
    assert write_yaml([text]) == f'- "{text}"\n'


def test_write_yaml_of_a_lone_surrogate_is_an_error():
    with pytest.raises((TypeError, UnicodeError)):
        write_yaml({"a": "\ud800"})
