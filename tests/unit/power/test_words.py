# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory may say of a BMC, and what is told of the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import Bmc, problems, read, shared

LOGIN = {"address": "10.10.9.16", "username": "admin", "password": "geheim"}
GOOD = {"type": "redfish", **LOGIN}


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        (GOOD, Bmc("redfish", "10.10.9.16", 443, "admin", "geheim")),
        ({"type": "ipmi", **LOGIN}, Bmc("ipmi", "10.10.9.16", 623, "admin", "geheim")),
        ({"type": "wol"}, Bmc("wol", port=9)),
        ({"type": "wol", "broadcast": "10.10.0.255", "port": "7"}, Bmc("wol", port=7, broadcast="10.10.0.255")),
        (
            {"type": "redfish", "host": "bmc1.example", "user": "admin", "password": 1234, "validate_certs": "no"},
            Bmc("redfish", "bmc1.example", 443, "admin", "1234", validate_certs=False),
        ),
        ({**GOOD, "boot": "http", "system": ""}, Bmc("redfish", "10.10.9.16", 443, "admin", "geheim", boot="http")),
    ],
)
def test_words_are_read(given, read_as):
    assert read(given) == read_as


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"type": "redfisch"}, ("type", "should be one of redfish, ipmi, wol")),
        ({"type": None}, ("type", "missing: should be one of redfish, ipmi, wol")),
        ({"password": ""}, ("password", "missing")),
        ({"adress": "x"}, ("adress", "unknown: should this be address?")),
        (
            {"address": "https://root:calvin@10.0.0.1"},
            ("address", "should have no user and password in it: they have words of their own"),
        ),
        ({"address": "10.10.9.16/redfish"}, ("address", "should be a host name or an address, without a path")),
        (
            {"address": "https://10.10.9.16/redfish/v1"},
            ("address", "should be a URL of a host and nothing more, as in https://10.10.9.16"),
        ),
        (
            {"address": "https://10.10.9.16:99999"},
            ("address", "should be a URL of a host and nothing more, as in https://10.10.9.16"),
        ),
        (
            {"type": "ipmi", "address": "https://10.10.9.16"},
            ("address", "should be a host name or an address, not a URL"),
        ),
        (
            {"password": True},
            ("password", "should be text: put it in quotes, for YAML takes yes, no, on and off for true or false"),
        ),
        ({"type": "ipmi", "password": "x" * 21}, ("password", "longer than the 20 bytes that IPMI has room for")),
        ({"port": 70000}, ("port", "should be a number from 1 to 65535")),
        ({"validate_certs": "perhaps"}, ("validate_certs", "should be true or false")),
        ({"boot": "usb"}, ("boot", "should be pxe or http")),
        ({"type": "ipmi", "boot": "http"}, ("boot", "http only with redfish: ipmi can't ask for it")),
        ({"type": "ipmi", "ca_path": "/ca.pem"}, ("ca_path", "only for redfish, and this is ipmi")),
        ({"broadcast": "10.10.0.255"}, ("broadcast", "only for wol, and this is redfish")),
    ],
)
def test_what_is_wrong_is_told(change, told):
    assert list(problems({**GOOD, **change})) == [told]


def test_everything_is_told_at_once_and_no_password():
    wrong = {"type": "ipmi", "user": "admin", "password": "zu-geheim-fuer-IPMI-ist-das", "port": "x", "color": "red"}
    assert [name for name, _message in problems(wrong)] == ["color", "address", "password", "port"]
    with pytest.raises(ValueError, match="address missing") as caught:
        read(wrong)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("nothing", ["redfish", ["redfish"], None, 5])
def test_other_things_than_mappings_are_told(nothing):
    assert [name for name, _message in problems(nothing)] == [""]


@given(
    st.dictionaries(st.sampled_from([*GOOD, "port", "boot", "x"]), st.none() | st.booleans() | st.text() | st.floats())
)
def test_words_are_read_or_told(words):
    if list(problems(words)):
        with pytest.raises(ValueError):  # noqa: PT011
            read(words)
    else:
        assert read(words).type in ("redfish", "ipmi", "wol")


def test_password_is_not_in_the_text_of_a_bmc():
    assert "geheim" not in repr(read(GOOD))


def test_two_machines_of_one_bmc_are_found():
    two = {"one": GOOD, "two": {**GOOD, "user": "root"}, "three": {**GOOD, "system": "2"}, "four": {"type": "wol"}}
    assert shared({**two, "five": {"type": "wol"}, "six": "x"}) == {"two": ["one"]}
