# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPMI over LAN: RMCP+ sessions and chassis commands (IPMI 2.0, sections 13 and 28).

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import (
    OFF,
    ON,
    UNKNOWN,
    PowerError,
    without_secrets,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import Bmc

try:
    from pyghmi.exceptions import PyghmiException
    from pyghmi.ipmi.command import Command
except ImportError:
    PyghmiException, Command = RuntimeError, None

LIBRARY = "pyghmi"


class Ipmi:
    """A machine whose BMC speaks IPMI."""

    def __init__(self, bmc: Bmc) -> None:
        """Log in; raises PowerError."""
        self._bmc = bmc
        self._command = self._ask(
            lambda: Command(bmc=bmc.address, userid=bmc.username, password=bmc.password, port=bmc.port, keepalive=False)
        )

    def state(self) -> str:
        """Return whether the machine is on; raises PowerError, as all others do."""
        found = self._ask(self._command.get_power)["powerstate"]
        return found if found in (ON, OFF) else UNKNOWN

    def eject(self) -> list[str]:
        """Return nothing: IPMI knows no virtual media."""
        return []

    def boot_once(self, firmware: str, boot: str) -> None:  # noqa: ARG002
        """Set the boot flags: PXE, for the next boot, by a kind of firmware (section 28.13, parameter 5)."""
        self._ask(lambda: self._command.set_bootdev("network", persist=False, uefiboot=firmware == "uefi"))

    def on(self) -> None:
        """Switch the machine on."""
        self._ask(lambda: self._command.set_power("on"))

    def off(self, *, force: bool) -> None:
        """Have the operating system shut down by way of ACPI, or cut the power."""
        self._ask(lambda: self._command.set_power("off" if force else "shutdown"))

    def close(self) -> None:
        """Log out."""
        self._ask(self._command.ipmi_session.logout)

    def _ask(self, call: Callable[[], Any]) -> Any:
        """Return what ``call`` does; raises PowerError."""
        try:
            answer = call()
        # The library lets a reply that it does not understand through as whatever that led to.
        except (PyghmiException, OSError, LookupError, TypeError, ValueError, AssertionError) as error:
            raise PowerError(self._told(error)) from None
        if isinstance(answer, dict) and answer.get("error"):
            raise PowerError(self._told(answer["error"]))
        return answer

    def _told(self, error: object) -> str:
        text = without_secrets(str(error), self._bmc.password)
        if text in ("", "None", "timeout"):  # what the library says of silence
            text = "does not answer: see that IPMI over LAN is on in the BMC, and that UDP reaches it from here"
        return f"{self._bmc.address} port {self._bmc.port}: {text}"
