# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``/phone-home``: what machines report. From iPXE and from Boots' clients by address, from installers with a token.

A report is a POST: browsers, previews and crawlers GET whatever they find. iPXE as distributions ship it can only GET,
so what its script tells is a GET with ``event`` in its query, and counts from the machine's own address only. So does
GRUB, which shows the answer and is given an empty one. A report by address is kept and shown and decides little: an
address can be borrowed. Only a report with the machine's token moves it to installing, installed or failed.
"""

from __future__ import annotations

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    pass

from ..decisions import tokens
from ..decisions.events import Facts, PhoneHome, Report
from ..grub.words import as_form
from ..hardware.mac import parse_mac
from ..hardware.model import Nic
from ..ipxe.reports import read_report
from ..stores.base import StoreError
from . import responses
from .report_body import BadBody, phone_home, read_body, read_query, reason_in
from .responses import Reply
from .site import Environ, Site, is_rehearsal
from .wsgi_environ import MAX_BODY

BY_ADDRESS = "/phone-home"
BY_TOKEN = "/phone-home/<mac>/<token>/<outcome>"
KEPT = {"kept": True}
NOT_KEPT = {"kept": False}
RETRY_SECONDS = "5"
METHODS = ["GET", "POST", "PUT"]  # of those with a token
HELP = "Machines report here by POST, from their own address or with their token; a GET changes nothing.\n"
_DONE = ("installed", "ready")


def add_routes(app: Bottle, site: Site) -> None:
    """Add ``/phone-home``, ``/<mac>/phone-home`` for GRUB and ``/phone-home/<mac>/<token>/<outcome>``."""

    def by_address() -> HTTPResponse:
        if request.method == "HEAD":
            return responses.json_error(405, "a report is a POST", Allow="GET, POST")
        if request.method == "GET":
            return told_by_query(site, request.environ).for_bottle()
        try:
            return _told_by_body(site, read_body(_content_type(), body_of(request.environ)))
        except BadBody as error:
            return responses.json_error(error.status, error.reason)

    def by_token(mac: str, token: str, outcome: str) -> HTTPResponse:
        if request.method not in ("POST", "PUT"):
            return _not_posted(site, parse_mac(mac), token, outcome)
        try:
            reason = reason_in(_content_type(), body_of(request.environ))
        except BadBody as error:
            return responses.json_error(error.status, error.reason)
        return _reported(site, parse_mac(mac), token, outcome, reason)

    def from_grub(mac: str) -> HTTPResponse:
        if request.method == "GET":
            _told_by_grub(site, mac)
        return responses.text(200, "")  # which GRUB shows on the console; it asks by HEAD how long that will be

    app.get("/<mac>/phone-home", callback=from_grub)
    app.route(BY_ADDRESS, method=["GET", "POST"], callback=by_address)
    app.route(BY_TOKEN, method=METHODS, callback=by_token)


def is_told_by_ipxe(environ: Environ) -> bool:
    """Return whether the request is what iPXE's scripts tell, which is answered without waiting for anything."""
    return environ.get("REQUEST_METHOD") == "GET" and environ.get("PATH_INFO") == BY_ADDRESS


def is_told_by_installer(environ: Environ) -> bool:
    """Return whether the request is a POST to a report's URL."""
    return environ.get("REQUEST_METHOD") == "POST" and str(environ.get("PATH_INFO")).startswith(f"{BY_ADDRESS}/")


def body_of(environ: Environ) -> bytes:
    """Return the body of the request; raises BadBody where it is too large."""
    try:
        length = int(str(environ.get("CONTENT_LENGTH") or 0))
    except ValueError:
        raise BadBody(400, "not a Content-Length") from None
    if length > MAX_BODY:
        raise BadBody(413, f"a body has at most {MAX_BODY} octets")
    body: bytes = environ["wsgi.input"].read(length) if length > 0 else b""
    return body


def _content_type() -> str:
    return request.environ.get("CONTENT_TYPE") or ""


def told_by_query(site: Site, environ: Environ) -> Reply:
    """Take note of what iPXE tells in the query of a GET."""
    try:
        return _told(site, environ, read_query(str(environ.get("QUERY_STRING", ""))))
    except BadBody as error:
        return responses.json_error_reply(error.status, error.reason)


def _told(site: Site, environ: Environ, query: dict[str, str]) -> Reply:
    nic = site.caller(environ).nic
    if nic is None and (mac := parse_mac(query.get("mac", ""))) is not None:
        # Behind a router that hides addresses the machine still says which one it is.
        nic = site.caller(environ, mac).nic
    report = read_report(query if "event" in query else {**query, "event": "facts"})
    if "event" not in query and (not isinstance(report, Facts) or not report.values):
        return responses.text_reply(200, HELP)
    if nic is None:
        return responses.json_error_reply(404, "no Hardware object has this address")
    if report is None:
        return responses.json_error_reply(400, "not a report")
    if not site.is_own_act(environ, nic):
        _does_not_count(site, environ, nic, "it does not come from the machine's address")
        return responses.json_reply(200, NOT_KEPT)
    site.record(nic, report)
    return responses.json_reply(200, KEPT)


def _told_by_grub(site: Site, mac: str) -> None:
    try:
        query = read_query(as_form(request.query_string))
        status = _told(site, request.environ, {**query, "mac": mac}).status
    except BadBody as error:
        status = error.status
    site.services.log.debug("told_by_grub", mac=mac, status=status)


def _does_not_count(site: Site, environ: Environ, nic: Nic, reason: str) -> None:
    client = site.address(environ)
    site.services.log.warning(
        "report_not_counted", machine=nic.machine.key, mac=nic.interface.mac, client=client, reason=reason
    )


def _not_posted(site: Site, mac: str | None, token: str, outcome: str) -> HTTPResponse:
    """Answer a report that is no POST, and say in the log whose it would have been: it is missing there."""
    nic = site.caller(request.environ, mac).nic if mac else None
    if _token_lives(site, nic, token, outcome) and nic is not None:
        _does_not_count(site, request.environ, nic, f"it came by {request.method}; a report is a POST")
    return responses.text(405, HELP, Allow="POST, PUT")


def _told_by_body(site: Site, fields: dict[str, object]) -> HTTPResponse:
    nic = site.caller(request.environ).nic
    if nic is None:
        return responses.json_error(404, "no Hardware object has this address")
    if is_rehearsal(request.environ):
        return responses.json_document(200, NOT_KEPT)
    return _phoned_home(site, nic, phone_home(fields))


def _phoned_home(site: Site, nic: Nic, told: PhoneHome) -> HTTPResponse:
    site.record(nic, told)
    names = {"machine": nic.machine.key, "mac": nic.interface.mac}
    site.services.log.info("phone_home", **names, type=told.type, reason=told.reason)
    return responses.json_document(200, KEPT)


def _reported(site: Site, mac: str | None, token: str, outcome: str, reason: str) -> HTTPResponse:
    nic = reporter(site, request.environ, mac, token, outcome)
    if isinstance(nic, Reply):
        return nic.for_bottle()
    report, fault = report_of(nic, outcome, reason), None
    try:
        site.record(nic, report, durable=True)
    except StoreError as error:
        fault = error
    return kept(site, nic, report, fault).for_bottle()


def reporter(site: Site, environ: Environ, mac: str | None, token: str, outcome: str) -> Nic | Reply:
    """Return whose report it is that is to be kept, or the answer where it is none that is."""
    if outcome not in tokens.OUTCOMES:
        return responses.json_error_reply(404, f"a report ends with one of {', '.join(tokens.OUTCOMES)}")
    nic = site.caller(environ, mac).nic if mac else None
    if not _token_lives(site, nic, token, outcome) or nic is None:
        # One answer for an unknown machine, a wrong token and a dead one: nobody learns which machines there are.
        return responses.json_error_reply(404, "this report URL is not, or no longer, in use")
    return responses.json_reply(200, NOT_KEPT) if is_rehearsal(environ) else nic


def report_of(nic: Nic, outcome: str, reason: str) -> Report:
    """Return what the journal is told of a report of the machine of ``nic``."""
    return Report(outcome, reason, nic.machine.reprovision)


def kept(site: Site, nic: Nic, report: Report, fault: Exception | None) -> Reply:
    """Return the answer to a report that the store has, or has not because of ``fault``; the log is told.

    Raises what is no StoreError.
    """
    names = {"machine": nic.machine.key}
    if fault is None:
        site.services.log.info("report", **names, mac=nic.interface.mac, outcome=report.outcome, reason=report.reason)
        return responses.json_reply(200, KEPT)
    if not isinstance(fault, StoreError):
        raise fault
    site.services.log.error("report_not_kept", **names, outcome=report.outcome, reason=str(fault))
    return responses.json_error_reply(503, "the report could not be kept, send it again", Retry_After=RETRY_SECONDS)


def _token_lives(site: Site, nic: Nic | None, token: str, outcome: str) -> bool:
    """Return whether ``token`` is the machine's now, or was and this is its report of success once more.

    An installer repeats a report whose answer it did not get; recording it again makes sure that it is kept.
    """
    key = nic.machine.key if nic is not None else ""
    state = site.services.journal.state(key)
    now = tokens.matches(site.services.secret, key, state.installs, state.attempt, token)
    before = tokens.matches(site.services.secret, key, state.installs - 1, state.attempt, token)
    repeated = before and outcome == "succeeded" and state.stage in _DONE
    return nic is not None and (now or repeated)
