# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates in ``install.webhooks``: one that can't be used makes the installer drop all hooks in silence.

Source: pkg/console/webhooks.go of harvester/harvester-installer, the same from v1.1 to v1.9.
"""

from __future__ import annotations

import re

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.spelling import nearest

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")
FIELDS = ("Hostname", "MACAddr", "IPAddrV4", "IPAddrV6")
# Of the card's address; the installer only knows it where the management interface uses DHCP.
ADDRESS_FIELDS = FIELDS[1:]

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_FIELD = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)")
_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`")
_OPENS = ("if", "with", "range")
# Words of Go's text/template that an action may hold beside fields and constants.
_WORDS = set(
    "if else end with range and or not eq ne lt le gt ge len index slice print printf println html js urlquery".split()
)
_WORD = re.compile(r"(?<![.$A-Za-z0-9_])[A-Za-z_][A-Za-z0-9_]*")


def template(value: object) -> str:
    """Hold a value against Go's text/template, as far as hooks need it: fields that exist, blocks that end."""
    text = str(value)
    depth = 0
    for action in _ACTION.findall(text):
        inner = _TEXT.sub('""', action)
        if inner.startswith("/*"):
            continue
        message = _words(inner)
        if message:
            return message
        word = inner.split(maxsplit=1)[0] if inner else ""
        depth += (word in _OPENS) - (word == "end")
    rest = _ACTION.sub("", text)
    if "{{" in rest:
        return "opens {{ and does not close it: no hook at all would be called"
    return "has a block without its end: no hook at all would be called" if depth else ""


def template_url(value: object) -> str:
    """Hold a value against the URL of a hook, in which a template may stand."""
    text = str(value)
    message = template(text)
    if message:
        return message
    filled = _ACTION.sub("x", text)
    if not re.fullmatch(r"https?://[^\s/?#]+[!-~]*", filled):
        return "should be a URL that begins with http:// or https://"
    return ""


def uses_address(value: object) -> bool:
    """Return whether a template asks for what the installer only knows with DHCP."""
    fields = {name for action in _ACTION.findall(str(value)) for name in _FIELD.findall(_TEXT.sub("", action))}
    return bool(fields & set(ADDRESS_FIELDS))


def _words(action: str) -> str:
    """Return what is wrong with the words of one action."""
    if not action:
        return "has an empty {{ }}: no hook at all would be called"
    for name in _FIELD.findall(action):
        if name not in FIELDS:
            meant = nearest(name, FIELDS)
            return f"asks for .{name}, which is always empty" + (f": should this be .{meant}?" if meant else "")
    for word in _WORD.findall(action):
        if word not in _WORDS and word not in ("true", "false", "nil"):
            meant = nearest(word, FIELDS)
            return f"has {word} in a template" + (f": should this be .{meant}?" if meant else "")
    return ""
