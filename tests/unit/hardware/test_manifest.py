# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests: bytes to objects and problems, whatever the bytes."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from _bootd.hardware import manifest as manifest_module
from _bootd.hardware.manifest import MAX_BYTES, MAX_VALUES, read_manifest, split
from _bootd.hardware.model import is_hardware, machine_from_object
from samples import howto
from samples.documents import OBJECT, PLAIN, YAML_LIKE


def values(text: str, file: str = "f.yaml") -> list:
    found = read_manifest(text.encode(), file)
    assert found.problems == [] and not found.broken
    return [document.value for document in found.documents]


def only_problem(data: bytes, file: str = "f.yaml"):
    found = read_manifest(data, file)
    (problem,) = found.problems
    return problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n", [{"a": 1}, {"b": 2}]),
        ("%YAML 1.1\n---\na: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("--- {a: 1}\n--- # comment\nb: 2", [{"a": 1}, {"b": 2}]),
        ("\ufeffa: 1", [{"a": 1}]),
        ("a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        ("a: |\n  x\n  --- y\n", [{"a": "x\n--- y\n"}]),
        ("a: 1\n---b: 2\n", [{"a": 1, "---b": 2}]),
        ("", []),
        ("# only a comment\n", []),
        ("null\n", []),
        ('{"a": 1}', [{"a": 1}]),
        ('[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        ("- a: 1\n- b: 2\n", [{"a": 1}, {"b": 2}]),
        ("{a: 1}", [{"a": 1}]),
        ('{"a": 1}\n---\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        ('{"kind": "List", "items": [{"a": 1}]}', [{"a": 1}]),
        ("kind: HardwareList\nitems:\n- a: 1\n- b: 2\n", [{"a": 1}, {"b": 2}]),
        ("kind: List\nitems: 5\n", [{"kind": "List", "items": 5}]),
        ('{"a": "\\ud83d\\ude00\\/"}', [{"a": "\U0001f600/"}]),
    ],
)
def test_read_manifest_forms(text, expected):
    assert values(text) == expected


def test_read_manifest_says_where_each_object_stands():
    text = "# head\na: 1\n---\n\n---\nkind: List\nitems: [{b: 1}, {c: 1}]\n"
    documents = read_manifest(text.encode(), "f.yaml").documents
    assert [(d.source, d.line) for d in documents] == [
        ("f.yaml", 2),
        ("f.yaml, document 2, item 1", 6),
        ("f.yaml, document 2, item 2", 6),
    ]


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"a: 1\n\xff\xfe", 2, "not UTF-8"),
        (b"\x7fELF\x02\x01\x01\x00\x00", 1, "not"),
        (b"\x00" * 100, 1, "not"),
        (b"a: 1\n---\nb: [\n", 3, "not YAML"),
        (b"a: 1\n\tb: 2\n", 2, "tab"),
        (b'{"a": 1,}', 1, "not JSON"),
        (b'{"a": 1}\n{"b": 2}', 2, "not JSON"),
        (b'{"a": NaN}', 1, "NaN"),
        (b"[" * 100_000, 1, "nested deeper"),
        (b'{"a":' * 100_000, 1, "nested deeper"),
        (b"[" * 200 + b"]" * 200, 1, "nested deeper"),
        (b'{"a": ' + b"9" * 5000 + b"}", 1, "not JSON"),
    ],
)
def test_read_manifest_unusable_file_is_one_problem(data, line, words):
    problem = only_problem(data, "f.json" if data[:1] in (b"{", b"[") else "f.yaml")
    assert words in problem.message
    assert abs(problem.line - line) <= 1
    assert not problem.note


def test_read_manifest_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(manifest_module, "MAX_BYTES", 10)
    assert "make several files" in only_problem(b"a: 12345678").message


def test_max_bytes_has_room_for_ten_thousand_machines():
    assert 10_000 * len(howto.HARDWARE) < MAX_BYTES


def test_read_manifest_bad_document_leaves_the_others():
    text = "a: 1\n---\nb: [\n---\nc: 3\n---\n'd\n---\ne: 5\n"
    found = read_manifest(text.encode(), "f.yaml")
    assert [document.value for document in found.documents] == [{"a": 1}, {"c": 3}, {"e": 5}]
    assert [(problem.document, problem.file) for problem in found.problems] == [(2, "f.yaml"), (4, "f.yaml")]
    assert found.broken


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", '{"a": 1, "b": 2, "a": 3}'])
def test_read_manifest_key_given_twice_is_a_problem_and_served(text):
    found = read_manifest(text.encode(), "f.json")
    assert [document.value for document in found.documents] == [{"a": 3, "b": 2}]
    assert ["given twice" in problem.message for problem in found.problems] == [True]
    assert not found.broken


def test_read_manifest_json_file_is_read_as_json_only():
    assert only_problem(b"{a: 1}", "f.json").message.startswith("not JSON")
    assert values("{a: 1}", "f.yaml") == [{"a": 1}]


def test_read_manifest_list_of_too_many_objects(monkeypatch):
    monkeypatch.setattr(manifest_module, "MAX_OBJECTS", 2)
    assert "3 objects" in only_problem(b"[{}, {}, {}]").message


@given(st.binary(max_size=300))
def test_read_manifest_any_bytes_never_raise(data):
    found = read_manifest(data, "f.yaml")
    for problem in found.problems:
        assert str(problem).isprintable()


@given(YAML_LIKE | st.text(max_size=100), st.sampled_from(["f.yaml", "f.json"]))
def test_read_manifest_any_text_never_raises(text, file):
    found = read_manifest(text.encode("utf-8", "surrogatepass"), file)
    assert found.documents or found.problems or not text.strip() or not found.broken


@given(PLAIN)
def test_read_manifest_any_json_comes_back(value):
    found = read_manifest(json.dumps({"value": value}).encode(), "f.json")
    assert [document.value for document in found.documents] == [{"value": value}]


@given(st.lists(st.sampled_from(["a: 1", "b:\n  c: [1]", "x: |\n  y", "# c\nz: 'q'"]), max_size=5))
def test_split_chunks_are_what_a_yaml_reader_sees(parts):
    text = "".join(f"---\n{part}\n" for part in parts)
    assert values(text) == list(yaml.safe_load_all(text))


def test_split_counts_lines():
    chunks, problems = split(b"# c\n---\na: 1\nb: 2\n---\nc: 3\n")
    assert problems == []
    assert [(chunk.number, chunk.line) for chunk in chunks] == [(1, 2), (2, 5)]


@pytest.mark.parametrize("form", ["yaml", "json", "flow"])
def test_walk_through_object_reads_the_same_in_every_form(form):
    text = {
        "yaml": howto.HARDWARE,
        "json": json.dumps(OBJECT),
        "flow": yaml.safe_dump(OBJECT, default_flow_style=True),
    }[form]
    (document,) = read_manifest(text.encode()).documents
    assert document.value == OBJECT
    assert is_hardware(document.value)
    assert machine_from_object(document.value).key == "tink-system/um790-1"


def many(values: str, count: int) -> bytes:
    return f"[{','.join([values] * count)}]".encode()


@pytest.mark.parametrize("value", ["[]", "{}", "0", '"x"', '{"a":[]}'])
def test_read_manifest_json_of_too_many_values_is_refused_before_any_is_made(monkeypatch, value):
    monkeypatch.setattr(manifest_module, "MAX_VALUES", 100)
    monkeypatch.setattr(manifest_module.json, "loads", None)
    assert "values in one document" in only_problem(many(value, 101), "f.json").message


@pytest.mark.parametrize("text", ["[{,", '\\"[{,', "\\\\"])
def test_read_manifest_json_counts_values_and_not_what_stands_in_text(monkeypatch, text):
    monkeypatch.setattr(manifest_module, "MAX_VALUES", 10)
    content = json.dumps({"a": text * 100}).encode()
    assert read_manifest(content, "f.json").problems == []


@pytest.mark.parametrize("text", ['["' + '\\"' * 1_000_000, '["' + "\\" * 1_000_001])
def test_read_manifest_json_text_without_end_takes_no_longer_than_it_is_long(text):
    """Were it quadratic, this test would not end."""
    assert "not JSON" in only_problem((text + "," * MAX_VALUES).encode(), "f.json").message


def test_max_values_has_room_for_ten_thousand_machines_with_kubernetes_bookkeeping():
    assert 10_000 * 3 * json.dumps(OBJECT).count(":") < MAX_VALUES
