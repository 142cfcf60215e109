# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The wall around one request: a fault in bootd costs that request its answer, never the server its life."""

from __future__ import annotations

from traceback import extract_tb
from types import TracebackType

from .logs import Log
from .metrics import Metrics


class Contained:
    """A context manager that counts and logs any fault raised in it, in one line, and lets the loop go on."""

    def __init__(self, protocol: str, metrics: Metrics, log: Log) -> None:
        self._protocol = protocol
        self._failures = metrics.failures.labels(protocol)
        self._log = log

    def __enter__(self) -> None:
        """Return nothing: one object serves any number of ``with`` statements."""

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(fault, Exception):
            return False
        self._failures.inc()
        frame = extract_tb(trace)[-1]
        where = f"{frame.filename}:{frame.lineno}"
        self._log.error("fault", protocol=self._protocol, reason=f"{type(fault).__name__}: {fault}", where=where)
        return True
