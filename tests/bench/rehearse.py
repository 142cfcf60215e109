# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a rehearsal takes, as the module runs: python -m bench.rehearse [MACHINES], as root, with tests on the path.

All machines boot as UEFI PXE firmware by a boot program of a million octets, and install from the same files, whose
checksums are known. The target is 100 machines in under 20 s, with the five seconds that other DHCP servers are given.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from servers.rehearsal_lab import efi_program, hardware, rehearsal_lab, x86_kernel

MACHINES = 100
PROGRAM, KERNEL, INITRD = 1_017_856, 8_000_000, 64_000_000  # octets


def measure(machines: int) -> None:
    """Rehearse ``machines`` twice and print how long it took."""
    documents = [hardware(number) for number in range(machines)]
    with tempfile.TemporaryDirectory() as directory, rehearsal_lab(Path(directory)) as lab:
        kernel, initrd = x86_kernel(KERNEL), b"070701" + bytes(INITRD)
        (lab.bootd.boot_files / "snponly.efi").write_bytes(efi_program(0x8664, PROGRAM))
        (lab.images / "vmlinuz").write_bytes(kernel)
        (lab.images / "initrd.img").write_bytes(initrd)
        checksums = {
            name: f"sha512:{hashlib.sha512(content).hexdigest()}"
            for name, content in (("vmlinuz", kernel), ("initrd.img", initrd))
        }
        lab.keep(*documents)
        lab.bootd.start()
        for timeout in (5.0, 1.0):
            began = time.monotonic()
            result = lab.rehearse(*documents, timeout=timeout, checksums=checksums)
            seconds = time.monotonic() - began
            verdicts = dict(Counter(found["verdict"] for found in result["machines"].values()))
            print(f"{machines} machines, DHCP servers given {timeout:.0f} s: {seconds:.1f} s, {verdicts}")
            for problem in result["problems"][:3]:
                print(f"  {problem['where']}: {problem['what']}")
        lab.bootd.stop()


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else MACHINES)
