# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``dataclasses.replace`` for what has many fields and is replaced many times a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, ClassVar, Protocol, TypeVar


class _DataClass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


T = TypeVar("T", bound=_DataClass)


def replacer(kind: type[T]) -> Callable[..., T]:
    """Return what ``replace`` does for objects of the data class ``kind``, all of whose fields its constructor takes.

    It takes less than half the time, for which fields there are is looked up once.
    """
    names = [item.name for item in fields(kind)]
    values: Callable[[T], tuple[Any, ...]] = attrgetter(*names)
    places = {name: place for place, name in enumerate(names)}

    def replace(item: T, **changes: Any) -> T:
        found = list(values(item))
        for name, value in changes.items():
            found[places[name]] = value
        return kind(*found)

    return replace
