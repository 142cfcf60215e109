# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Cuts secrets out of text that came from outside, before anything keeps, logs or shows it. Pure.

Installers report command lines, URLs and whole lines of their configurations: what is secret in them is told by the
name it goes by, by the URL it stands in, or by its own look.
"""

from __future__ import annotations

import re

MASK = "***"
MAX_TEXT = 256  # characters of a value that somebody reports

# Each says by ``before``, and ``after``, what stays of a match.
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII | re.DOTALL)
    for pattern in (
        # A value by its name, in quotes, which may be escaped ones, or up to a space or the next field of a query.
        (
            r"(?P<before>(?:pass(?:word|wd|phrase)|token|secret|api[_-]?key|private[_-]?key|authorization|credential)"
            r"[\w-]{0,32}[\\\"']{0,8}\s{0,8}(?:[=:]|%3d|%3a)\s{0,8}(?:(?:bearer|basic)\s{1,8})?)"
            r"(?:(?P<quote>\\{0,8}[\"'])(?:(?!(?P=quote))(?:\\.|.))*(?P<after>(?P=quote)|\Z)|(?:(?!&[\w.-]+=)\S)+)"
        ),
        # The token of a URL of bootd's own, also where another URL's query has it.
        r"(?P<before>(?:/|%2f)(?:phone-home|configuration)(?:/|%2f)+(?:(?!/|%2f)\S){1,64}(?:/|%2f)+)[a-z0-9_-]{16,}",
        r"(?P<before>://[^\s/@:]{0,64}:)[^\s/@]+(?=@)",  # a URL's user and password
        r"(?P<before>-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----).*?(?=-----END|\Z)",
        r"\$(?:1|2[abxy]?|5|6|7|y|gy)\$[^\s\"',]+",  # a password's hash, crypt(5)
    )
)
# A key or a token without a name: 43 characters are 32 bytes in base64url. Digests in hexadecimal have one case only.
_RUN = re.compile(r"(?<![A-Za-z0-9_-])(?=[A-Z0-9_-]*[a-z])(?=[a-z0-9_-]*[A-Z])[A-Za-z0-9_-]{43,}", re.ASCII)
# What is no more than such a word has nothing in it that the patterns above need, nor is it long enough for a key.
_WORD = re.compile(r"[\w.-]{1,42}", re.ASCII)
# Without one of these, in lower case, there is nothing that has a name.
_HINTS = (
    *("pass", "token", "secret", "key", "authorization", "credential"),
    *("phone-home", "configuration", "@", "$"),
)


def mask(text: str) -> str:
    """Return ``text`` with MASK in the place of what looks like a password, a token or a key."""
    if may_have_secrets(text):
        for pattern in _SECRETS:
            text = pattern.sub(_masked, text)
    return _RUN.sub(MASK, text) if len(text) >= 43 else text


def clean(value: object) -> str:
    """Return ``value`` as one line of printable text without secrets, "" where it is no text, number or truth value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        return ""
    # An integer of thousands of digits is text here and never converted: Python refuses to.
    text = value if isinstance(value, str) else repr(value)
    if _WORD.fullmatch(text):
        return text
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return mask(" ".join(text.split()))[:MAX_TEXT]  # cut only then: half a secret looks like none


def may_have_secrets(text: str) -> bool:
    """Return whether ``text`` may have a secret with a name in it: quick, for whoever has much text without any."""
    lower = text.lower()
    return any(map(lower.__contains__, _HINTS))


def _masked(found: re.Match[str]) -> str:
    parts = found.groupdict()
    quote = parts.get("quote") or ""
    return f"{parts.get('before') or ''}{quote}{MASK}{parts.get('after') or ''}"
