# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a machine's power, as data: which steps, in which waves, and which machines are left alone. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import OFF, ON, UNKNOWN
from ansible_collections.baremetal.netboot.plugins.module_utils._power.standing import Standing
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import WOL, Bmc

# What can be asked for.
TURNED_ON, TURNED_OFF, CYCLED, NETWORK_BOOT = "on", "off", "cycled", "network_boot"
STATES = (TURNED_ON, TURNED_OFF, CYCLED, NETWORK_BOOT)
# The steps that lead there, in the words of results.
EJECT, BOOT_ONCE, SHUT_DOWN, CUT, SWITCH_ON = "eject", "boot_once", "shut_down", "cut", "switch_on"
# Stages of bootd, see its decisions/stages.
_INSTALLED = ("installed", "ready")
_UNDER_WAY = ("loading", "script", "kernel", "installing")
_UNHEARD, _ASKED, _FAILED = "known", "offered", "failed"
_MAY_BE_INSTALLED = ("kernel", "installing", "installed")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Target:
    """One machine: how its power is reached, what it boots by, and where bootd says that it stands.

    ``bmc`` is None where it has none. ``firmware`` is "uefi" or "bios". The last four are those of ``Standing``.
    """

    name: str
    bmc: Bmc | None
    mac: str = ""
    firmware: str = "uefi"
    namespace: str = ""
    stage: str = ""
    netboot: bool = True
    reached: str = ""
    overdue: str = ""

    def standing(self, standing: Standing) -> Target:
        """Return the same machine where it stands by now."""
        return replace(self, **asdict(standing))


@dataclass(frozen=True)
class Wish:
    """What is wanted of all machines.

    ``force`` cuts the power where the operating system would be asked to shut down. ``even_installed`` takes machines
    that have been installed or are about to be, and those whose netboot is off; ``even_running`` those that run
    and of which bootd does not know what.
    """

    state: str
    force: bool = False
    even_installed: bool = False
    even_running: bool = False


def left_alone(wish: Wish, target: Target) -> str:
    """Return why a machine is not touched, whatever its power is, "" where nothing is against it.

    Where its stage is not known, who asks for it has to know what the machine runs.
    """
    if wish.even_installed or not target.stage or wish.state == TURNED_ON:
        return ""
    if target.stage in _UNDER_WAY:
        return f"it is on its way ({target.stage})"
    if wish.state == TURNED_OFF:
        return ""
    if target.stage in _INSTALLED:
        return f"it is {target.stage}"
    return "" if target.netboot else "its netboot is off"


def left_running(wish: Wish, target: Target, current: str) -> str:
    """Return why a machine whose power is ``current`` is not started anew, "" where nothing is against it.

    One that runs may be anything as long as it has fetched nothing in this attempt, such as a node that another bootd
    installed: a DHCPDISCOVER with its MAC anybody can send, which makes it offered, and failed when nothing follows.
    One whose installer fell silent may be installed, its report lost.
    """
    if wish.state not in (CYCLED, NETWORK_BOOT) or wish.even_running or wish.even_installed:
        return ""
    if current == OFF or _only_wakes(target):
        return ""
    why = ""
    if target.stage == _UNHEARD:
        why = "bootd has heard nothing of it, so nobody knows what"
    elif target.stage == _ASKED or (target.stage == _FAILED and target.reached in ("", _UNHEARD, _ASKED)):
        why = "all that was heard of it is DHCP, which anybody can send with its MAC, so nobody knows what"
    elif target.stage == _FAILED and target.overdue in _MAY_BE_INSTALLED:
        why = f"nothing came of it any more at {target.overdue}: it may be installed, its report lost"
    return f"it runs, and {why}; even_running restarts it" if why else ""


def steps(wish: Wish, target: Target, current: str) -> tuple[str, ...]:
    """Return what has to be done to a machine whose power is ``current``, in this order; nothing where all is well.

    What only the BMC can refuse comes first, while the machine is as it was.
    """
    if _only_wakes(target):
        return (SWITCH_ON,)
    if wish.state == TURNED_ON:
        return () if current == ON else (SWITCH_ON,)
    if wish.state == TURNED_OFF:
        return () if current == OFF else (CUT if wish.force else SHUT_DOWN,)
    cycle = (SWITCH_ON,) if current == OFF else (CUT, SWITCH_ON)
    return cycle if wish.state == CYCLED else (EJECT, BOOT_ONCE, *cycle)


def impossible(wish: Wish, target: Target) -> str:
    """Return why a machine's way to its power can't do what is wanted, "" where it can."""
    if _only_wakes(target):
        if wish.state in (TURNED_OFF, CYCLED):
            return f"Wake-on-LAN can only switch on, so it can't be {wish.state}"
        if not target.mac:
            return "Wake-on-LAN needs its MAC address"
    if wish.state == NETWORK_BOOT and target.bmc and target.bmc.boot == "http" and target.firmware != "uefi":
        return "boot: http is for UEFI, and its firmware is a BIOS"
    return ""


def outcome(done: Sequence[str], current: str) -> str:
    """Return how a machine's power is after the steps ``done``."""
    for step in reversed(done):
        if step == SWITCH_ON:
            return UNKNOWN if current == UNKNOWN else ON
        if step in (CUT, SHUT_DOWN):
            return OFF
    return current


def waves(items: Sequence[Item], width: int) -> list[Sequence[Item]]:
    """Return the items in groups of at most ``width``, in their order."""
    return [items[place : place + width] for place in range(0, len(items), width)]


def by_hand(target: Target) -> str:
    """Return what somebody has to do at a machine that nobody can power from here."""
    uefi = target.firmware == "uefi"
    entry = "UEFI: PXE IPv4, or HTTP IPv4" if uefi else "PXE, Network or LAN, without UEFI before it"
    card = f" ({target.mac})" if target.mac else ""
    return (
        f"{target.name}{card} has no BMC: switch it on and have it boot from the network, by F12 on most machines, "
        f"or by its boot menu (F7, F8, F10 or F11): {entry}"
    )


def _only_wakes(target: Target) -> bool:
    return target.bmc is not None and target.bmc.type == WOL
