# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Context managers that catch faults of bootd itself: one costs a request its answer, and the server goes on."""

from __future__ import annotations

import errno
from traceback import extract_tb
from types import TracebackType

from .log import Log
from .metrics import Metrics

# An OSError's number where process or system have no descriptor or no memory left. It passes: to be tried again later.
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


def fields_of(fault: BaseException) -> dict[str, str]:
    """Return the log fields of a fault: ``reason``, its type and message, and ``where``, the file and line."""
    frame = extract_tb(fault.__traceback__)[-1]
    return {"reason": f"{type(fault).__name__}: {fault}", "where": f"{frame.filename}:{frame.lineno}"}


class Caught:
    """A context manager that catches any Exception, but for those of ``but``, and keeps it in ``fault``."""

    def __init__(self, but: tuple[type[Exception], ...] = ()) -> None:
        self.fault: Exception | None = None
        self._but = but

    def __enter__(self) -> Caught:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, fault: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if not isinstance(fault, Exception) or isinstance(fault, self._but):
            return False
        self.fault = fault
        return True


class Contained:
    """A context manager that catches any Exception, counts it in ``bootd_handler_failures`` and logs one line of it."""

    def __init__(self, protocol: str, metrics: Metrics, log: Log) -> None:
        self._protocol = protocol
        self._failures = metrics.failures.labels(protocol)
        self._log = log

    def __enter__(self) -> None:
        """Return nothing: one object serves any number of ``with`` statements."""

    def __exit__(
        self, _kind: type[BaseException] | None, fault: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if not isinstance(fault, Exception):
            return False
        self._failures.inc()
        self._log.error("fault", protocol=self._protocol, **fields_of(fault))
        return True
