# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redfish (DMTF DSP0266): systems, their boot override, their virtual media and the action ComputerSystem.Reset.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import (
    OFF,
    ON,
    UNKNOWN,
    PowerError,
    without_secrets,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import Bmc

try:
    import sushy
    from requests.exceptions import RequestException
    from sushy.exceptions import AccessError, BadRequestError, MissingAttributeError, SushyError
except ImportError:
    sushy = None
    AccessError = BadRequestError = MissingAttributeError = RequestException = SushyError = RuntimeError

LIBRARY = "sushy"
_CONNECT, _READ = 10, 60  # seconds
_RETRIES, _DELAY = 3, 2  # of questions that a BMC, busy with itself, answers with a server error
_MAX_NAMED = 8  # systems
_REASON = re.compile(r"\[Errno -?[0-9]+\] ([^'\")(]+)")


class Redfish:
    """A machine whose BMC speaks Redfish."""

    def __init__(self, bmc: Bmc) -> None:
        """Log in and find the system; raises PowerError."""
        # What it would log goes to standard error, where nobody has cut anything out of it.
        logging.getLogger("sushy").addHandler(logging.NullHandler())
        logging.getLogger("sushy").propagate = False
        self._bmc = bmc
        self._root = self._ask(self._connect)
        self._system = self._ask(self._find)

    def state(self) -> str:
        """Return whether the machine is on; one that is about to go off still is. Raises PowerError, as all others."""
        self._ask(lambda: self._system.refresh(force=True))
        found = self._system.power_state
        if found is None:
            return UNKNOWN
        return OFF if found == sushy.PowerState.OFF else ON

    def eject(self) -> list[str]:
        """Eject whatever is inserted, at the system and at its managers."""
        return self._ask(lambda: [self._ejected(medium) for medium in self._media() if medium.inserted])

    def boot_once(self, firmware: str, boot: str) -> None:
        """Set the boot override: Pxe or UefiHttp, Once, UEFI or Legacy."""
        target = sushy.BootSource.UEFI_HTTP if boot == "http" else sushy.BootSource.PXE
        mode = sushy.BootSourceOverrideMode.UEFI if firmware == "uefi" else sushy.BootSourceOverrideMode.LEGACY
        self._ask(lambda: self._override(target, mode))

    def on(self) -> None:
        """Switch the machine on."""
        self._reset(sushy.ResetType.ON, sushy.ResetType.FORCE_ON)

    def off(self, *, force: bool) -> None:
        """Have the operating system shut down, or cut the power."""
        self._reset(sushy.ResetType.FORCE_OFF if force else sushy.ResetType.GRACEFUL_SHUTDOWN)

    def close(self) -> None:
        """End the session, of which a BMC has few."""
        self._ask(self._root._auth.close)

    def _connect(self) -> Any:
        verify: bool | str = self._bmc.ca_path or True
        if not self._bmc.validate_certs:
            verify = False
            # Who has asked for it need not hear of it at every request.
            warnings.filterwarnings("ignore", message="Unverified HTTPS request")
        return sushy.Sushy(
            url_of(self._bmc),
            username=self._bmc.username,
            password=self._bmc.password,
            verify=verify,
            server_side_retries=_RETRIES,
            server_side_retries_delay=_DELAY,
            connect_timeout=_CONNECT,
            read_timeout=_READ,
        )

    def _find(self) -> Any:
        """Return the system that is meant."""
        paths = self._root.get_system_collection().members_identities
        ids = [path.rstrip("/").rpartition("/")[2] for path in paths]
        if self._bmc.system:
            wanted = self._bmc.system.rstrip("/").rpartition("/")[2]
            if wanted not in ids:
                raise PowerError(f"the BMC has no system {self._bmc.system}, but {_named(ids)}")
            return self._root.get_system(paths[ids.index(wanted)])
        if len(paths) != 1:
            raise PowerError(f"the BMC has {len(paths)} systems: say which one with system, of {_named(ids)}")
        return self._root.get_system(paths[0])

    def _media(self) -> Iterator[Any]:
        """Yield all virtual media, each once: newer BMCs have them at the system, older ones at its manager."""
        seen = set()
        for collection in self._collections():
            for medium in collection.get_members():
                if medium.path not in seen:
                    seen.add(medium.path)
                    yield medium

    def _collections(self) -> Iterator[Any]:
        try:
            yield self._system.virtual_media
        except MissingAttributeError:
            pass
        try:
            managers = self._system.managers
        except MissingAttributeError:
            managers = []
        for manager in managers:
            try:
                yield manager.virtual_media
            except MissingAttributeError:
                continue

    def _ejected(self, medium: Any) -> str:
        medium.eject_media()
        return str(medium.identity)

    def _override(self, target: Any, mode: Any) -> None:
        allowed = self._system.boot.allowed_values if self._system.boot else None
        if allowed and target.value not in allowed:
            raise PowerError(f"the BMC can't have the machine boot by {target.value}, but by {_named(allowed)}")
        once = sushy.BootSourceOverrideEnabled.ONCE
        present = self._system.boot.mode if self._system.boot else None
        if present is None:  # it has one mode only, and does not say so
            self._system.set_system_boot_options(target, enabled=once)
            return
        try:
            self._system.set_system_boot_options(target, enabled=once, mode=mode)
        except BadRequestError:
            if present != mode:
                raise
            # Some refuse the mode itself, also where it is the one that they have.
            self._system.set_system_boot_options(target, enabled=once)

    def _reset(self, *kinds: Any) -> None:
        """Reset by the first of ``kinds`` that the BMC can."""

        def ask() -> None:
            can = self._system.get_allowed_reset_system_values()
            kind = next((each for each in kinds if each in can), None)
            if kind is None:
                raise PowerError(f"the BMC can't {kinds[0].value}, but {_named(sorted(each.value for each in can))}")
            self._system.reset_system(kind)

        self._ask(ask)

    def _ask(self, call: Callable[[], Any]) -> Any:
        """Return what ``call`` does; raises PowerError."""
        try:
            return call()
        except AccessError:
            raise PowerError(f"{url_of(self._bmc)} refuses the user name or the password") from None
        except (SushyError, RequestException, OSError) as error:
            raise PowerError(f"{url_of(self._bmc)}: {self._reason(str(error))}") from None

    def _reason(self, text: str) -> str:
        """Return what a library's message comes down to."""
        if "certificate verify failed" in text.lower():
            return "its certificate is of nobody trusted: name its authority in ca_path, or set validate_certs: false"
        if "doesn't match" in text or "certificate is not valid for" in text:
            return "its certificate is of another name: use that as address, or set validate_certs: false"
        found = _REASON.search(text)
        return f"can't be reached: {found[1].strip()}" if found else without_secrets(text, self._bmc.password)


def url_of(bmc: Bmc) -> str:
    """Return the URL of the BMC, which has no path."""
    parts = urlsplit(bmc.address if "://" in bmc.address else f"https://{_bracketed(bmc.address)}")
    port = parts.port or bmc.port
    host = _bracketed(parts.hostname or "")
    return f"{parts.scheme}://{host}" if (parts.scheme, port) == ("https", 443) else f"{parts.scheme}://{host}:{port}"


def _bracketed(host: str) -> str:
    """Return an IPv6 address as URLs have it (RFC 3986, section 3.2.2), and anything else as it is."""
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


def _named(names: list[str]) -> str:
    more = len(names) - _MAX_NAMED
    return (", ".join(names[:_MAX_NAMED]) or "none") + (f" and {more} more" if more > 0 else "")
