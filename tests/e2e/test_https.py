# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""UEFI HTTP boot over HTTPS, from a bootd whose certificate firmware trusts."""

from __future__ import annotations

import pytest

from e2e.site import Site
from integration.daemon.running import ADDRESS
from lab import bootstrap
from lab.network import Lab
from programs.require import require
from samples import howto
from samples.certificates import make_certificate

URL = "https://10.10.0.20:7443/ipxe/58-47-ca-71-d8-49/snponly.efi"
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"  # Debian's iPXE has no HTTPS


@pytest.mark.parametrize("trusts", [True, False], ids=["trusted", "untrusted"])
def test_firmware_loads_its_boot_program_over_https(files, tmp_path, trusts):
    require("openssl")
    certificate, key = make_certificate(tmp_path, "bootd", ADDRESS)
    other, _key = make_certificate(tmp_path, "other", ADDRESS)
    with Lab() as lab:
        bootstrap.lay_out(lab)
        https = ("--tls-cert", str(certificate), "--tls-key", str(key), "--https-boot", "yes")
        site = Site(lab, files, tmp_path, *https)
        site.serve(howto.HARDWARE)
        machine = site.machine("uefi", http=True, trusted=certificate if trusts else other)
        machine.power_on()
        if trusts:
            site.wait_until(lambda: SCRIPT in site.filenames(), machine, "ran what it had loaded")
            loads = [line for line in site.bootd.lines("http") if "snponly.efi" in line["uri"]]
            assert [(line["method"], line["status"]) for line in loads] == [("HEAD", 200), ("GET", 200)]
        else:
            site.wait_until(lambda: site.bootd.lines("no_handshake"), machine, "refused the certificate")
            (line, *_more) = site.bootd.lines("no_handshake")
            assert line["machine"] == "um790-1"
            assert site.known()["bytes"] == {"tftp": 0, "http": 0}
        assert site.filenames()[0] == URL
        assert URL in machine.console
