# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installer configurations: what is wrong with those to be written, and what has to become of those there. Pure.

What is made here for people to read holds the values that are known to be harmless, and words for all others.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.configurations.base import (
    MAX_BYTES,
    TEXT_SUFFIX,
    YAML_SUFFIX,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.configurations.secrets import PREFIX
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.names import (
    MAX_NAME,
    is_namespace,
    is_object_name,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import ABSENT
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.secret_fields import word_for
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.yaml_reader import (
    HAS_YAML,
    Unreadable,
    read_yaml,
    same_values,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.yaml_writer import write_yaml
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations import preseed
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.visible import visible

Key = tuple[str, str]  # namespace, "" in a directory, and name

MAX_MACHINE = min(MAX_NAME, 253 - len(PREFIX))  # characters of a machine's name: that of its Secret has to fit too
TEXT_PATH = "configuration"  # in the place of a key, for all of a text
CLUSTER_PREFIX = "netboot-cluster-"  # of the Secret with a cluster's token
MAX_CLUSTER = 253 - len(CLUSTER_PREFIX)
_KEYS = ("name", "namespace", "cluster", "content")
# What stands under these keys is masked wherever it should turn up in a result.
_SECRET_KEYS = ("token", "password", "passphrase", "secret")


@dataclass(frozen=True)
class Kept:
    """A configuration that is kept. ``suffix`` tells YAML from what only its installer reads; "" is both at once."""

    text: str = field(repr=False)
    suffix: str = YAML_SUFFIX


@dataclass(frozen=True)
class Wanted:
    """The configuration that a machine shall have."""

    key: Key
    content: Mapping[str, Any] | str = field(repr=False)
    cluster: str = ""

    @property
    def kept(self) -> Kept:
        """Return how it is kept: a mapping as YAML, the same for the same content, and a text as it is."""
        if isinstance(self.content, str):
            return Kept(self.content, TEXT_SUFFIX)
        return Kept(write_yaml(self.content))

    @property
    def has_token(self) -> bool:
        """Return whether nobody has to make a token for it; that in a text is its author's."""
        return isinstance(self.content, str) or bool(self.content.get("token"))


@dataclass(frozen=True)
class Step:
    """What becomes of one configuration. ``action``: ``created``, ``updated``, ``removed`` or ``unchanged``."""

    key: Key
    action: str
    before: Kept | None = None
    after: Kept | None = None

    @property
    def suffix(self) -> str:
        """Return what its name ends in, or ended in where it is removed."""
        kept = self.after or self.before
        return kept.suffix if kept and kept.suffix else YAML_SUFFIX


def problems(items: Iterable[Any], namespace: str, *, contents: bool) -> list[str]:
    """Return a sentence for each thing that is wrong with ``items``; ``contents``: each has to have one."""
    found = []
    seen: set[Key] = set()
    for number, item in enumerate(items):
        where = f"configurations[{number}]"
        found += [f"{where}.{problem}" for problem in _problems_of(item, contents=contents)]
        key = key_of(item, namespace)
        if key[1] and key in seen:
            found.append(f"{where}.name is {key[1]!r}, which another of them has")
        seen.add(key)
    return found


def _problems_of(item: Mapping[str, Any], *, contents: bool) -> Iterator[str]:
    name, namespace = item.get("name"), item.get("namespace")
    if not isinstance(name, str) or not is_object_name(name) or len(name) > MAX_MACHINE:
        yield f"name is {name!r} but should be that of a machine: lower-case letters, digits and -"
    if namespace and not (isinstance(namespace, str) and is_namespace(namespace)):
        yield f"namespace is {namespace!r} but should be that of a machine"
    if item.get("cluster") is not None:
        yield from problems_of_cluster(item["cluster"])
    for key in sorted(map(str, item.keys() - set(_KEYS))):
        yield f"{key} means nothing here: there are {', '.join(_KEYS[:-1])} and {_KEYS[-1]}"
    if contents:
        yield from _problems_of_content(item.get("content"))


def problems_of_cluster(name: Any) -> Iterator[str]:
    """Yield why ``name`` can't be that of a cluster."""
    if not isinstance(name, str) or not is_object_name(name) or len(name) > MAX_CLUSTER:
        yield f"cluster is {name!r} but should be lower-case letters, digits and -"


def _problems_of_content(content: Any) -> Iterator[str]:
    if not isinstance(content, (Mapping, str)) or not content or (isinstance(content, str) and not content.strip()):
        yield "content is neither a mapping nor a text with something in it, as an installer's configuration is"
        return
    try:
        size = len(Wanted(("", ""), content).kept.text.encode())
    except (TypeError, UnicodeError):
        yield "content holds something that YAML can't say, or UTF-8"
        return
    if size > MAX_BYTES:
        yield f"content is larger than {MAX_BYTES // 1024} KiB"


def key_of(item: Mapping[str, Any], namespace: str) -> Key:
    """Return whose ``item`` is; ``namespace`` is that of items that name none."""
    return str(item.get("namespace") or namespace), str(item.get("name") or "")


def wanted(items: Iterable[Mapping[str, Any]], namespace: str, cluster: str = "") -> list[Wanted]:
    """Return what ``items``, in which there is no problem, ask for; ``cluster`` is that of items that name none."""
    return [Wanted(key_of(item, namespace), item["content"], item.get("cluster") or cluster) for item in items]


def clusters_without_token(configurations: Iterable[Wanted]) -> dict[str, str]:
    """Return the clusters whose token some of their configurations leave open, each with its namespace.

    Raises ValueError with each that is in more namespaces than one: its token is kept in one.
    """
    namespaces: dict[str, set[str]] = {}
    needed = set()
    for item in configurations:
        namespaces.setdefault(item.cluster, set()).add(item.key[0])
        if item.cluster and not item.has_token:
            needed.add(item.cluster)
    spread = [
        f"the token of cluster {name} is kept in one namespace, not in {', '.join(sorted(namespaces[name]))}"
        for name in sorted(needed)
        if len(namespaces[name]) > 1
    ]
    if spread:
        raise ValueError("\n".join(spread))
    return {name: min(namespaces[name]) for name in sorted(needed)}


def with_tokens(configurations: Iterable[Wanted], tokens: Mapping[str, str]) -> list[Wanted]:
    """Return ``configurations``, those that leave it open with the one of ``tokens`` that is their cluster's."""
    return [
        replace(item, content={**item.content, "token": tokens[item.cluster]})
        if isinstance(item.content, Mapping) and not item.has_token and item.cluster in tokens
        else item
        for item in configurations
    ]


def steps(configurations: Iterable[Wanted], present: Mapping[Key, Kept], *, ours: Iterable[Key] = ()) -> list[Step]:
    """Return what has to become of those ``present``, in the order of their keys.

    Those of ``ours`` that no configuration is wanted for are removed.
    """
    found = {}
    for item in configurations:
        before, after = present.get(item.key), item.kept
        action = "created" if before is None else "unchanged" if _is_same(before, after) else "updated"
        found[item.key] = Step(item.key, action, before, after)
    for key in ours:
        if key not in found:
            found[key] = Step(key, "removed", present[key])
    return [found[key] for key in sorted(found)]


def _is_same(before: Kept, after: Kept) -> bool:
    """Return whether nothing has to be written; what is YAML may be written otherwise and say the same."""
    if before.suffix != after.suffix:
        return False
    return before.text == after.text or (after.suffix == YAML_SUFFIX and same_values(before.text, after.text))


def removals(keys: Iterable[Key], present: Mapping[Key, Kept]) -> list[Step]:
    """Return the removal of those of ``keys`` that are ``present``, in their order."""
    return [Step(key, "removed", present[key]) for key in sorted(keys) if key in present]


def diff_of(step: Step, title: str) -> dict[str, str]:
    """Return Ansible's diff of one configuration, with words for what may be secret; what changes is told apart.

    Of a text in a format that is not known it has only that it differs: a word of it may be a password, wherever it
    stands.
    """
    return {
        "before_header": title,
        "after_header": title,
        "before": _shown(step.before, None),
        "after": _shown(step.after, step.before),
    }


def secrets_of(configurations: Iterable[Wanted]) -> set[str]:
    """Return the values that are secrets by the names of their keys."""
    return {
        value
        for item in configurations
        for path, value in _leaves(item.content, TEXT_PATH if isinstance(item.content, str) else "")
        if isinstance(value, str) and value and any(word in path.rpartition(".")[2].lower() for word in _SECRET_KEYS)
    }


def values_of(configurations: Iterable[Wanted]) -> set[str]:
    """Return all values, as Ansible takes those of an option that it is not to log."""
    return {str(value) for item in configurations for _path, value in _leaves(item.content, "")}


def _shown(kept: Kept | None, before: Kept | None) -> str:
    """Return what may be shown of a configuration; of one that can't be read, that it is there."""
    if kept is None:
        return ""
    document = _document(kept)
    if document is not None:
        earlier = _document(before) if before is not None else None
        return write_yaml(visible(document, ABSENT if earlier is None else earlier))
    answers = preseed.visible(kept.text, before.text if before else "") if kept.suffix == TEXT_SUFFIX else None
    word = word_for(kept.text, ABSENT if before is None else before.text)
    return answers or f"{TEXT_PATH}: {word}\n"


def _document(kept: Kept) -> Mapping[str, Any] | None:
    """Return the mapping that a configuration is; None where it is none, or can't be read."""
    if kept.suffix != YAML_SUFFIX:
        return None
    try:
        # Where there is no YAML library, write_yaml has made JSON.
        documents = [item.value for item in read_yaml(kept.text)] if HAS_YAML else [json.loads(kept.text)]
    except (Unreadable, ValueError, RecursionError):
        return None
    return documents[0] if len(documents) == 1 and isinstance(documents[0], Mapping) else None


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list) and node:
        for number, value in enumerate(node):
            yield from _leaves(value, f"{path}[{number}]")
    else:
        yield path, node
