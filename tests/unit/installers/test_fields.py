# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The allow-lists for values that go into iPXE scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.installers import fields
from _bootd.installers.fields import FieldError


@pytest.mark.parametrize(
    "value",
    [
        "http://10.10.0.2/harvester",
        "https://releases.rancher.com/harvester",
        "http://boot.example:8080/a%20b/c?d=e&f=g",
        "tftp://10.10.0.20/x",
        "http://h",
    ],
)
def test_url_usable_comes_back_as_it_is(value):
    assert fields.url("f", value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "10.10.0.2/harvester",
        "file:///etc/shadow",
        "nfs://h/x",
        "HTTP//x",
        "http://",
        "http://user:secret@h/x",
        "http://h/x y",
        "http://h/x\n",
        "http://h/x\rreboot",
        "http://h/\0",
        "http://h/${net0/mac}",
        "http://h/x#params",
        "http://h/x##params",
        "http://h/x\\",
        "http://h:0/",
        "http://h:65536/",
        "http://h:1x/",
        "http://h/\u00fc",
    ],
)
def test_url_unusable_is_refused_and_not_repeated(value):
    with pytest.raises(FieldError) as caught:
        fields.url("netboot.ipxe.url", value)
    assert str(caught.value).startswith("netboot.ipxe.url ")
    assert value == "" or value not in str(caught.value)


def test_base_url_with_query_is_refused():
    with pytest.raises(FieldError):
        fields.base_url("f", "http://h/x?y=z")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("vmlinuz", "http://h/b/vmlinuz"), ("a/b-1.0", "http://h/b/a/b-1.0"), ("http://i/k", "http://i/k")],
)
def test_path_or_url_joins_below_the_base(value, expected):
    assert fields.path_or_url("f", value, "http://h/b/", "base") == expected


@pytest.mark.parametrize("value", ["../x", "a/../x", "/abs", "a//b", "a b", "", "a?b", "a\n", "-x"])
def test_path_or_url_outside_the_base_is_refused(value):
    with pytest.raises(FieldError):
        fields.path_or_url("f", value, "http://h/b", "base")


def test_path_or_url_without_base_names_the_base():
    with pytest.raises(FieldError, match=r"^base is missing"):
        fields.path_or_url("f", "vmlinuz", "", "base")


@pytest.mark.parametrize("value", ["http://h/", "http://h/;", "http://h/&&", "http://h/-n", "http://h/.x"])
def test_file_name_that_is_no_word_is_refused(value):
    with pytest.raises(FieldError):
        fields.file_name("f", value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("a  b\tc\nd", ["a", "b", "c", "d"]),
        ('a "b c" d', ["a", '"b c"', "d"]),
        ("boot_cmd='echo on >> /x' b", ["boot_cmd='echo on >> /x'", "b"]),
        ('a="it\'s one" b', ['a="it\'s one"', "b"]),
        ("ds=nocloud;s=http://h/", ["ds=nocloud;s=http://h/"]),
        ("a=b#c d=$e f=\\g", ["a=b#c", "d=$e", "f=\\g"]),
    ],
)
def test_kernel_arguments_split_like_the_kernel(value, expected):
    assert fields.kernel_arguments("f", value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "a || b",
        "a && b",
        "a ; b",
        "#!ipxe",
        "a #b",
        "a=${net0/mac}",
        "a\\\nb",
        "a\\",
        "a\0",
        "a\x1b[2J",
        "a\x0bb",
        "\u00e9",
    ]
    + ['a="b', "it's", 'boot_cmd="a || b"'],
)
def test_kernel_arguments_with_a_meaning_to_ipxe_are_refused(value):
    with pytest.raises(FieldError, match=r"^f "):
        fields.kernel_arguments("f", value)


@pytest.mark.parametrize("value", ["token=hush${x}", "token=hush\\", "token='hush", "ok token=${hush}"])
def test_kernel_arguments_error_names_the_key_and_hides_the_value(value):
    with pytest.raises(FieldError) as caught:
        fields.kernel_arguments("f", value)
    assert "token" in str(caught.value)
    assert "hush" not in str(caught.value)


@given(st.text())
def test_kernel_arguments_accepted_text_survives_ipxe_word_by_word(value):
    try:
        arguments = fields.kernel_arguments("f", value)
    except FieldError:
        return
    words = " ".join(arguments).split()
    assert words == value.split()
    assert not [word for word in words if word in ("&&", "||", ";") or word.startswith("#") or "${" in word]
    assert not " ".join(arguments).endswith("\\")


@given(st.text())
def test_text_is_harmless_on_any_line(value):
    shown = fields.text(value)
    assert not set(shown) & set("\n\r\0$#&|;\\{}\"'`")
    assert len(shown) <= 200
