# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What happens when the store changes: the journal follows, metrics and the log say so."""

from __future__ import annotations

from ..stores.base import StoreProblem
from .boot_programs import missing_programs
from .services import Services


class StoreChanges:
    """Called after each change of the store; logs a problem once when it appears and once when it is gone."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: set[StoreProblem] = set()
        self._missing_programs: set[StoreProblem] = set()

    def changed(self) -> None:
        """Follow the catalog and the store's problems as they are now."""
        services = self._services
        services.journal.reconcile(services.catalog)
        for mac in services.unknown.macs():
            if services.catalog.by_mac(mac) is not None:
                services.unknown.forget(mac)
        problems = set(services.problems())
        for problem in sorted(problems - self._known, key=lambda item: item.where):
            services.log.error("store_problem", where=problem.where, reason=problem.message)
        for problem in sorted(self._known - problems, key=lambda item: item.where):
            services.log.info("store_problem_gone", where=problem.where)
        self._known = problems
        missing = set(missing_programs(services))
        for program in sorted(missing - self._missing_programs, key=lambda item: item.message):
            services.log.warning("boot_program_missing", where=program.where, reason=program.message)
        self._missing_programs = missing
        services.metrics.store_problems.set(len(problems))
        services.log.info("catalog", machines=len(services.catalog), problems=len(problems))
