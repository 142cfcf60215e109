# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take labs down: those whose owner has gone, or the ones named: `PYTHONPATH=tests python -m lab.down [NAME...]`."""

from __future__ import annotations

import sys

from .ledger import Ledger, all_ledgers


def take_down_abandoned() -> list[str]:
    """Take down every lab whose owner has died (kill -9 leaves one behind); returns their names."""
    gone = [ledger for ledger in all_ledgers() if not ledger.owner_is_alive]
    for ledger in gone:
        ledger.clear()
    return [ledger.path.stem for ledger in gone]


def main(names: list[str]) -> int:
    """Take down the labs ``names``, or without names the abandoned ones."""
    for name in names:
        Ledger(name).clear()
    for name in names or take_down_abandoned():
        print(f"lab {name}: taken down")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
