# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What anybody may read of bootd, the page and all that it asks for, has no secret of a machine that is installed."""

from __future__ import annotations

import re

from _bootd.commands.explain_served import explain_served
from _bootd.hardware.model import Netboot, Osie
from _bootd.http.app import create_app
from _bootd.ipxe.render import render
from servers.http_site import MAC, STRANGER, machine, make_site

WORD = "canary-5f3a9e"
ADMIN = "0123456789abcdef" * 4
PATH = MAC.replace(":", "-")


def test_nothing_that_anybody_may_read_has_a_secret_of_a_machine_that_is_installed(tmp_path):
    (tmp_path / "admin").write_text(ADMIN, encoding="ascii")
    system = {"distro": "harvester", "version": "v1.7.1"}
    instance = {"operating_system": system, "crypted_root_password": f"$6${WORD}", "userdata": f"harvester.x={WORD}"}
    own = machine(
        netboot=Netboot(True, osie=Osie(kernel_params=(f"word={WORD}",))),
        metadata={"instance": instance},
        user_data=f"token: {WORD}",
    )
    site = make_site(tmp_path, own, admin_token_file=str(tmp_path / "admin"))
    site.app = create_app(site.services, (), render, explain_served)
    site.configurations.texts[f"tink-system/{own.name}"] = f"token: {WORD}\ninstall: {{mode: create}}\n"
    # The machine itself is told all of it.
    script = site.get(f"/{PATH}/auto.ipxe").text
    (token,) = set(re.findall(rf"/configuration/{PATH}/(\S+)", script))
    assert WORD in script and WORD in site.get(f"/configuration/{PATH}/{token}").text
    report = site.token()
    assert site.post(f"/phone-home/{PATH}/{report}/started").status == 200
    body = f"can not fetch http://10.10.0.20:7080/configuration/{PATH}/{token}: password: {WORD}".encode()
    assert site.post(f"/phone-home/{PATH}/{report}/failed", body, content_type="text/plain").status == 200
    site.post(f"/api/v1/machines/{own.name}/retry", authorization=f"Bearer {ADMIN}")
    listed = [item["path"] for item in site.get("/api/v1").json["endpoints"] if item["method"] == "GET"]
    paths = [path.replace("<name>", own.name).replace("<mac>", MAC) for path in listed]
    told = {path: site.get(path, STRANGER, accept="text/html").text for path in paths}
    events, explained = told[f"/api/v1/machines/{own.name}/events"], told[f"/api/v1/machines/{own.name}/explain"]
    assert "report failed" in events and "auto.ipxe" in explained
    secrets = (WORD, token, report, ADMIN)
    assert [(path, secret) for path, text in told.items() for secret in secrets if secret in text] == []
    assert [secret for secret in secrets if secret in site.stream.getvalue()] == []
