# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Everything that is wrong with Hardware objects, at once: what bootd can't use, and what Tinkerbell lets through.

``check`` looks at many objects, and at what two of them can't both have; ``check_document`` at one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..hardware.clashes import clashes
from ..hardware.dependencies import check_after, dependency_problems
from ..hardware.extra_options import DHCP_OPTIONS_ANNOTATION, check_extra_options
from ..hardware.field_check import Finding, misfits
from ..hardware.interface import check_interface
from ..hardware.local_boot import check_local_boot
from ..hardware.manifest import Document
from ..hardware.model import API_VERSION, HTTPS_BOOT_ANNOTATION, KIND, STATE_ANNOTATION, text_at
from ..hardware.names import is_namespace, is_object_name, is_usable
from ..hardware.problem import ABSENT, Problem, printable, shown
from ..hardware.secret_fields import is_secret
from .boot_fields import check_software

GROUP = API_VERSION.partition("/")[0]


def check(documents: Iterable[Document]) -> list[Problem]:
    """Return every problem and note of every object, in the objects' order, then what clashes between them."""
    objects = list(documents)
    found = [problem for document in objects for problem in check_document(document)]
    hardware = [document for document in objects if _says_hardware(document.value)]
    return [*found, *clashes(hardware), *dependency_problems(hardware)]


def check_document(document: Document) -> list[Problem]:
    """Return every problem and note of one object."""
    name = object_name(document.value)
    return [
        document.problem(message, object=name, path=path, value=shown(ABSENT if is_secret(path) else value), note=note)
        for path, value, message, note in _findings(document.value)
    ]


def object_name(value: Any) -> str:
    """Return ``namespace/name`` of an object, as far as it says."""
    name = text_at(value, "metadata", "name")
    namespace = text_at(value, "metadata", "namespace")
    return printable(f"{namespace}/{name}" if namespace and name else name)


def _says_hardware(value: Any) -> bool:
    return isinstance(value, dict) and value.get("kind") == KIND and value.get("apiVersion") == API_VERSION


def _findings(value: Any) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield "", value, "should be an object with apiVersion, kind, metadata and spec", False
        return
    if not _says_hardware(value):
        yield from _other_kind(value)
        return
    yield from misfits(value)
    yield from _check_names(value)
    yield from check_after(value)
    yield from _check_annotations(value)
    yield from check_extra_options(text_at(value, "metadata", "annotations", DHCP_OPTIONS_ANNOTATION))
    spec = value.get("spec")
    if not isinstance(spec, dict):
        if spec is None:
            yield "spec", ABSENT, "missing: nothing says what machine this is", False
        return
    yield from _check_interfaces(spec)
    yield from check_software(spec)


def _other_kind(value: dict[str, Any]) -> Iterator[Finding]:
    kind, version = value.get("kind"), value.get("apiVersion")
    group = version.partition("/")[0] if isinstance(version, str) else version
    looks_like_it = isinstance(kind, str) and kind.lower() == KIND.lower()
    if kind is None:
        yield "kind", ABSENT, f"missing: should be {KIND}", False
    elif looks_like_it and kind != KIND:
        yield "kind", kind, f"should be {KIND}", False
    if (kind is None or looks_like_it) and version is None:
        yield "apiVersion", ABSENT, f"missing: should be {API_VERSION}", False
    elif looks_like_it and version != API_VERSION:
        what = f"{API_VERSION} is what bootd reads" if group == GROUP else f"should be {API_VERSION}"
        yield "apiVersion", version, f"{what}; this object is not served", False
    elif kind is not None and not looks_like_it:
        yield "kind", kind, f"not {KIND}: ignored", True


def _check_names(value: dict[str, Any]) -> Iterator[Finding]:
    meta = value.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    name, namespace = meta.get("name"), meta.get("namespace")
    if name is None or name == "":
        yield "metadata.name", ABSENT, "missing: an object without a name is not served", False
    elif isinstance(name, str) and not (is_object_name(name) and is_usable(name)):
        unusable = "" if is_usable(name) else "; this object is not served"
        yield "metadata.name", name, f"should be lower-case letters, digits, dashes and dots{unusable}", False
    if isinstance(namespace, str) and namespace and not is_namespace(namespace):
        unusable = "" if is_usable(namespace) else "; this object is not served"
        yield "metadata.namespace", namespace, f"should be lower-case letters, digits and dashes{unusable}", False
    if text_at(meta, "annotations", STATE_ANNOTATION):
        yield f"metadata.annotations.{STATE_ANNOTATION}", ABSENT, "bootd's own; not read from a manifest", True


def _check_annotations(value: dict[str, Any]) -> Iterator[Finding]:
    meta = value.get("metadata")
    annotations = meta.get("annotations") if isinstance(meta, dict) else None
    if isinstance(annotations, dict):
        yield from check_local_boot(annotations)
        if annotations.get(HTTPS_BOOT_ANNOTATION, "") not in ("", "true", "false"):
            text = annotations[HTTPS_BOOT_ANNOTATION]
            yield f"metadata.annotations.{HTTPS_BOOT_ANNOTATION}", text, 'should be "true" or "false"', False


def _check_interfaces(spec: dict[str, Any]) -> Iterator[Finding]:
    interfaces = spec.get("interfaces")
    if interfaces is None or interfaces == []:
        yield "spec.interfaces", ABSENT, "missing: without a MAC address no request finds this machine", False
        return
    if not isinstance(interfaces, list):
        return  # told by the table of fields
    netboot = any(isinstance(item, dict) and isinstance(item.get("netboot"), dict) for item in interfaces)
    for place, item in enumerate(interfaces):
        if isinstance(item, dict):
            yield from check_interface(item, f"spec.interfaces[{place}]", boots_elsewhere=netboot)
