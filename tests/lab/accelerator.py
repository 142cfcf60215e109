# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of QEMU's accelerators works on this host; found by trying, because an open /dev/kvm promises nothing."""

from __future__ import annotations

import functools
import os
import subprocess
import time
from pathlib import Path

from .monitor import Monitor, MonitorClosed

KVM = "kvm"
EMULATION = "tcg,thread=multi"
FIRMWARE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
TRIAL = 2.0  # seconds; firmware that KVM cannot run stops it in the first of them


@functools.cache
def accelerator() -> str:
    """KVM where it runs real firmware, else emulation."""
    return KVM if os.access("/dev/kvm", os.R_OK | os.W_OK) and _runs_firmware() else EMULATION


def _runs_firmware() -> bool:
    """Whether a machine under KVM still runs after the trial; some hosts stop it at its first FPU instruction."""
    monitor = Monitor()
    descriptor = monitor.theirs.fileno()
    argv = ["qemu-system-x86_64", "-accel", KVM, "-nodefaults", "-display", "none"]
    argv += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={FIRMWARE}"]
    argv += ["-chardev", f"socket,id=monitor,fd={descriptor}", "-mon", "chardev=monitor,mode=control"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(argv, pass_fds=[descriptor], **quiet) as process:
        monitor.close_theirs()
        try:
            time.sleep(TRIAL)
            status = monitor.command("query-status")
        except MonitorClosed:
            return False
        finally:
            process.kill()
            monitor.close()
    return isinstance(status, dict) and status.get("status") == "running"
