# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``/2009-04-04/`` and ``/metadata``: what an installer or cloud-init asks about its machine, by source address."""

from __future__ import annotations

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    Bottle = HTTPResponse = request = None

from ..decisions.policy import judge
from ..hardware.model import Nic
from ..runtime import configuration_handout as delivery
from . import configuration, ec2, replies
from .site import Site

ROOT = "/2009-04-04"
FROM_CONFIGURATION = "configuration"  # the value of the annotation USER_DATA_ANNOTATION


def add_routes(app: Bottle, site: Site) -> None:
    """Add the tree and ``/metadata``."""

    @app.get(ROOT)
    def root() -> HTTPResponse:
        return _tree(site, "")

    @app.get(f"{ROOT}/<path:path>")
    def below(path: str) -> HTTPResponse:
        return _tree(site, path)

    @app.get("/metadata")
    def storage() -> HTTPResponse:
        caller = site.caller(request.environ)
        if caller.nic is None:
            return replies.reason(404, f"no Hardware object has {caller.name}")
        return replies.document(200, ec2.storage(caller.nic))


def _tree(site: Site, path: str) -> HTTPResponse:
    children = ec2.listing(path)
    if children is not None:
        return replies.text(200, children)
    if path not in ec2.LEAVES:
        return replies.text(404, "no such metadata\n")
    caller = site.caller(request.environ)
    if caller.nic is None:
        return replies.text(404, f"no Hardware object has {caller.name}\n")
    if path != ec2.USER_DATA:
        return replies.text(200, ec2.value(path, caller.nic))
    return _user_data(site, caller.nic)


def _user_data(site: Site, nic: Nic) -> HTTPResponse:
    if nic.machine.user_data_from == FROM_CONFIGURATION:
        return _configuration(site, nic)
    verdict = judge(nic)
    if not verdict.allowed:
        # It configures an installation, passwords and tokens included: with no installation to come nobody needs it.
        return replies.reason(403, verdict.reason)
    content = ec2.value(ec2.USER_DATA, nic)
    return replies.text(200, content) if content else replies.text(404, "spec.userData is empty\n")


def _configuration(site: Site, nic: Nic) -> HTTPResponse:
    """Return the installer's configuration as user data: the address alone says whose, and it lives no longer."""
    reason = delivery.obstacle(nic, site.services.journal.state(nic.machine.key))
    reply = None if reason else configuration.give(site, nic)
    if reply is None:
        reason = reason or "no configuration is kept for it"
        site.services.log.warning("configuration_not_given", machine=nic.machine.key, reason=reason)
        return configuration.nothing()
    return reply
