# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The flags of HTTPS, and which of them go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# Flag, default, text, metavar.
HTTPS_FLAGS = (
    ("--tls-cert", "", "PEM file with a certificate, by which the same is served over HTTPS too", "FILE"),
    ("--tls-key", "", "PEM file with the certificate's key", "FILE"),
    ("--https-port", "7443", "HTTPS port", "PORT"),
    ("--https-boot", "no", "yes: https URLs for UEFI HTTP boot, whose firmware must trust the certificate", "YES|NO"),
)


def https_problems(values: Mapping[str, object]) -> Iterator[str]:
    """Yield a sentence for each setting that lacks another."""
    if bool(values.get("tls_cert")) != bool(values.get("tls_key")):
        yield "--tls-cert and --tls-key go together"
    if values.get("https_boot") and not values.get("tls_cert"):
        yield "--https-boot needs a certificate, --tls-cert and --tls-key"
