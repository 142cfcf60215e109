# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of QEMU's accelerators works on this host; found by trying, because an open /dev/kvm promises nothing."""

from __future__ import annotations

import functools
import os
import subprocess
import time
from pathlib import Path

KVM = "kvm"
EMULATION = "tcg,thread=multi"
FIRMWARE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
TRIAL = 2.0  # seconds; firmware that KVM cannot run stops in the first of them
QUESTIONS = b'{"execute": "qmp_capabilities"} {"execute": "query-status"} {"execute": "quit"}'
RUNNING = b'"status": "running"'


@functools.cache
def accelerator() -> str:
    """KVM where it runs real firmware, else emulation."""
    return KVM if os.access("/dev/kvm", os.R_OK | os.W_OK) and _runs_firmware() else EMULATION


def _runs_firmware() -> bool:
    """Whether a machine under KVM still runs after the trial; some hosts stop it at its first FPU instruction."""
    argv = ["qemu-system-x86_64", "-accel", KVM, "-nodefaults", "-display", "none", "-qmp", "stdio"]
    argv += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={FIRMWARE}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(argv, **pipes) as process:
        time.sleep(TRIAL)
        try:
            said, _unused = process.communicate(QUESTIONS, timeout=TRIAL)
        except subprocess.TimeoutExpired:
            process.kill()
            return False
    return RUNNING in said
