# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Answers given while a request is read: aiohttp's parser, which hands on what is not answered already.

For a request that is handed on aiohttp makes objects and a task, which take longer than to send what is prepared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

# What aiohttp's parser has read of a request, RawRequestMessage, and its body.
Message = tuple[Any, Any]


class Prepared(Protocol):
    """What answers a plain GET of HTTP/1.1."""

    def __call__(self, target: str, headers: tuple[tuple[bytes, bytes], ...], /) -> bytes | None:
        """Return the response, by the target and the headers as they were sent; None where a route has to make it."""


class Client(Protocol):
    """The connection that the requests come by."""

    def may_answer(self) -> bool:
        """Return whether nothing is left to be answered, or to be taken, from before."""

    def send_at_once(self, octets: bytes) -> None:
        """Send a whole response."""

    def handed_on(self, requests: int) -> None:
        """Take note of requests that something else will answer."""


class AnsweringParser:
    """``parser``, aiohttp's, which answers by ``prepared`` what comes alone. All else of it is as it is."""

    def __init__(self, parser: Any, client: Client, prepared: Prepared) -> None:
        self._parser, self._client, self._prepared = parser, client, prepared
        self.message_consumed = parser.message_consumed

    def feed_data(self, data: bytes) -> tuple[Sequence[Message], bool, bytes]:
        """Return the requests in ``data`` that are to be answered, whether the connection is upgraded, and the rest."""
        try:
            messages, upgraded, tail = self._parser.feed_data(data)
        except Exception:
            self._client.handed_on(1)  # aiohttp makes a request of it
            raise
        if len(messages) == 1 and self._client.may_answer():
            message, _body = messages[0]
            if message.method == "GET" and message.version == (1, 1) and not message.should_close and not upgraded:
                octets = self._prepared(message.path, message.raw_headers)
                if octets is not None:
                    self._parser.message_consumed()
                    self._client.send_at_once(octets)
                    return (), upgraded, tail
        self._client.handed_on(len(messages))
        return messages, upgraded, tail

    def __getattr__(self, name: str) -> Any:
        """Return whatever else aiohttp's parser has."""
        return getattr(self._parser, name)
