# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Names of objects: what Kubernetes accepts, and what bootd can use as a key and as the name of a file."""

from __future__ import annotations

import re

MAX_NAME = 240  # bytes, so that "NAME.json" fits a directory entry

_USABLE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_LABEL_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", re.ASCII)
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII | re.IGNORECASE)


def is_usable(name: str) -> bool:
    """Return whether ``name`` can be a key: letters, digits, dots, dashes and underscores, and never a path."""
    return len(name) <= MAX_NAME and _USABLE.fullmatch(name) is not None


def is_usable_key(key: str) -> bool:
    """Return whether ``key`` is ``namespace/name`` of two usable names."""
    namespace, slash, name = key.partition("/")
    return bool(slash) and is_usable(namespace) and is_usable(name)


def is_object_name(name: str) -> bool:
    """Return whether Kubernetes takes ``name`` for a custom resource (an RFC 1123 subdomain)."""
    return len(name) <= 253 and _SUBDOMAIN.fullmatch(name) is not None


def is_namespace(name: str) -> bool:
    """Return whether Kubernetes takes ``name`` for a namespace (an RFC 1123 label)."""
    return re.fullmatch(_LABEL, name, re.ASCII) is not None


def is_hostname(name: str) -> bool:
    """Return whether ``name`` is a host name of RFC 1123 section 2.1, with or without a domain."""
    return len(name) <= 253 and _HOSTNAME.fullmatch(name) is not None


def is_label_name(name: str) -> bool:
    """Return whether Kubernetes takes ``name`` for that of a label: ``NAME`` or ``DOMAIN/NAME``."""
    domain, slash, last = name.rpartition("/")
    return (not slash or is_object_name(domain)) and _LABEL_PART.fullmatch(last) is not None


def is_label_value(text: str) -> bool:
    """Return whether Kubernetes takes ``text`` for the value of a label."""
    return text == "" or _LABEL_PART.fullmatch(text) is not None
