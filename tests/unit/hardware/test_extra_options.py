# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The annotation with a machine's further DHCP options: what it says, what is wrong with it, and what is sent."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.hardware import values
from _bootd.hardware.extra_options import (
    EXAMPLES,
    MAX_TEXT,
    OPTIONS,
    PATH,
    REFUSED,
    TYPES,
    ExtraOption,
    check_extra_options,
    read_extra_options,
)
from _bootd.hardware.manifest import Document
from _bootd.hardware.model import is_as_written, machine_from_object
from _bootd.validation.objects import check_document

PAGE = (Path(__file__).resolve().parents[3] / "docs/networks.md").read_text()
# The forms are those of the RFC named for each; its octets are written out by hand.
FORMS = {
    "time-offset": (-3600, "fffff1f0", "RFC 2132 section 3.4: two's complement"),
    "time-servers": ("10.0.0.1", "0a000001", "RFC 2132 section 3.6"),
    "log-servers": (["10.0.0.1", "10.0.0.2"], "0a0000010a000002", "RFC 2132 section 3.9"),
    "lpr-servers": ("10.0.0.1, 10.0.0.2", "0a0000010a000002", "RFC 2132 section 3.11"),
    "root-path": ("/srv", "2f737276", "RFC 2132 section 3.19"),
    "default-ip-ttl": (64, "40", "RFC 2132 section 4.5"),
    "interface-mtu": (9000, "2328", "RFC 2132 section 5.1"),
    "nis-domain": ("nis", "6e6973", "RFC 2132 section 8.1"),
    "nis-servers": ("10.0.0.1", "0a000001", "RFC 2132 section 8.2"),
    "netbios-name-servers": ("10.0.0.1", "0a000001", "RFC 2132 section 8.5"),
    "netbios-node-type": (8, "08", "RFC 2132 section 8.7: an H-node"),
    "pcode": ("EST5EDT4,M3.2.0/02:00,M11.1.0/02:00", None, "RFC 4833 section 2: text, as in its example"),
    "tcode": ("Europe/Zurich", "4575726f70652f5a7572696368", "RFC 4833 section 2, its example"),
    "domain-search": (
        ["eng.apple.com", "marketing.apple.com"],
        "03656e67056170706c6503636f6d00096d61726b6574696e67c004",
        "RFC 3397 section 3, its example: the second name ends in a pointer to the first one's octet 4",
    ),
    "tftp-server-address": ("10.0.0.5", "0a000005", "RFC 5859 section 3"),
    "loader-configfile": ("a.cfg", "612e636667", "RFC 5071 section 4"),
    "loader-pathprefix": ("/pxe/", "2f7078652f", "RFC 5071 section 5"),
    "loader-reboottime": (30, "0000001e", "RFC 5071 section 6"),
}
CODES = {
    "time-offset": 2,
    "time-servers": 4,
    "log-servers": 7,
    "lpr-servers": 9,
    "root-path": 17,
    "default-ip-ttl": 23,
    "interface-mtu": 26,
    "nis-domain": 40,
    "nis-servers": 41,
    "netbios-name-servers": 44,
    "netbios-node-type": 46,
    "pcode": 100,
    "tcode": 101,
    "domain-search": 119,
    "tftp-server-address": 150,
    "loader-configfile": 209,
    "loader-pathprefix": 210,
    "loader-reboottime": 211,
}


def sent(**options: object) -> dict[int, bytes]:
    """Return what is sent for options that have nothing wrong with them."""
    found = read_extra_options(json.dumps(options))
    assert found.problems == ()
    return {option.code: option.value for option in found.options}


def wrong(text: str) -> list[str]:
    """Return the problems with an annotation, each as KEY: MESSAGE."""
    found = read_extra_options(text)
    return [f"{key}: {message}" for key, _value, message in found.problems]


def test_every_option_has_its_form_and_code():
    assert set(FORMS) == set(CODES) == set(OPTIONS)


def test_documentation_has_every_option_and_type():
    rows = re.findall(r"^\| `([a-z-]+)` \| ([0-9]+) \| ([a-z0-9]+) \|", PAGE, re.MULTILINE)
    assert {name: (int(code), kind) for name, code, kind in rows} == OPTIONS
    types = re.search(r"\| type \| example \| \|\n(.*?)\n\n", PAGE, re.DOTALL)[1]
    assert re.findall(r"`([a-z0-9]+)`", "".join(re.findall(r"^\|([^|]+)\|", types, re.MULTILINE))) == list(TYPES)
    for example in re.findall(r"`(\"224\": \".*?\")`", types):
        assert wrong(f"{{{example}}}") == []


@pytest.mark.parametrize("place", ["          ", "      "])  # in the manifest, and in the inventory
def test_documentation_s_example_is_taken(place):
    example = re.search(rf"^{place}interface-mtu: .*?(?=\n\n)", PAGE, re.MULTILINE | re.DOTALL)[0]
    assert wrong(example) == []
    assert len(read_extra_options(example).options) == 3


@pytest.mark.parametrize("name", OPTIONS)
def test_option_by_its_name_and_by_its_code(name):
    value, octets, _source = FORMS[name]
    expected = {CODES[name]: value.encode() if octets is None else bytes.fromhex(octets)}
    assert sent(**{name: value}) == expected
    assert sent(**{name.replace("-", "_").upper(): value}) == expected
    assert sent(**{str(CODES[name]): value}) == expected
    kind = OPTIONS[name][1]
    if not isinstance(value, list):
        assert sent(**{name: f"{kind}:{value}"}) == expected
    assert sent(**{name: f"hex:{next(iter(expected.values())).hex(' ')}"}) == expected


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        ("ip:10.0.0.5", "0a000005"),
        ("ip:10.0.0.5, 10.0.0.6", "0a0000050a000006"),
        ("uint8:255", "ff"),
        ("uint16:9000", "2328"),
        ("uint32:4294967295", "ffffffff"),
        ("int32:-1", "ffffffff"),
        ("bool:true", "01"),
        ("bool:false", "00"),
        ("text:ip:10.0.0.5", "69703a31302e302e302e35"),
        ("domains:a.example b.a.example", "01610765786 16d706c6500 0162c000".replace(" ", "")),
        ("hex:01ff", "01ff"),
        ("hex:01 FF", "01ff"),
        ("hex:01:ff", "01ff"),
    ],
)
def test_option_without_a_name_says_its_type(value, octets):
    assert sent(**{"224": value}) == {224: bytes.fromhex(octets)}


def test_text_that_looks_typed_stays_what_it_is():
    assert sent(**{"root-path": "ip:10.0.0.5:/srv"}) == {17: b"ip:10.0.0.5:/srv"}
    assert sent(**{"root-path": "text:hex:00"}) == {17: b"hex:00"}


def test_yaml_as_people_write_it_into_a_manifest():
    text = (
        "interface-mtu: 9000\n150: ip:10.0.0.5\ndomain-search:\n- lab.example\n- example\nalways: [150, interface-mtu]"
    )
    assert read_extra_options(text).options == (
        ExtraOption(26, b"\x23\x28", always=True),
        ExtraOption(150, b"\x0a\0\0\5", always=True),
        ExtraOption(119, b"\3lab\7example\0\xc0\4"),
    )
    assert wrong(text) == []


def test_everything_that_is_wrong_is_told_at_once_and_the_rest_is_sent():
    text = json.dumps(
        {
            "interface-mtu": "9k",
            "mtu": 9000,
            "ntp-servers": "10.0.0.1",
            "53": "hex:01",
            "43": "hex:01",
            "300": "hex:01",
            "224": "abc",
            "225": "hex:0",
            "time-servers": "ntp.example",
            "tcode": "",
            "pcode": "a\nb",
            "root-path": 5,
            "log-servers": [1],
            "domain-search": "a..b",
            "228": "bool:maybe",
            "226": f"text:{'x' * 256}",
            "227": "hex:01",
            "always": ["227", "99"],
        }
    )
    assert wrong(text) == [
        "interface-mtu: should be a whole number from 0 to 65535",
        "mtu: is no option that bootd has a name for: should this be interface-mtu?",
        "ntp-servers: option 42 can't be given here: it is spec.interfaces[0].dhcp.time_servers",
        "53: option 53 can't be given here: it is part of how DHCP itself works",
        "43: option 43 can't be given here: it is how bootd tells clients what to boot",
        "300: should be a code from 1 to 254",
        f"224: needs its type before it, as in {EXAMPLES}; types are {', '.join(TYPES)}",
        "225: should be pairs of hexadecimal digits, as in hex:01ff",
        f"time-servers: 'ntp.example' {values.server('ntp.example')}",
        "tcode: is empty, which no option is",
        "pcode: has control characters",
        "root-path: should be text: put it in quotes",
        "log-servers: should be text, or a list of texts",
        "domain-search: 'a..b' should be a domain name",
        "228: should be true or false",
        "226: takes 256 bytes; an option has room for 255",
        "always: is not among the options given beside it",
    ]
    assert read_extra_options(text).options == (ExtraOption(227, b"\1", always=True),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9000", "should be a mapping of options to values"),
        ("[1]", "should be a mapping of options to values"),
        ("{a: [", "should be a mapping of options to values"),
        ("a: 1\n---\nb: 2", "should be a mapping of options to values"),
        ("interface-mtu: 1\ninterface-mtu: 2", "line 2: "),
        ("x" * (MAX_TEXT + 1), "is longer than 16384 characters"),
        (json.dumps({str(code): f"text:{'x' * 250}" for code in range(224, 229)}), "more than 1024 bytes in all"),
        ('{"150": "ip:10.0.0.5", tftp-server-address: 10.0.0.6}', "given twice, by its name and by its code"),
        ("{always: 150}", "should be a list of keys of this mapping"),
    ],
)
def test_annotation_that_is_no_such_mapping(text, message):
    (told,) = wrong(text)
    assert message in told


@pytest.mark.parametrize("code", [code for code in range(256) if code in REFUSED])
def test_what_bootd_or_the_protocol_decides_is_refused(code):
    (told,) = wrong(json.dumps({str(code): "hex:00"}))
    assert f"option {code} can't be given here: " in told


def test_refused_are_all_that_bootd_sends_by_itself_but_the_log_and_search_options():
    """52, 56 and 57 included: RFC 2132 section 9. An object may name log servers for others than iPXE, and domains."""
    by_itself = {1, 3, 6, 12, 15, 28, 42, 43, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 66, 67, 82, 97, 121, 175}
    assert by_itself <= set(REFUSED)
    assert not {7, 119} & set(REFUSED)


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    assert not {option.code for option in read_extra_options(text).options} & set(REFUSED)


@given(
    st.dictionaries(st.integers(1, 254).filter(lambda code: code not in REFUSED), st.binary(min_size=1, max_size=16))
)
def test_octets_are_sent_as_they_are(octets):
    assert sent(**{str(code): f"hex:{value.hex()}" for code, value in octets.items()}) == octets


def test_object_is_served_with_what_is_right_and_checked_for_what_is_not():
    document = {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": "a", "annotations": {"netboot.baremetal/dhcp-options": "{interface-mtu: 9000, x: 1}"}},
        "spec": {
            "interfaces": [
                {
                    "dhcp": {
                        "mac": "58:47:ca:71:d8:49",
                        "ip": {"address": "10.10.0.16", "netmask": "255.255.255.0", "gateway": "10.10.0.1"},
                    },
                    "netboot": {"allowPXE": False},
                }
            ]
        },
    }
    machine = machine_from_object(document)
    assert machine.interfaces[0].extra_options == (ExtraOption(26, b"\x23\x28"),)
    assert not is_as_written(document, machine)
    (problem,) = check_document(Document(document))
    assert problem.path == f"{PATH}.x"
    document["metadata"]["annotations"]["netboot.baremetal/dhcp-options"] = "{interface-mtu: 9000}"
    assert is_as_written(document, machine_from_object(document))
    assert list(check_extra_options("")) == []
