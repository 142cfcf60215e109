# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports in every form, well and badly written."""

from __future__ import annotations

import json
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.events import PhoneHome
from _bootd.http.report_body import BadBody, phone_home, read_body, read_query, reason_in
from _bootd.process.masking import MAX_TEXT, clean

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body", "fields"),
    [
        ("application/json", b'{"type": "failure", "n": 1}', {"type": "failure", "n": "1"}),
        ("application/json; charset=utf-8", b'{"a": "b"}', {"a": "b"}),
        ("APPLICATION/JSON", b"\xef\xbb\xbf{}", {}),
        ("", b'{"a": "b"}', {"a": "b"}),
        ("", b"", {}),
        ("text/plain", b" \n", {}),
        (FORM, b"type=failure&reason=no+disk%21", {"type": "failure", "reason": "no disk!"}),
        (FORM, b"a=1&a=2&b", {"a": "2", "b": ""}),
        (FORM, b'{"a": "b=c"}', {"a": "b=c"}),
        ("application/json", b'{"n": %s}' % (b"9" * 5000), {"n": "9" * 5000}),
    ],
)
def test_read_body(kind, body, fields):
    assert read_body(kind, body) == fields


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[1]", 400),
        ("application/json", b'"text"', 400),
        ("application/json", b"\xff", 400),
        ("application/json", b"[" * 60_000, 400),
        ("application/json", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
        ("", b"type=failure", 400),
        (FORM, b"\xff", 400),
        (FORM, b"&".join(b"a=1" for _unused in range(65)), 400),
        ("text/plain", b"hello", 400),
        ("application/xml", b"<a/>", 400),
        ("multipart/form-data; boundary=x", b"--x", 415),
        ("Multipart/Mixed", b"", 415),
    ],
)
def test_read_body_refuses(kind, body, status):
    with pytest.raises(BadBody) as caught:
        read_body(kind, body)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({}, {"type": "phone-home", "reason": ""}),
        ({"instance_id": "x"}, {"type": "phone-home", "reason": ""}),
        ({"type": "failure", "reason": "no disk", "private": True}, {"type": "failure", "reason": "no disk"}),
        (
            {"body": "Device connected", "type": "provisioning.104.01"},
            {"type": "provisioning.104.01", "reason": "Device connected"},
        ),
        ({"password": "c2VjcmV0"}, {"type": "password", "reason": ""}),
        ({"type": ["a"], "reason": {"b": 1}}, {"type": "phone-home", "reason": ""}),
        ({"type": "a\nb\x1b[2J\0", "reason": "x" * 999}, {"type": "a b [2J", "reason": "x" * MAX_TEXT}),
    ],
)
def test_phone_home(fields, kept):
    assert phone_home(fields) == PhoneHome(**kept)


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("application/json", b'{"reason": "no disk"}', "no disk"),
        ("application/json", b'{"message": "no disk", "reason": ""}', "no disk"),
        (FORM, b"reason=no+disk", "no disk"),
        ("text/plain", b"no disk\n", "no disk"),
        ("application/json", b"no disk", "no disk"),
        ("application/json", b"[" * 3000, "[" * MAX_TEXT),
        ("", b"", ""),
    ],
)
def test_reason_in(kind, body, reason):
    assert reason_in(kind, body) == reason


def test_reason_in_refuses_multipart():
    with pytest.raises(BadBody, match="multipart"):
        reason_in("multipart/form-data", b"")


def test_read_query_refuses_a_long_one():
    with pytest.raises(BadBody):
        read_query("a=" + "b" * 10_000)


def is_tame(text: str) -> bool:
    return len(text) <= MAX_TEXT and all(character.isprintable() for character in text)


def fields_or_none(read, *arguments):
    """Return what ``read`` finds, nothing where it refuses; any other exception is a fault."""
    try:
        return read(*arguments)
    except BadBody:
        return {}


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary()))
def test_clean_is_one_short_printable_line(value):
    assert is_tame(clean(value))


@given(st.sampled_from(["", "application/json", FORM, "text/plain", "multipart/x"]), st.binary(max_size=200))
def test_bodies_survive_anything(kind, body):
    assert all(is_tame(value) for value in astuple(phone_home(fields_or_none(read_body, kind, body))))
    if not kind.startswith("multipart"):
        assert is_tame(reason_in(kind, body))


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.text(), st.integers(), st.lists(st.text()))))
def test_read_body_finds_every_name(fields):
    assert read_body("", json.dumps(fields).encode()).keys() == fields.keys()


@given(st.text(max_size=200))
def test_read_query_survives_anything(query):
    assert all(map(is_tame, fields_or_none(read_query, query).values()))
