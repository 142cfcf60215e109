# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates made for a test, by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_certificate(directory: Path, name: str, address: str) -> tuple[Path, Path]:
    """Return the files with a certificate of its own authority for ``address``, an IPv4 one or a name, and its key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    command += [
        "-addext",
        f"subjectAltName={'IP' if address[0].isdigit() else 'DNS'}:{address}",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(command, check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key
