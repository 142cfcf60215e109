# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do what a page says, on this host and in the checkout: `python -m docsite.follow PAGE`.

What its commands print is shown as it comes. Exit status 1 where one fails, or does not print what the page says.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docsite.transcript import Typed, difference, steps

ROOT = Path(__file__).resolve().parents[2]


def main(page: Path) -> int:
    """Do it; returns the exit status."""
    typed = [step for step in steps(page) if isinstance(step, Typed) and not step.alone]
    if not typed:
        sys.exit(f"{page} has nothing that can be run")
    # All of it, also after a command that went wrong.
    wrong = [step for step in typed if _wrong(step)]
    return 1 if wrong else 0


def _wrong(step: Typed) -> bool:
    print(f"$ {step.command}", flush=True)
    said = []
    with subprocess.Popen(
        ["sh", "-c", step.command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            sys.stdout.write(line)
            sys.stdout.flush()
    found = difference(step.prints, "".join(said))
    if found:
        print(f"$ {step.command}\n{found}")
    if process.returncode:
        print(f"$ {step.command}\nended with exit status {process.returncode}")
    return bool(found or process.returncode)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
