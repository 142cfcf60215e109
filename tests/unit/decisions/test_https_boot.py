# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is given https URLs: UEFI HTTP boot, where somebody says that its firmware trusts bootd, and nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from _bootd.commands.arguments import UsageError, parse, settings_from
from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import identify
from _bootd.dhcp.reply import boot_offer, context_from
from _bootd.hardware.manifest import Document
from _bootd.hardware.model import HTTPS_BOOT_ANNOTATION, Nic, machine_from_object
from _bootd.validation.objects import check_document
from samples import howto
from samples.dhcp_messages import HTTP_BOOT, IPXE, PATH, SCRIPT, UEFI, message, nic

HTTPS = replace(howto.SETTINGS, tls_cert="bootd.pem", tls_key="bootd.key")
FILE = f"{PATH}/snponly.efi"
PLAIN, ENCRYPTED = f"http://10.10.0.20:7080/ipxe/{FILE}", f"https://10.10.0.20:7443/ipxe/{FILE}"


def file(options: dict[int, bytes], own: bool | None = None, **settings: object) -> str:
    there = nic()
    there = Nic(replace(there.machine, https_boot=own), there.interface)
    context = context_from(replace(HTTPS, **settings))
    return boot_offer(there, identify(message(opt.DHCPDISCOVER, options)), context).file


@pytest.mark.parametrize(
    ("own", "all_machines", "url"),
    [
        (None, False, PLAIN),
        (None, True, ENCRYPTED),
        (True, False, ENCRYPTED),
        (False, True, PLAIN),
    ],
)
def test_firmware_that_boots_by_http(own, all_machines, url):
    assert file(HTTP_BOOT, own, https_boot=all_machines) == url


def test_without_a_certificate_there_is_no_https():
    assert file(HTTP_BOOT, True, tls_cert="", https_boot=True) == PLAIN


@pytest.mark.parametrize(("client", "told"), [(UEFI, FILE), (IPXE, SCRIPT)])
def test_others_get_what_they_always_get(client, told):
    assert file(client, True, https_boot=True) == told


def test_port_443_needs_not_be_said():
    assert file(HTTP_BOOT, True, https_port=443) == f"https://10.10.0.20/ipxe/{FILE}"


@pytest.mark.parametrize(("text", "own"), [("true", True), ("false", False), ("", None), ("yes", None)])
def test_annotation(text, own):
    document = yaml.safe_load(howto.HARDWARE)
    document["metadata"]["annotations"] = {HTTPS_BOOT_ANNOTATION: text}
    assert machine_from_object(document).https_boot is own
    path = f"metadata.annotations.{HTTPS_BOOT_ANNOTATION}"
    told = [problem.message for problem in check_document(Document(document)) if problem.path == path]
    assert told == (['should be "true" or "false"'] if text == "yes" else [])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--tls-cert", "bootd.pem"], "--tls-cert and --tls-key go together"),
        (["--tls-key", "bootd.key"], "--tls-cert and --tls-key go together"),
        (["--https-boot", "yes"], "--https-boot needs a certificate"),
        (["--https-port", "seven"], "--https-port is"),
    ],
)
def test_flags_that_make_no_sense(flags, said):
    with pytest.raises(UsageError, match=said):
        settings_from(parse(["serve", "--store", "files:/tmp", "--address", "10.10.0.20", *flags], {}))
