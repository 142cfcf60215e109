# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release on an HTTP server: releases.rancher.com, or a mirror of it.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

from ansible.module_utils.urls import ConnectionError as AnsibleConnectionError
from ansible.module_utils.urls import open_url

from ansible_collections.baremetal.netboot.plugins.module_utils._images.content_range import first_and_total
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import (
    Away,
    Missing,
    SourceError,
    Stream,
    shown,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import CHECKSUMS

MAX_CHECKSUMS = 1024 * 1024
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_NO_HEAD = (400, 403, 405, 501)


def url_problem(url: str) -> str:
    """Return why ``url`` can't be used, without the secrets in it, "" where it can."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        usable = False
    if not usable or any(not "!" <= letter <= "~" for letter in url):
        return "is no http or https URL"
    return ""


class HttpSource:
    """Files below ``base``, by their ``names`` there; ``checksums_url`` may lead elsewhere.

    ``how`` are further arguments of Ansible's open_url, such as ``timeout`` and ``validate_certs``.
    """

    def __init__(self, base: str, names: Mapping[str, str], how: Mapping[str, Any]) -> None:
        self._query = urlsplit(base).query
        self._base = self.place = shown(base).rstrip("/")
        self._names = names
        self._how = {**how, **_credentials(base)}

    def url(self, role: str) -> str:
        """Return where a file is, without secrets."""
        return shown(self._url(role))

    def checksums(self) -> str:
        """Return the text of the checksum file; raises SourceError."""
        return read_text(self._url(CHECKSUMS), self._how)

    def size(self, role: str) -> int | None:
        """Return the size of a file by HEAD, None where the server does not tell; raises SourceError."""
        try:
            with _request("HEAD", self._url(role), {}, self._how) as answer:
                return _length(answer)
        except _Refused as error:
            if error.status in _NO_HEAD:
                return None
            raise

    def open(self, role: str, offset: int = 0, validator: str = "") -> Stream:
        """Return a file from ``offset`` on, or whole where the server has another version; raises SourceError."""
        url = self._url(role)
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and validator:
            headers["If-Range"] = validator
        try:
            answer = _request("GET", url, headers, self._how)
        except _Refused as error:
            if error.status == 416 and offset:
                return self.open(role)
            raise
        start, total = 0, _length(answer)
        if answer.status == 206:
            start, total = first_and_total(answer.headers.get("Content-Range", ""))
            if start != offset:
                answer.close()
                raise SourceError(
                    f"{shown(url)}: asked for what comes after {offset} bytes, the server sent another part"
                )
        return Stream(_reader(answer, shown(url)), answer.close, start, total, _validator(answer))

    def _url(self, role: str) -> str:
        return f"{self._base}/{self._names[role]}" + (f"?{self._query}" if self._query else "")


def _credentials(url: str) -> dict[str, Any]:
    """Return a URL's user and password as arguments of open_url, which would else wait to be asked for them."""
    parts = urlsplit(url)
    if not parts.username:
        return {}
    user, password = unquote(parts.username), unquote(parts.password or "")
    return {"url_username": user, "url_password": password, "force_basic_auth": True}


class _Refused(SourceError):
    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def read_text(url: str, how: Mapping[str, Any]) -> str:
    """Return a small file; raises SourceError."""
    with _request("GET", url, {}, {**how, **_credentials(url)}) as answer:
        try:
            content = answer.read(MAX_CHECKSUMS + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Away(f"{shown(url)}: {error}") from error
    if len(content) > MAX_CHECKSUMS:
        raise SourceError(f"{shown(url)} has more than {MAX_CHECKSUMS} bytes and can't be a list of checksums")
    return content.decode("utf-8", "replace")


def _request(method: str, url: str, headers: Mapping[str, str], how: Mapping[str, Any]) -> HTTPResponse:
    # Compressed on the way it would have no ranges, and neither the size nor the digest of the file.
    # From several threads at once: open_url sets urllib's global opener, to one that does the same each time.
    # A password is not for the server that another one names.
    fixed = {"decompress": False, "unredirected_headers": ["Authorization"]}
    try:
        return open_url(url, method=method, headers=dict(headers), **fixed, **how)
    except HTTPError as error:
        error.close()
        message = f"{shown(url)}: {error.code} {http.client.responses.get(error.code, '')}".rstrip()
        if error.code in (404, 410):
            raise Missing(message) from None
        if error.code in _TRY_AGAIN:
            raise Away(message) from None
        raise _Refused(message, error.code) from None
    except http.client.InvalidURL:
        raise SourceError(f"{shown(url)} is no URL that can be asked for") from None
    except (AnsibleConnectionError, ssl.SSLCertVerificationError) as error:
        raise SourceError(f"{shown(url)}: {error}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise SourceError(f"{shown(url)}: {reason}") from None
        raise Away(f"{shown(url)}: {reason or type(reason).__name__}") from None


def _reader(answer: HTTPResponse, url: str) -> Any:
    def read_into(block: memoryview) -> int:
        try:
            return answer.readinto(block)
        except (OSError, http.client.HTTPException) as error:
            raise Away(f"{url}: {error or type(error).__name__}") from error

    return read_into


def _length(answer: HTTPResponse) -> int | None:
    told = answer.headers.get("Content-Length", "")
    return int(told) if told.isascii() and told.isdigit() else None


def _validator(answer: HTTPResponse) -> str:
    """Return what If-Range may hold: a strong entity tag, or else the date (RFC 9110 section 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
