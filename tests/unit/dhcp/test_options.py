# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What option values mean, and what is no value at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.dhcp import options as opt


@pytest.mark.parametrize("value", [None, b"", b"\1\2\3", b"\1\2\3\4\5"])
def test_fixed_size_readers_ignore_other_sizes(value):
    assert opt.ipv4(value) is None
    assert opt.uint(value, 4) is None


def test_fixed_size_readers():
    assert opt.ipv4(b"\n\n\0\x14") == "10.10.0.20"
    assert opt.uint(b"\5\xdc", 2) == 1500
    assert opt.uint16_list(b"\0\7\0\x10") == (7, 16)


@pytest.mark.parametrize("value", [None, b"", b"\0", b"\0\7\0"])
def test_uint16_list_wants_whole_numbers(value):
    assert opt.uint16_list(value) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (b"", ""), (b"PXEClient\0", "PXEClient"), (b"\xff\xfe", "\ufffd\ufffd"), ("é".encode(), "é")],
)
def test_text(value, shown):
    assert opt.text(value) == shown


@pytest.mark.parametrize(
    ("value", "classes"),
    [
        (None, ()),
        (b"", ()),
        (b"iPXE", (b"iPXE",)),
        (b"\4iPXE", (b"iPXE",)),
        (b"Tinkerbell", (b"Tinkerbell",)),
        (b"\4iPXE\12Tinkerbell", (b"iPXE", b"Tinkerbell")),
        (b"\4iPX", (b"\4iPX",)),  # cut short: no list, so one class
        (b"\0\4iPXE", (b"\0\4iPXE",)),  # RFC 3004 forbids empty classes
        (b"\0", ()),
        # NULs at the end of a text are none of it, wherever the text ends: RFC 2132 section 2.
        (b"iPXE\0", (b"iPXE",)),
        (b"iPXE\0\0\0", (b"iPXE",)),
        (b"\4iPXE\0", (b"iPXE",)),
        (b"\5iPXE\0", (b"iPXE",)),
        (b"\5other\5iPXE\0", (b"other", b"iPXE")),
        (b"\5other\4iPXE\0", (b"other", b"iPXE")),
        (b"iP\0XE", (b"iP\0XE",)),
    ],
)
def test_user_classes(value, classes):
    assert opt.user_classes(value) == classes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", b""),
        ("ipxe.efi", b"ipxe.efi\0"),
        ("f" * 254, b"f" * 254 + b"\0"),
        ("f" * 255, b"f" * 255),  # one more octet would be a second option
        ("f" * 256, b"f" * 256 + b"\0"),
    ],
)
def test_from_boot_name_ends_with_a_nul(name, value):
    assert opt.from_boot_name(name) == value


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=300))
def test_from_boot_name_comes_back(name):
    assert opt.text(opt.from_boot_name(name)) == name


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (None, {}),
        (b"", {}),
        (b"\6\1\x08\xff", {6: b"\x08"}),
        (b"\0\0\6\1\x08", {6: b"\x08"}),
        (b"\1\0\2\1x", {1: b"", 2: b"x"}),
        (b"\1\2ab\1\2cd", {1: b"abcd"}),
        (b"\1\1a\2\5b", {1: b"a"}),  # the second is cut short
        (b"\1", {}),
        (b"\xff\1\1a", {}),
    ],
)
def test_sub_options(value, parts):
    assert opt.sub_options(value) == parts


def test_from_sub_options():
    assert opt.from_sub_options({6: b"\x08", 116: b"99"}, end=True) == b"\6\1\x08\x74\00299\xff"
    assert opt.from_sub_options({176: b"\1"}) == b"\xb0\1\1"


@given(st.dictionaries(st.integers(1, 254), st.binary(max_size=255)))
def test_sub_options_round_trip(parts):
    assert opt.sub_options(opt.from_sub_options(parts, end=True)) == parts


@given(st.binary(max_size=300))
def test_readers_take_any_bytes(value):
    assert sum(map(len, opt.sub_options(value).values())) <= len(value)
    assert sum(map(len, opt.user_classes(value))) <= len(value)
    opt.text(value)
    opt.uint16_list(value)


@pytest.mark.parametrize(
    ("domains", "value"),
    [
        (["example.org"], b"\7example\3org\0"),
        (["example.org."], b"\7example\3org\0"),
        (["a.b", "c"], b"\1a\1b\0\1c\0"),
        # RFC 3397 section 3: the example, put together again from its three options.
        (["eng.apple.com.", "marketing.apple.com."], b"\3eng\5apple\3com\0" + b"\x09marketing\xc0\4"),
        (["a.b", "a.b"], b"\1a\1b\0\xc0\0"),
        (["b", "a.b", "c.a.b"], b"\1b\0\1a\xc0\0\1c\xc0\3"),
        ([], None),
        ([""], None),
        (["a..b"], None),
        (["x" * 63 + ".org"], b"\x3f" + b"x" * 63 + b"\3org\0"),
        (["x" * 64 + ".org"], None),
        ([".".join(["abcdefg"] * 31 + ["abcde"])], b"\7abcdefg" * 31 + b"\5abcde\0"),  # 255 bytes
        ([".".join(["abcdefg"] * 31 + ["abcdef"])], None),
    ],
)
def test_from_domains(domains, value):
    assert opt.from_domains(domains) == value


def names_in(value: bytes) -> list[str]:
    """Return the names in a search list, by RFC 1035 section 4.1.4: a pointer leads to labels before it."""

    def name_at(place: int) -> tuple[list[str], int]:
        labels = []
        while value[place]:
            if value[place] >= 0xC0:
                target = int.from_bytes(value[place : place + 2], "big") & 0x3FFF
                assert target < place
                return labels + name_at(target)[0], place + 2
            labels.append(value[place + 1 : place + 1 + value[place]].decode())
            place += 1 + value[place]
        return labels, place + 1

    names, place = [], 0
    while place < len(value):
        labels, place = name_at(place)
        names.append(".".join(labels))
    return names


labels = st.text("ab", min_size=1, max_size=3)


@given(st.lists(st.lists(labels, min_size=1, max_size=4).map(".".join), min_size=1, max_size=8))
def test_from_domains_comes_back(domains):
    value = opt.from_domains(domains)
    assert names_in(value) == domains
    assert len(value) <= sum(len(domain) + 2 for domain in domains)


@pytest.mark.parametrize(
    ("destination", "router", "value"),
    [  # The examples of RFC 3442, and what is no route.
        ("0.0.0.0/0", "10.10.0.1", b"\0\n\n\0\1"),
        ("10.0.0.0/8", "10.10.0.1", b"\x08\n\n\n\0\1"),
        ("10.17.0.0/16", "10.10.0.1", b"\x10\n\x11\n\n\0\1"),
        ("10.27.129.0/24", "10.10.0.1", b"\x18\n\x1b\x81\n\n\0\1"),
        ("10.229.0.128/25", "10.10.0.1", b"\x19\n\xe5\0\x80\n\n\0\1"),
        ("10.198.122.47/32", "10.10.0.1", b"\x20\n\xc6\x7a\x2f\n\n\0\1"),
        ("10.10.0.16/24", "10.10.0.1", b"\x18\n\n\0\n\n\0\1"),
        ("10.0.0.0/33", "10.10.0.1", None),
        ("fd00::/8", "10.10.0.1", None),
        ("", "10.10.0.1", None),
        ("10.0.0.0/8", "", None),
        ("10.0.0.0/8", "gateway", None),
    ],
)
def test_from_route(destination, router, value):
    assert opt.from_route(destination, router) == value
