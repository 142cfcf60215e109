# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands before aiohttp's parser, and stands aside where aiohttp has another one than is known."""

from __future__ import annotations

from types import SimpleNamespace

from _bootd.http.quick_answers import answering


class Client:
    def __init__(self):
        self.sent, self.waiting = [], 0

    def may_answer(self):
        return not self.waiting

    def send_at_once(self, octets):
        self.sent.append(octets)

    def handed_on(self, requests):
        self.waiting += requests


def message(path="/a", method="GET", version=(1, 1), should_close=False):
    return SimpleNamespace(path=path, raw_headers=(), method=method, version=version, should_close=should_close), None


def parser(*results):
    """Return a parser that reads these, one after the other, and counts what was taken of it."""
    left = list(results)
    made = SimpleNamespace(taken=0, feed_data=lambda _data: left.pop(0))
    made.message_consumed = lambda: setattr(made, "taken", made.taken + 1)
    return made


def test_what_comes_alone_is_answered_and_taken():
    client, inner = Client(), parser(([message()], False, b""))
    assert answering(inner, client, lambda _target, _headers: b"ok").feed_data(b"x") == ((), False, b"")
    assert (client.sent, client.waiting, inner.taken) == ([b"ok"], 0, 1)


def test_nothing_is_answered_once_another_protocol_was_asked_for():
    # From then on aiohttp reads while it has still to send what it was asked before.
    client, inner = Client(), parser(([message()], True, b"y"), ([message()], False, b""))
    made = answering(inner, client, lambda _target, _headers: b"ok")
    assert made.feed_data(b"x")[1:] == (True, b"y")
    client.waiting = 0
    assert len(made.feed_data(b"y")[0]) == 1
    assert (client.sent, client.waiting, inner.taken) == ([], 1, 0)


def test_a_parser_that_is_another_is_left_alone():
    for names in (("feed_data",), ("message_consumed",), ()):
        inner = SimpleNamespace(**{name: lambda *_arguments: None for name in names})
        assert answering(inner, Client(), lambda _target, _headers: b"ok") is inner
    assert answering(None, Client(), lambda _target, _headers: b"ok") is None
