# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs GRUB configurations in bash, whose grammar GRUB's is a part of, with GRUB's commands as functions that note it.

GRUB's manual, "Shell-like scripting": what bootd's configurations use, quoting, ``if``, ``for``, ``while``, ``break``
and ``[``, is read by both in the same way. Only ``set`` means another thing, and is a function here.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_SLEEPS = 60  # then the machine is still running
PATIENCE = 20.0  # seconds
# Each command that was called is written to descriptor 3: the number of its words, and the words, each with a NUL.
PRELUDE = r"""
set() { builtin eval "${1%%=*}=\${1#*=}"; }
noted() {
    builtin printf '%s\0' "$#" "$@" >&3
    for failing in "${FAILING[@]}"; do
        case "$*" in "$failing"*) return 1 ;; esac
    done
}
for command in linux initrd cat smbios search chainloader echo; do
    builtin eval "$command() { noted $command \"\$@\"; }"
done
boot() { if noted boot; then builtin exit; fi; }
reboot() { noted reboot; builtin exit; }
exit() { noted exit "$@"; builtin exit; }
sleep() { noted sleep "$1"; slept=$((slept + 1)); if [ "$slept" -ge "$MAX_SLEEPS" ]; then builtin exit; fi; }
source() { if noted source "$1"; then builtin eval "$SOURCED"; else return 1; fi; }
"""


@dataclass(frozen=True)
class Run:
    """The commands that were called, in order, each with its words."""

    calls: list[list[str]]

    def of(self, command: str) -> list[list[str]]:
        """The words of each call of ``command``."""
        return [words for name, *words in self.calls if name == command]

    @property
    def slept(self) -> list[int]:
        """The pauses, in seconds."""
        return [int(words[0]) for words in self.of("sleep")]

    @property
    def echoed(self) -> list[str]:
        """What stands on the console."""
        return [" ".join(words) for words in self.of("echo")]

    @property
    def end(self) -> list[str]:
        """The last command."""
        return self.calls[-1]


def run(
    configuration: str,
    directory: Path,
    *,
    failing: Sequence[str] = (),
    sourced: str = "",
    platform: str = "efi",
    cpu: str = "x86_64",
) -> Run:
    """Run ``configuration`` where commands that begin with one of ``failing`` fail.

    ``sourced`` is what bootd gives when it is asked again, by default the same. ``directory`` takes files.
    """
    script, notes = directory / "configuration", directory / "notes"
    script.write_text(f"{PRELUDE}\n{configuration}")
    values = {"SOURCED": sourced or configuration, "MAX_SLEEPS": str(MAX_SLEEPS), "grub_platform": platform}
    values |= {"grub_cpu": cpu}
    lists = " ".join(f"'{word}'" for word in failing)
    start = f'FAILING=({lists}); . "$0" 3>"$1"'
    argv = [shutil.which("bash") or "bash", "--norc", "-c", start, str(script), str(notes)]
    done = subprocess.run(argv, env=values | {"PATH": "/nowhere"}, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stderr == "", done.stderr
    return Run(list(_calls(notes.read_bytes().decode().split("\0"))))


def _calls(fields: list[str]):
    at = 0
    while at < len(fields) - 1:
        count = int(fields[at])
        yield fields[at + 1 : at + 1 + count]
        at += 1 + count
