# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The iPXE script of a machine, from the policy's verdict. Pure, and never raises whatever the object holds."""

from __future__ import annotations

from functools import cache

try:
    from jinja2 import DictLoader, Environment, StrictUndefined
except ImportError:
    DictLoader = Environment = StrictUndefined = None

from ..catalog import Nic
from ..decisions.policy import Boot, Verdict, script_url
from ..hardware.mac import dashed
from ..installers import fields
from ..installers import linux as osie
from ..installers.harvester import boot as harvester
from ..settings import Settings
from . import reports, templates

MAGIC = "#!ipxe"
_SYSLOG_PORT = 514  # the only one iPXE sends to


def render(nic: Nic | None, verdict: Verdict, settings: Settings, config_url: str = "") -> str:
    """Return the script for ``nic``, or for a machine without Hardware object where it is None.

    ``netboot.ipxe.contents`` comes back verbatim: no facts, no retries, the user's own words; only the line that makes
    it a script is put before it where it is missing, as Smee does. Where a field of the object can't be used the script
    says so on the console and to bootd, boots nothing, and asks again until the object has been put right.
    ``config_url`` is where Harvester's installer gets its configuration, "" where none is kept here.
    """
    if nic is None or verdict.boot is Boot.LOCAL:
        return _fill("local", reason=fields.text(verdict.reason))
    if verdict.boot is Boot.HOLD:
        return _fill("hold", **_common(nic, verdict, settings))
    if verdict.boot is Boot.CONTENTS:
        return _contents(nic.interface.netboot.ipxe_contents)
    common = _common(nic, verdict, settings)
    try:
        if verdict.boot is Boot.CHAIN:
            return _fill("chain", url=fields.url(_url_field(nic), script_url(nic)), **common)
        linux = harvester.plan(nic, config_url) if verdict.boot is Boot.HARVESTER else osie.plan(nic)
        return _fill("linux", linux=linux, efi_only=fields.text(linux.efi_only), **common)
    except fields.FieldError as error:
        return _fill("refused", problem=fields.text(str(error)), **common)


def _common(nic: Nic, verdict: Verdict, settings: Settings) -> dict[str, str]:
    mac = dashed(nic.interface.mac)
    return {
        "reason": fields.text(verdict.reason),
        "report": f"{settings.http_base}/phone-home?mac={mac}",
        "script": f"{settings.http_base}/{mac}/auto.ipxe",
        "syslog": settings.address if settings.syslog_port == _SYSLOG_PORT else "",
    }


def _contents(script: str) -> str:
    first = script.split("\n", 1)[0].rstrip()
    return script if first == MAGIC or first.startswith((f"{MAGIC} ", f"{MAGIC}\t")) else f"{MAGIC}\n{script}"


def _url_field(nic: Nic) -> str:
    return "netboot.ipxe.url" if nic.interface.netboot.ipxe_url else "metadata.instance.ipxe_script_url"


def _fill(template: str, **values: object) -> str:
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader(templates.TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # iPXE has no escapes: fields.py lets nothing through that would need one
    )
    environment.globals.update(
        tries=templates.TRIES,
        first_pause=templates.FIRST_PAUSE,
        pause_growth=templates.PAUSE_GROWTH,
        ask_pause=templates.ASK_PAUSE,
        asks=templates.ASKS,
        hold_pause=templates.HOLD_PAUSE,
        report_timeout=templates.REPORT_TIMEOUT,
        facts_query=reports.facts_query,
        loaded_query=reports.loaded_query,
        failed_query=reports.failed_query,
        refused_query=reports.refused_query,
    )
    return environment
