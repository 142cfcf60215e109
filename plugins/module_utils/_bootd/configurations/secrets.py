# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Configurations as Secrets of one namespace, followed by their label: in memory, never on disk.

The Secret of the machine NAME is ``netboot-configuration-NAME``. Its name is all that says whose it is, and there can't
be two of one name.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Mapping
from typing import Any

from ..hardware.model import text_at
from ..kube.client import Client, resource_path
from ..kube.errors import ApiError, ApiUnreachable
from ..kube.object_watch import ObjectWatch
from ..kube.rules import missing_configuration_rules
from ..process.log import Log
from .base import MAX_BYTES, SUFFIXES, Configuration, ConfigurationReader, duplicate_reason, text_of

LABEL = "netboot.baremetal/configuration"
SELECTOR = f"{LABEL}=true"
PREFIX = "netboot-configuration-"
DATA_KEYS = {suffix: f"configuration{suffix}" for suffix in SUFFIXES}  # one of them
PAGE = 50  # Secrets of one answer, each of 1 MiB at most
MAX_HELD = 64 * 1024 * 1024  # bytes of all configurations together


class SecretConfigurations:
    """Implements ``Configurations`` over the Secrets of ``namespace``. While the API is away, what was read goes on."""

    def __init__(self, client: Client, namespace: str, log: Log) -> None:
        self._client, self._namespace, self._log = client, namespace, log
        self._watch = ObjectWatch(
            client, resource_path("v1", "secrets", namespace), self, selector=SELECTOR, page=PAGE, name="configurations"
        )
        self._lock = threading.Lock()
        self._held: dict[str, bytes] = {}  # name of a machine -> its configuration
        self._size = 0
        self._known = False  # whether a list has come
        self._trouble = ""

    def read(self) -> None:
        """List the Secrets once. Where the API refuses that, or is away, there are none, and the log says why."""
        self._read()

    def start(self) -> None:
        """List the Secrets and follow them. Without permission there are none, and the log names the rule."""
        try:
            missing = missing_configuration_rules(self._client, self._namespace)
        except (ApiError, ApiUnreachable):
            missing = []  # the list will say what is wrong
        if missing:
            self._known = True
            reason = "\n".join([*missing, "restart bootd once it is granted"])
            self._log.warning("configurations_not_read", reason=reason)
            return
        self._watch.start(self._read())

    def stop(self) -> None:
        """Stop following and forget everything."""
        self._watch.stop()
        self.listed([], "")

    def get(self, key: str, read: ConfigurationReader) -> Configuration | None:
        """Return the configuration of the machine ``key``; one that can't be used is logged, and None returned."""
        namespace, _slash, name = key.partition("/")
        with self._lock:
            data = self._held.get(name) if namespace == self._namespace else None
        if data is None:
            return None
        try:
            return read(text_of(data))
        except ValueError as error:
            self._refuse(name, str(error))
            return None

    def expects(self, key: str, read: ConfigurationReader) -> bool:
        """Return whether there is one, or as long as nothing is known, whether there may be one."""
        return self.get(key, read) is not None or (not self._known and key.startswith(f"{self._namespace}/"))

    def knows(self, _key: str) -> bool:
        """Return False: it is read anew for every question."""
        return False

    def listed(self, objects: list[Mapping[str, Any]], _version: str) -> None:
        """Take ``objects`` for all there are; see ``Follower``."""
        found: dict[str, bytes] = {}
        size = 0
        for item in objects:
            name, data = self._content_of(item)
            if data and self._fits(name, size, data):
                found[name] = data
                size += len(data)
        with self._lock:
            self._held, self._size = found, size
        self._known = True

    def applied(self, events: list[tuple[str, Mapping[str, Any]]], _version: str) -> None:
        """Take in what the watch told; see ``Follower``."""
        for kind, item in events:
            # A Secret that has lost the label comes as DELETED too.
            name, data = (_machine_of(item), b"") if kind == "DELETED" else self._content_of(item)
            with self._lock:
                self._size -= len(self._held.pop(name, b""))
                if data and self._fits(name, self._size, data):
                    self._held[name] = data
                    self._size += len(data)

    def trouble(self, reason: str) -> None:
        """Log why the Secrets can't be followed, and when they can again; see ``Follower``."""
        if reason and not self._trouble:
            self._log.warning("configurations_not_followed", reason=reason)
        elif self._trouble and not reason:
            self._log.info("configurations_followed_again")
        self._trouble = reason

    def _read(self) -> str:
        try:
            return self._watch.list()
        except (ApiError, ApiUnreachable) as error:
            self.trouble(str(error))
            return ""

    def _content_of(self, item: Mapping[str, Any]) -> tuple[str, bytes]:
        """Return the machine whose Secret ``item`` is and its configuration, empty where it can't be one."""
        name = _machine_of(item)
        if not name:
            return "", b""
        written = {key: text for key in DATA_KEYS.values() if (text := text_at(item, "data", key))}
        if len(written) > 1:
            _one, other, *_more = written
            self._refuse(name, duplicate_reason(other))
            return name, b""
        try:
            data = base64.b64decode("".join(written.values()), validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if not data:
            self._refuse(name, f"it has nothing at data[{' or '.join(map(repr, DATA_KEYS.values()))}]")
        elif len(data) > MAX_BYTES:
            self._refuse(name, f"it is larger than {MAX_BYTES // 1024} KiB")
            data = b""
        return name, data

    def _fits(self, name: str, size: int, data: bytes) -> bool:
        if size + len(data) <= MAX_HELD:
            return True
        self._refuse(name, f"all configurations together are larger than {MAX_HELD // 1024 // 1024} MiB")
        return False

    def _refuse(self, name: str, reason: str) -> None:
        self._log.error("configuration_refused", secret=f"{self._namespace}/{PREFIX}{name}", reason=reason)


def _machine_of(item: Mapping[str, Any]) -> str:
    """Return the name of the machine whose Secret ``item`` is, "" where it is none's."""
    name = text_at(item, "metadata", "name")
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else ""
