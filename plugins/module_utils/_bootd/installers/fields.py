# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a value of a Hardware object must look like before it may stand in an iPXE script: one allow-list a type.

iPXE splits a line at white space, takes the words ``&&``, ``||`` and ``;`` as ends of a command and a word that begins
with ``#`` as a comment, joins a line that ends in a backslash with the next, and expands ``${...}``. It has no quoting,
so a value that holds one of these where it counts is refused, never rewritten: the machine would boot something else.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MAX_COMMAND_LINE = 2047  # characters Linux takes on x86 and arm64: COMMAND_LINE_SIZE less its NUL

_TEXT = re.compile(r"[^A-Za-z0-9 _.,:/=@+()-]")
_URL = re.compile(
    r"(?:https?|ftp|tftp)://[A-Za-z0-9._-]+(?::[0-9]{1,5})?(?:[/?][A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?", re.ASCII
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._~+@%-]*", re.ASCII)
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._~+@%-]*(?:/[A-Za-z0-9_][A-Za-z0-9._~+@%-]*)*", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", re.ASCII)
_SPACE = " \t\r\n"
_TERMINATORS = ("&&", "||", ";")
_MAX_PORT = 65535


class FieldError(ValueError):
    """A field that can't be used; ``field`` is its path in the object. The message never repeats the value."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field


def text(value: str, limit: int = 200) -> str:
    """Return ``value`` for people to read on a console; what could mean something to iPXE becomes a question mark."""
    return _TEXT.sub("?", value)[:limit]


def url(field: str, value: str) -> str:
    """Return ``value`` where it is a URL that iPXE can load: http, https, ftp or tftp, without credentials."""
    if not value:
        raise FieldError(field, "is missing")
    if not _URL.fullmatch(value):
        raise FieldError(field, "is no http, https, ftp or tftp URL of plain characters")
    port = urlsplit(value).netloc.partition(":")[2]
    if port and not 0 < int(port) <= _MAX_PORT:
        raise FieldError(field, "has a port that is not in 1 to 65535")
    return value


def base_url(field: str, value: str) -> str:
    """Return ``value`` where paths can be appended to it, without a slash at the end."""
    if "?" in url(field, value):
        raise FieldError(field, "has a query, so no path can be appended to it")
    return value.rstrip("/")


def path_or_url(field: str, value: str, base: str, base_field: str) -> str:
    """Return ``value`` where it is a URL, else the URL of the relative path ``value`` below ``base``."""
    if "://" in value:
        return url(field, value)
    if not _PATH.fullmatch(value):
        raise FieldError(field, "is neither a URL nor a relative path of plain characters")
    return f"{base_url(base_field, base)}/{value}"


def file_name(field: str, value: str) -> str:
    """Return the file name at the end of the URL ``value``, fit to be a word of a command."""
    name = value.partition("?")[0].rpartition("/")[2]
    if not _NAME.fullmatch(name):
        raise FieldError(field, "does not end in a file name of plain characters")
    return name


def version(field: str, value: str) -> str:
    """Return ``value`` where it can be part of a file name, as ``v1.2.0``."""
    if not value:
        raise FieldError(field, "is missing")
    if not _VERSION.fullmatch(value):
        raise FieldError(field, "is no version: letters, digits, dots, dashes, at most 64")
    return value


def kernel_arguments(field: str, value: str) -> list[str]:
    """Return the kernel arguments in ``value``, which white space separates except between quotes, as in the kernel."""
    _check_words(field, value)
    arguments = []
    current: list[str] = []
    quote = ""
    for word in value.split():
        current.append(word)
        quote = _quote_after(quote, word)
        if not quote:
            arguments.append(" ".join(current))
            current = []
    if current:
        raise FieldError(field, f"opens a quote that is never closed, in the argument {text(_key(current[0]))}")
    return arguments


def _check_words(field: str, value: str) -> None:
    if any(not (" " <= char <= "~") and char not in _SPACE for char in value):
        raise FieldError(field, "has a character that is not printable ASCII")
    for word in value.split():
        # The key alone: the value may be a token or a password, and this text is shown on a screen.
        named = f"the argument {text(_key(word))}" if _key(word) else "an argument"
        if word in _TERMINATORS or word.startswith("#"):
            raise FieldError(
                field,
                "has a word that ends a command in iPXE (two ampersands, two bars, a semicolon) or begins a comment",
            )
        if "${" in word:
            raise FieldError(field, f"has a dollar sign before a brace in {named}, which iPXE would expand")
        if word.endswith("\\"):
            raise FieldError(field, f"has a backslash at the end of {named}, which would join it with the next line")


def _quote_after(quote: str, word: str) -> str:
    for char in word:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
    return quote


def _key(word: str) -> str:
    return word.partition("=")[0]
