# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML: what is read is what PyYAML's safe loader reads, but for dates and numbers of base 60."""

from __future__ import annotations

import contextlib
import datetime
import math

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from _bootd.hardware import yaml_reader
from _bootd.hardware.yaml_reader import MAX_ALIASED, MAX_DEPTH, Unreadable, read_yaml, resolve
from samples.documents import PLAIN, YAML_LIKE


def read(text: str):
    """Return the only document of ``text``."""
    (document,) = read_yaml(text)
    return document.value


@pytest.fixture(params=["libyaml", "python"])
def parser(request, monkeypatch):
    """Both parsers that PyYAML may have."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    return request.param


@given(PLAIN, st.booleans(), st.sampled_from([2, 4]))
def test_read_yaml_agrees_with_the_safe_loader_on_what_it_dumped(value, flow, indent):
    dumped = yaml.safe_dump(value, default_flow_style=flow, indent=indent, allow_unicode=True)
    assert read(dumped) == yaml.safe_load(dumped)


@given(YAML_LIKE)
def test_read_yaml_accepts_what_the_safe_loader_accepts(text):
    with contextlib.suppress(yaml.YAMLError, ValueError, TypeError):
        expected = list(yaml.safe_load_all(text))
        assume(all(is_plain(value) for value in expected))
        with contextlib.suppress(Unreadable):
            found = list(read_yaml(text))
            if not any(document.doubts for document in found):
                assert [document.value for document in found] == expected


def is_plain(node) -> bool:
    """Whether ``node`` has nothing that is read otherwise here on purpose: dates, keys that are no text, base 60."""
    if isinstance(node, dict):
        return all(isinstance(key, str) and is_plain(value) for key, value in node.items())
    if isinstance(node, list):
        return all(is_plain(item) for item in node)
    base_60 = isinstance(node, int) and abs(node) == 45296  # 12:34:56
    return not isinstance(node, (bytes, datetime.date, set, tuple)) and not base_60


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("58:47:ca:71:d8:49", "58:47:ca:71:d8:49"),
        ("12:34:56:12:34:56", "12:34:56:12:34:56"),
        ("10:20:30.5", "10:20:30.5"),
        ("2024-01-01", "2024-01-01"),
        ("10.10.0.16", "10.10.0.16"),
        ("v1.2.0", "v1.2.0"),
        ("1.2", 1.2),
        ("1_000", 1000),
        ("0x1F", 31),
        ("-0b101", -5),
        ("017", 15),
        ("018", "018"),
        ("0b_", "0b_"),
        ("-0", 0),
        ("+1.5e+3", 1500.0),
        ("1e3", "1e3"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("9" * 5000, "9" * 5000),
        ("yes", True),
        ("Off", False),
        ("oN", "oN"),
        ("~", None),
        ("", None),
        ("=", "="),
    ],
)
def test_resolve_plain_scalar(text, value):
    found = resolve(text)
    assert found == value and type(found) is type(value)


@given(st.text("0123456789abxe+-._:", max_size=10))
def test_resolve_agrees_with_the_safe_loader(text):
    try:
        expected = yaml.safe_load(f"{text}")
    except (yaml.YAMLError, ValueError):
        return
    assume(isinstance(expected, (str, int, float)) and ":" not in text and text.strip("-. "))
    found = resolve(text)
    assert found == expected or repr(found) == repr(expected) == "nan"


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("base: &b {x: 1, y: 2}\nm:\n  <<: *b\n  y: 3", {"base": {"x": 1, "y": 2}, "m": {"x": 1, "y": 3}}),
        ("m:\n  <<: [{x: 1}, {x: 2, y: 2}]", {"m": {"x": 1, "y": 2}}),
        ('"<<": 1', {"<<": 1}),
        (
            "a: !!str 1\nb: !!int '2'\nc: !!float 3\nd: !!null ''\ne: !!bool yes",
            {"a": "1", "b": 2, "c": 3.0, "d": None, "e": True},
        ),
        ("1: a\nyes: b\n~: c", {"1": "a", "yes": "b", "~": "c"}),
        ("! x", "x"),
    ],
)
def test_read_yaml_meaning(text, value):
    assert read(text) == value


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\n\tb: 2", 1, "tab"),
        ("a:\n  - b\n c: d", 2, "not YAML"),
        ("a: !!python/object/apply:os.system [id]", 0, "tag"),
        ("a: !thing x", 0, "tag"),
        ("a: !!set {b}", 0, "tag"),
        ("a: !!binary aGk=", 0, "tag"),
        ("a: !!int x", 0, "tag"),
        ("? [a]\n: b", 0, "key"),
        ("*a : b", 0, "key"),
        ("a: *b", 0, "nothing"),
        ("a: &b [*b]", 0, "part of"),
        ("a:\n  <<: 5", 1, "<<"),
        ("a: \x07", 0, "not text"),
        ("a: [b", 1, "not YAML"),
    ],
)
def test_read_yaml_unreadable_says_where(text, line, reason):
    with pytest.raises(Unreadable, match=reason) as caught:
        list(read_yaml(text))
    assert abs(caught.value.line - line) <= 1


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("escape", ['"\\UFFFFFFFF"', '"\\ud800"', '"\\U00110000"', '"\\xZZ"'])
def test_read_yaml_escape_that_is_no_character(escape):
    with contextlib.suppress(Unreadable):
        list(read_yaml(f"a: {escape}"))


@pytest.mark.usefixtures("parser")
def test_read_yaml_key_given_twice_is_told_and_the_last_counts():
    (document,) = read_yaml("a: 1\nb:\n  c: 1\n  c: 2\na: 3")
    assert document.value == {"a": 3, "b": {"c": 2}}
    assert [line for line, _unused in document.doubts] == [3, 4]


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 5000 + "x"])
def test_read_yaml_refuses_what_is_nested_without_end(text):
    """Whoever stops first says so in its own words: the parser has a limit, too, from libyaml 0.2.6 on."""
    with pytest.raises(Unreadable):
        list(read_yaml(text))


def test_read_yaml_nested_too_deep():
    with pytest.raises(Unreadable, match=f"deeper than {MAX_DEPTH} levels"):
        list(read_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)))
    (document,) = read_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert not document.doubts


def test_read_yaml_aliases_are_bounded():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join(['*' + chr(ord(name) - 1)] * 10)}]\n" for name in "bcdefgh"
    )
    with pytest.raises(Unreadable, match=str(MAX_ALIASED)):
        list(read_yaml(bomb))


def test_read_yaml_aliases_within_bounds_share_their_value():
    value = read("a: &a {x: 1}\nb: [*a, *a]")
    assert value["b"][0] is value["b"][1] is value["a"]


@given(st.text(max_size=200))
def test_read_yaml_any_text_is_read_or_unreadable(text):
    with contextlib.suppress(Unreadable):
        for document in read_yaml(text):
            repr(document.value)


@given(YAML_LIKE)
def test_read_yaml_parsers_agree(text):
    def outcome():
        try:
            return [document.value for document in read_yaml(text)]
        except Unreadable:
            return Unreadable

    first = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_reader, "_event_source", yaml.SafeLoader)
        second = outcome()
    # libyaml and the parser in Python differ in what they refuse, never in what it means.
    assert Unreadable in (first, second) or first == second


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("text", ["- a\n" * 11, "a: [" + "x," * 11 + "]", "".join(f"k{n}: v\n" for n in range(11))])
def test_read_yaml_values_are_bounded(monkeypatch, text):
    monkeypatch.setattr(yaml_reader, "MAX_VALUES", 10)
    with pytest.raises(Unreadable, match="values in one document"):
        list(read_yaml(text))


def test_read_yaml_aliased_documents_say_so():
    assert [document.aliased for document in read_yaml("a: &x 1\n---\na: &x 1\nb: *x")] == [False, True]
