# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot server in Python commonly is, to be measured beside: bottle on waitress, and a script of jinja2.

    python3 http_bottle.py ADDRESS PORT SITE SCRIPT

with Debian's packages of all three. SITE/images is served below /images/, and SCRIPT is rendered for each machine.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import bottle
import jinja2
import waitress


def main(address: str, port: int, site: Path, script: Path) -> None:
    """Serve until ended."""
    template = jinja2.Template(script.read_text(encoding="utf-8"), keep_trailing_newline=True)
    app = bottle.Bottle()

    @app.get("/<mac>/auto.ipxe")
    def of_machine(mac: str) -> str:
        bottle.response.content_type = "text/plain; charset=utf-8"
        return template.render(mac=mac, server=f"{address}:{port}")

    @app.get("/images/<name:path>")
    def image(name: str) -> bottle.HTTPResponse:
        return bottle.static_file(name, root=str(site / "images"), mimetype="application/octet-stream")

    logging.getLogger("waitress").setLevel(logging.ERROR)  # it would warn of each request that has to wait
    waitress.serve(app, host=address, port=port, _quiet=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
