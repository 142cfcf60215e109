# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a report says, in any form it is sent in. Pure; what comes out is short, printable text without secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..decisions.events import PhoneHome
from ..ipxe.reports import read_fields
from ..process.masking import clean

MAX_QUERY = 8192  # octets
JSON = ("", "application/json")
FORM = "application/x-www-form-urlencoded"


class BadBody(Exception):
    """A body or a query that can't be read; ``status`` is the answer's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def media_type(content_type: str) -> str:
    """Return the type of a Content-Type header, without parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def read_query(query: str) -> dict[str, str]:
    """Return the fields of a query or a form; of a repeated one the last. Raises BadBody."""
    if len(query) > MAX_QUERY:
        raise BadBody(400, f"more than {MAX_QUERY} octets")
    return _form(query)


def read_body(content_type: str, body: bytes) -> dict[str, object]:
    """Return the fields of a report's ``body``, none where it is empty. Raises BadBody.

    As in Boots: JSON, also where no type is given, or a form. A form that is a JSON object is taken for one, because
    ``curl --data`` calls everything a form.
    """
    kind = media_type(content_type)
    if kind.startswith("multipart/"):
        raise BadBody(415, "multipart bodies are not read; send JSON or a form")
    if not body.strip():
        return {}
    if kind not in (*JSON, FORM):
        raise BadBody(400, "a report is JSON or a form")
    if kind in JSON or body.lstrip().startswith(b"{"):
        return _object(body)
    try:
        return dict(_form(body.decode("utf-8")))
    except UnicodeDecodeError:
        raise BadBody(400, "not UTF-8") from None


def reason_in(content_type: str, body: bytes) -> str:
    """Return the reason that an installer's report gives, in whatever form; raises BadBody for multipart only."""
    try:
        fields = read_body(content_type, body)
    except BadBody as error:
        if error.status == 415:
            raise
        # The outcome is in the URL: a body that is badly written must not lose it.
        return clean(body.decode("utf-8", "replace"))
    return clean(fields.get("reason")) or clean(fields.get("message"))


def phone_home(fields: Mapping[str, object]) -> PhoneHome:
    """Return a Boots phone-home.

    No type means ``phone-home``. What came as ``password`` is neither kept nor shown, only that it came.
    """
    kind = clean(fields.get("type")) or ("password" if "password" in fields else "phone-home")
    reason = clean(fields.get("reason")) or clean(fields.get("message")) or clean(fields.get("body"))
    return PhoneHome(kind, reason)


def _form(text: str) -> dict[str, str]:
    try:
        return read_fields(text)
    except ValueError as error:
        raise BadBody(400, str(error)) from None


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_int=str, parse_float=str)
    except UnicodeDecodeError:
        raise BadBody(400, "not UTF-8") from None
    except ValueError:
        raise BadBody(400, "not JSON") from None
    except RecursionError:
        raise BadBody(400, "JSON nested too deep") from None
    if not isinstance(found, dict):
        raise BadBody(400, "not a JSON object")
    return found
