# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of the log hold no secret, whoever wrote the text that is in them, are one line each, and hold nobody up."""

from __future__ import annotations

import contextlib
import io
import json
import os
from enum import IntEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.process import log as log_module
from _bootd.process.log import LEVELS, MAX_FIELD, Log


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "text",
    [
        "password: hush",
        '{"token": "hush"}',
        f"GET http://h/configuration/58-47-ca-71-d8-49/{'hush' * 11} gave 404",
        "x" * (MAX_FIELD - 12) + " password=hush",
    ],
)
def test_log_masks_what_it_is_given(form, text):
    stream = io.StringIO()
    Log(form, "info", stream).info("report", machine="um790-1", reason=text, size=5)
    (line,) = stream.getvalue().splitlines()
    assert "hush" not in line
    assert "um790-1" in line


@pytest.mark.parametrize("level", LEVELS)
def test_log_says_beforehand_whether_it_writes_at_debug(level):
    stream = io.StringIO()
    log = Log("json", level, stream)
    log.debug("recv", mac="58:47:ca:71:d8:49")
    assert log.wants_debug == (level == "debug") == bool(stream.getvalue())


@pytest.fixture
def slow():
    """A pipe whose reader has not read yet: the stream to write to, and the end to read from."""
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as stream, open(reading, encoding="utf-8") as reader:
        yield stream, reader


def test_nobody_waits_for_a_reader_that_is_slow_and_no_line_is_lost(slow):
    stream, reader = slow
    log = Log("json", "info", stream)
    for number in range(2000):
        log.info("stage", number=number, reason="x" * 100)
    assert log.flush(0) > 0
    # Nothing more is logged: what waits comes all the same.
    assert [line["number"] for line in lines(reader, 2000)] == [*range(2000)]
    assert log.flush(10) == 0
    log.info("ready")
    assert [line["event"] for line in lines(reader, 1)] == ["ready"]


def test_a_line_that_is_longer_than_the_room_for_it_holds_nobody_up(slow):
    stream, reader = slow
    log = Log("json", "info", stream)
    fields = {f"field_{number}": "\u00e4" * MAX_FIELD for number in range(5)}  # 30 KB of JSON
    for number in range(20):
        log.info("long", number=number, **fields)
    assert log.flush(0) > 0
    assert [(line["number"], line["field_4"]) for line in lines(reader, 20)] == [
        (number, fields["field_4"]) for number in range(20)
    ]


def test_a_reader_that_goes_away_holds_nobody_up():
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as stream:
        log = Log("json", "info", stream)
        for number in range(2000):
            log.info("stage", number=number, reason="x" * 100)
        os.close(reading)
        assert log.flush(10) == 0
        log.info("ready")
        with contextlib.suppress(BrokenPipeError):
            stream.close()


def test_of_a_slow_reader_debug_is_left_out_first_and_counted(slow):
    stream, reader = slow
    log = Log("json", "debug", stream)
    for number in range(10_000):
        log.debug("recv", number=number, reason="x" * 100)
    log.info("stage", stage="script")
    found = []
    while not found or found[-1]["event"] != "log_left_out":
        found += lines(reader, 1)
    debug = [line["number"] for line in found if line["event"] == "recv"]
    assert debug == list(range(len(debug)))
    assert found[-1]["lines"] == log.left_out == 10_000 - len(debug) > 0
    assert [line["stage"] for line in found if line["event"] == "stage"] == ["script"]


def test_what_waits_for_a_slow_reader_has_a_bound(slow, monkeypatch):
    monkeypatch.setattr(log_module, "MAX_WAITING", 10)
    stream, reader = slow
    log = Log("json", "info", stream)
    for number in range(2000):
        log.info("stage", number=number, reason="x" * 100)
    assert len(log._waiting) == 10
    while log.flush(0):
        lines(reader, 1)


def test_lines_that_wait_for_each_other_are_written_together_and_in_their_order():
    class Stream(io.StringIO):
        writes = 0

        def write(self, text):
            self.writes += 1
            return super().write(text)

    stream = Stream()
    log = Log("json", "info", stream)
    with log.gathered:
        for number in range(100):
            log.info("stage", number=number, reason="x" * 5000 if number == 50 else "short")
        with log.gathered:
            log.info("stage", number=100)
        assert stream.writes == 0
    assert [json.loads(line)["number"] for line in stream.getvalue().splitlines()] == list(range(101))
    assert stream.writes < 10
    with contextlib.suppress(ZeroDivisionError), log.gathered:
        log.info("stage", number=1 // 1)
        log.info("stage", number=1 // 0)
    log.info("stage", number=102)
    assert [json.loads(line)["number"] for line in stream.getvalue().splitlines()[101:]] == [1, 102]


VALUES = st.one_of(
    st.text(),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.lists(st.integers()),
    st.sampled_from([IntEnum("Number", "one").one, Path("/a"), {"a": None}]),
)


@given(st.floats(0, 1e11), st.text(), st.dictionaries(st.text(), VALUES))
def test_a_line_in_json_is_what_json_makes_of_it(now, event, fields):
    fields = {name: value for name, value in fields.items() if name not in ("ts", "level", "event")}
    expected = {"ts": round(now, 6), "level": "info", "event": event, **fields}
    assert log_module._as_json(now, "info", event, fields) == json.dumps(expected, default=str)


def lines(reader, count):
    """Return the next lines of the pipe, as soon as they are there."""
    return [json.loads(reader.readline()) for _each in range(count)]


@pytest.mark.parametrize("form", ["json", "text"])
def test_log_one_event_is_one_line_whatever_a_client_sent(form):
    stream = io.StringIO()
    Log(form, "debug", stream).info("recv", vendor='PXE"\n{"event":"forged"}\x1b[2J\r\u2028', mac=None)
    assert stream.getvalue().count("\n") == 1
    assert not set("\x1b\r\u2028") & set(stream.getvalue())
    assert "mac" not in stream.getvalue()


def test_log_json_keeps_types_and_bounds_long_fields():
    stream = io.StringIO()
    Log("json", "info", stream).info("http", status=200, uri="x" * 100_000)
    line = json.loads(stream.getvalue())
    assert (line["level"], line["event"], line["status"], len(line["uri"])) == ("info", "http", 200, 1024)


def test_log_below_its_level_is_silent():
    stream = io.StringIO()
    Log("json", "warning", stream).info("recv")
    assert stream.getvalue() == ""


def test_log_on_a_closed_stream_does_not_raise():
    stream = io.StringIO()
    stream.close()
    Log("json", "info", stream).info("recv")
