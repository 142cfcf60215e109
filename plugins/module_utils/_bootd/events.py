# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Events: one thing seen of a machine, as the servers report it to the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What a server saw. The journal's ``advance`` says what each means for the machine's stage.
DISCOVER = "discover"  # a DHCPDISCOVER that was answered; detail: client (firmware|ipxe|os), arch, filename
LEASE = "lease"  # a DHCPREQUEST that was acknowledged; detail as DISCOVER
REFUSED = "refused"  # a DHCPNAK was sent; detail: reason
DECLINE = "decline"  # the client found its address in use; detail: address
RELEASE = "release"  # the client gave its address back; detail: address
BOOT_FILE = "boot_file"  # a network boot program was sent whole; detail: name, via (tftp|http), bytes
SCRIPT = "script"  # an iPXE script was served; detail: kind, bytes
FACTS = "facts"  # iPXE told what the machine is; detail: the facts
LOADED = "loaded"  # the machine has loaded a URL; detail: url, role (kernel|initrd|rootfs|iso|other), bytes, size
PROGRESS = "progress"  # a file is being sent; detail: what (as role above), bytes, size
CONFIGURATION = "configuration"  # the installer was given its configuration; detail: bytes
BOOT_ERROR = "boot_error"  # iPXE could not go on; detail: message, link
PHONE_HOME = "phone_home"  # a report by source address, without a token: kept, never trusted; detail: type, body
REPORT = "report"  # an installer's report with the machine's token; detail: outcome (started|succeeded|failed), reason
LOCAL_BOOT = "local_boot"  # the machine was told to boot its disk; detail: reason
HELD = "held"  # the machine asked for its script and has to wait in iPXE; detail: waits_for
OVERDUE = "overdue"  # nothing came for longer than its stage may take; detail: reason
READY = "ready"  # the installed machine answers; detail: where


@dataclass(frozen=True, slots=True)
class Event:
    """One thing seen of the machine ``key`` through its interface ``mac`` at ``at`` (seconds since the epoch)."""

    kind: str
    key: str
    mac: str
    at: float
    detail: Mapping[str, object] = field(default_factory=dict)
