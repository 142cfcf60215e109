# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The response with a file, whole or in part, from below one of the directories that are given."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import lru_cache

from ..process.served_files import is_relative, open_first
from .downloads import Download
from .file_body import FileBody
from .limits import ConnectionSlot
from .ranges import Version, select
from .responses import Reply, text_reply
from .site import SLOT, Environ

# What UEFI firmware goes by when it boots by HTTP; anything else it takes by the ending of the name.
_KINDS = {".efi": "application/efi", ".iso": "application/vnd.efi-iso", ".img": "application/vnd.efi-img"}
# Each header that selects what is sent, as a WSGI environment calls it.
_CONDITIONS = {
    f"HTTP_{name.upper().replace('-', '_')}": name
    for name in ("range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
}
RETRY_SECONDS = "5"

OnEnd = Callable[[int, bool], None]


def serve(
    environ: Environ,
    directories: tuple[str, ...],
    name: str,
    on_end: OnEnd | None = None,
    download: Download | None = None,
) -> Reply:
    """Return the file ``name`` of the first of ``directories`` that has it, as the request's headers ask for it.

    ``on_end(octets, whole)`` is called when sending has ended; ``whole``: the file's last octet was sent too.
    ``download`` is told how far it is meanwhile.
    """
    if not is_relative(name):
        return text_reply(404, "no such file\n")
    try:
        descriptor = open_first(directories, name)
    except OSError as error:
        return _failure(error)
    keep = False
    try:
        reply = _reply(environ, descriptor, name, on_end)
        if download is not None and isinstance(reply.body, FileBody):
            download.begin(reply.body.offset, reply.body.count, os.fstat(descriptor).st_size)
            reply.body.on_progress = download.sent
        keep = isinstance(reply.body, FileBody)
        return reply
    finally:
        if not keep:
            os.close(descriptor)


def _failure(error: OSError) -> Reply:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return text_reply(404, "no such file\n")
    if error.errno in (errno.EACCES, errno.EPERM, errno.ELOOP):
        return text_reply(403, "this file is not served\n")
    return text_reply(503, "the file can't be opened now\n", Retry_After=RETRY_SECONDS)


def _reply(environ: Environ, descriptor: int, name: str, on_end: OnEnd | None) -> Reply:
    status = os.fstat(descriptor)
    tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"'
    version = Version(status.st_size, int(status.st_mtime), tag)
    method = str(environ["REQUEST_METHOD"])
    part = select(method, _conditions(environ), version)
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "Last-Modified": version.last_modified}
    if part.status == 304:
        return Reply(304, headers, b"")
    if part.status == 416:
        return text_reply(416, "no such range\n", Content_Range=f"bytes */{version.size}", Accept_Ranges="bytes")
    if part.status == 412:
        return text_reply(412, "the file has changed\n", ETag=tag)
    headers["Content-Type"] = _kind_of(name)
    headers["Content-Length"] = str(part.count)
    if part.status == 206:
        headers["Content-Range"] = f"bytes {part.offset}-{part.offset + part.count - 1}/{version.size}"
    if method == "HEAD" or not part.count:
        return Reply(part.status, headers, b"")
    slot: ConnectionSlot = environ[SLOT]
    if not slot.begin_download():
        return text_reply(503, "too many downloads\n", Retry_After=RETRY_SECONDS)
    body = FileBody(descriptor, part.offset, part.count)
    body.on_close.append(lambda _sent: slot.end_download())
    if on_end is not None:
        reaches_end = part.offset + part.count == version.size
        body.on_close.append(lambda sent: on_end(sent, reaches_end and sent == part.count))
    return Reply(part.status, headers, body)


def _conditions(environ: Environ) -> dict[str, str]:
    return {_CONDITIONS[key]: str(environ[key]) for key in _CONDITIONS.keys() & environ.keys()}


@lru_cache(maxsize=128)
def _kind_of(name: str) -> str:
    return _KINDS.get(os.path.splitext(name)[1].lower(), "application/octet-stream")
