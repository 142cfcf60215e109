# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``/2009-04-04/`` and ``/metadata``: what an installer or cloud-init asks about its machine, by source address."""

from __future__ import annotations

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    pass

from ..decisions.policy import judge
from ..hardware.model import Nic
from ..runtime import configuration_handout
from ..runtime.origin import is_its_own
from . import configuration, ec2, responses
from .site import Site

ROOT = "/2009-04-04"
FROM_CONFIGURATION = "configuration"  # the value of the annotation USER_DATA_ANNOTATION


def add_routes(app: Bottle, site: Site) -> None:
    """Add the tree and ``/metadata``."""

    def root() -> HTTPResponse:
        return _tree(site, "")

    def below(path: str) -> HTTPResponse:
        return _tree(site, path)

    def storage() -> HTTPResponse:
        caller = site.caller(request.environ)
        if caller.nic is None:
            return responses.json_error(404, f"no Hardware object has {caller.name}")
        return responses.json_document(200, ec2.storage(caller.nic))

    app.get(ROOT, callback=root)
    app.get(f"{ROOT}/<path:path>", callback=below)
    app.get("/metadata", callback=storage)


def _tree(site: Site, path: str) -> HTTPResponse:
    children = ec2.listing(path)
    if children is not None:
        return responses.text(200, children)
    if path not in ec2.LEAVES:
        return responses.text(404, "no such metadata\n")
    caller = site.caller(request.environ)
    if caller.nic is None:
        return responses.text(404, f"no Hardware object has {caller.name}\n")
    if path != ec2.USER_DATA:
        return responses.text(200, ec2.value(path, caller.nic))
    return _user_data(site, caller.nic)


def _user_data(site: Site, nic: Nic) -> HTTPResponse:
    if not is_its_own(site.services, nic, site.speaker(request.environ)):
        return responses.text(404, "user data are for an address that is surely the machine's\n")
    if nic.machine.user_data_from == FROM_CONFIGURATION:
        return _configuration(site, nic)
    verdict = judge(nic)
    if not verdict.allowed:
        # It configures an installation, passwords and tokens included: with no installation to come nobody needs it.
        return responses.json_error(403, verdict.reason)
    content = ec2.value(ec2.USER_DATA, nic)
    return responses.text(200, content) if content else responses.text(404, "spec.userData is empty\n")


def _configuration(site: Site, nic: Nic) -> HTTPResponse:
    """Return the installer's configuration as user data: the address alone says whose, and it lives no longer."""
    reason = configuration_handout.obstacle(site.services, nic, site.services.journal.state(nic.machine.key))
    reply = None if reason else configuration.give(site, nic)
    if reply is None:
        reason = reason or "no configuration is kept for it"
        site.services.log.warning("configuration_not_given", machine=nic.machine.key, reason=reason)
        return configuration.nothing()
    return reply
