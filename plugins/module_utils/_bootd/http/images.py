# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``/ipxe/``: network boot programs, for machines that may netboot. ``/images/``: operating systems, for anybody.

Images hold nothing secret and are not only asked for by machines in the catalog; what a known one loads is recorded.
"""

from __future__ import annotations

from functools import lru_cache

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    pass

from ..decisions import boot
from ..decisions.boot import Asked, Program, Refusal, Wants, decide
from ..decisions.events import BootFile, Loaded, LocalBoot, Progress
from ..decisions.stages import LOADS
from ..grub.names import cpu_in, mac_in
from ..hardware.mac import split_mac
from ..hardware.model import Nic
from ..ipxe.artifacts import role_of
from . import scripts
from .downloads import Download
from .files import serve
from .responses import Reply, text_reply
from .site import Environ, Site, is_rehearsal

FIRMWARE, IMAGES = "/ipxe/<name:path>", "/images/<name:path>"
_role_of = lru_cache(maxsize=128)(role_of)  # a storm asks for a few names, and for each in many ranges


def add_routes(app: Bottle, site: Site) -> None:
    """Add ``/ipxe/[<mac>/]<file>`` and ``/images/<path>``."""

    def firmware_or_script(name: str) -> HTTPResponse:
        mac, rest = split_mac(name)
        program = scripts.program_of(rest)
        if program is not None:
            # iPXE and GRUB look for their scripts beside the file they were loaded from.
            return scripts.answer(site, mac or mac_in(rest), program, cpu_in(rest))
        return firmware(site, request.environ, name).for_bottle()

    def any_image(name: str) -> HTTPResponse:
        return image(site, request.environ, name).for_bottle()

    app.get(FIRMWARE, callback=firmware_or_script)
    app.get(IMAGES, callback=any_image)


def firmware(site: Site, environ: Environ, name: str) -> Reply:
    """Return the boot program ``[<mac>/]<file>``, or why the machine does not get it."""
    mac, name = split_mac(name)
    caller = site.caller(environ, mac, boots=True)
    nic = caller.nic
    asked = Asked(Wants.FILE, Program.HTTP, name=name, who=caller.name)
    decision = decide(nic, asked, site.boot_context(environ))
    if nic is None:
        site.asked_by_unknown(environ, mac)
    if not isinstance(decision, boot.BootFile):
        site.decided("refused")
        missing = isinstance(decision, Refusal) and decision.missing
        return text_reply(404 if missing else 403, f"{decision.reason}\n")

    netboot, reason = decision.netboot, decision.reason
    site.decided("boot_file" if netboot else "local_disk")
    own = nic is not None and site.is_own_act(environ, nic)

    def on_end(sent: int, whole: bool) -> None:
        site.services.metrics.http_bytes.inc(sent)
        if whole and own and nic is not None:
            site.record(nic, BootFile(name, "http", sent) if netboot else LocalBoot(reason))

    return serve(environ, tuple(site.boot_files), name, on_end)


def image(site: Site, environ: Environ, name: str) -> Reply:
    """Return the file ``name`` of an operating system."""
    root = site.services.settings.image_dir
    if not root:
        return text_reply(404, "no images are served here\n")
    nic = None if is_rehearsal(environ) else site.caller(environ).nic
    download = _followed(site, nic, name) if nic is not None else None

    def on_end(sent: int, whole: bool) -> None:
        site.services.metrics.http_bytes.inc(sent)
        if whole and nic is not None:
            _loaded(site, nic, name, sent, download)

    return serve(environ, (root,), name, on_end, download)


def _followed(site: Site, nic: Nic, name: str) -> Download | None:
    """Return what follows a download, None for one that says nothing of how far a machine is."""
    role = _role_of(name)
    if role not in LOADS:
        return None

    def tell(progress: Progress) -> None:
        site.record(nic, progress)

    return site.downloads.follow(nic.machine.key, name, role, tell)


def _loaded(site: Site, nic: Nic, name: str, sent: int, download: Download | None) -> None:
    url = f"{site.services.settings.http_base}/images/{name}"
    site.record(nic, Loaded(url, _role_of(name), sent, download.size if download is not None else 0))
