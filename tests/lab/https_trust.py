# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authorities that edk2 trusts for HTTPS boot, as QEMU hands them to it: `etc/edk2/https/cacerts` of fw_cfg."""

from __future__ import annotations

import base64
import struct
import uuid

X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")  # EFI_CERT_X509_GUID, UEFI 2.10 section 32.4.1.1
OWNER = uuid.UUID("00000000-0000-0000-0000-000000000000")  # of no agent in particular


def signature_list(certificate: str) -> bytes:
    """Return the certificate, in PEM, as an EFI_SIGNATURE_LIST (UEFI 2.10 section 32.4.1)."""
    body = certificate.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END CERTIFICATE-----")[0]
    entry = OWNER.bytes_le + base64.b64decode(body)
    return X509.bytes_le + struct.pack("<III", 28 + len(entry), 0, len(entry)) + entry
