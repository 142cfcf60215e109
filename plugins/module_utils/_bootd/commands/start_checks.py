# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What keeps ``bootd serve`` from starting although its command line is well written: secrets and files of anybody's.

Who may write what bootd reads decides what machines boot; who may read its key makes reports in their names.
"""

from __future__ import annotations

import argparse
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from itertools import chain

from ..decisions.tokens import MAX_KEY_BYTES, is_weak
from ..http.admin import read_token
from ..http.tls import Certificate, reason_of


def problems(options: argparse.Namespace) -> list[str]:
    """Return a sentence for each, with the way out; paths that can't be looked at are others' problem."""
    found = [*_directories(options), *_keys(options), *_admin_token(options), *_https(options)]
    return [*found, *_trusted(str(options.trusted_proxies))]


def readable_kubeconfigs(environ: Mapping[str, str]) -> list[str]:
    """Return those of KUBECONFIG's files that everybody may read: kubectl takes them, so they are only worth a word."""
    paths = [path for path in environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    return [path for path in paths if (mode := _mode(path)) is not None and mode & 0o004]


def _directories(options: argparse.Namespace) -> Iterator[str]:
    kind, _colon, manifests = str(options.store).partition(":")
    named = [
        ("--state-dir", options.state_dir),
        ("--config-dir", options.config_dir),
        ("--image-dir", options.image_dir),
    ]
    named += [("--store", manifests)] if kind == "files" else []
    named += [("--boot-files", path) for path in str(options.boot_files).split(os.pathsep)]
    for flag, path in named:
        mode = _mode(path) if path and os.path.isdir(path) else None
        # With the sticky bit nobody else touches the files that bootd has made there; its key has to be one of them.
        own = flag == "--state-dir" and mode is not None and mode & stat.S_ISVTX
        if mode is not None and mode & stat.S_IWOTH and not own:
            yield f"{flag} {path}: everybody may write there (mode {mode:04o}); run: chmod o-w {path}"


def _keys(options: argparse.Namespace) -> Iterator[str]:
    secret = os.path.join(options.state_dir, "secret")
    for name, path in (("--report-key ", options.report_key), ("", "" if options.report_key else secret)):
        mode = _mode(path) if path and os.path.isfile(path) else None
        if mode is None:
            continue
        if mode & (stat.S_IRWXO | stat.S_IWGRP):
            told = f"others may have read or written it (mode {mode:04o})"
            yield f"{name}{path}: {told}; run: chmod 0600 {path}, and renew it where they may have"
        with suppress(OSError), open(path, "rb") as file:
            if is_weak(file.read(MAX_KEY_BYTES)):
                yield f"{name}{path}: this is no random key; run: head -c 32 /dev/urandom > {path}"
    database = os.path.join(options.state_dir, "states.db")
    mode = _mode(database)
    if mode is not None and mode & stat.S_IWOTH:
        yield f"{database}: everybody may write it (mode {mode:04o}); run: chmod 0600 {database}"
    for path in (secret, database):
        if _owner(path) not in (None, 0, os.geteuid(), _owner(options.state_dir)):
            yield f"{path}: it belongs to another user, who may have put it there; look at it and remove it"


def _admin_token(options: argparse.Namespace) -> Iterator[str]:
    token = str(options.admin_token_file)
    mode = _mode(token) if token and os.path.isfile(token) else None
    if mode is not None and mode & (stat.S_IRWXO | stat.S_IWGRP):
        told = f"others may have read or written it (mode {mode:04o})"
        yield f"--admin-token-file {token}: {told}; run: chmod 0600 {token}, and renew it where they may have"
    if mode is not None:
        try:
            read_token(token)
        except ValueError as error:
            yield f"--admin-token-file {token}: {error}; run: openssl rand -hex 32 > {token}"


def _https(options: argparse.Namespace) -> Iterator[str]:
    certificate, key = options.tls_cert, options.tls_key
    if not (certificate and key):
        return
    mode = _mode(key)
    if mode is not None and mode & (stat.S_IRWXO | stat.S_IWGRP):
        told = f"others may have read or written it (mode {mode:04o})"
        yield f"--tls-key {key}: {told}; run: chmod 0600 {key}, and renew it where they may have"
    mode = _mode(certificate)
    if mode is not None and mode & stat.S_IWOTH:
        yield f"--tls-cert {certificate}: everybody may write it (mode {mode:04o}); run: chmod o-w {certificate}"
    try:
        Certificate(certificate, key)
    except OSError as error:
        yield f"--tls-cert {certificate} and --tls-key {key}: can't be used: {reason_of(error)}"


def _trusted(cidrs: str) -> Iterator[str]:
    networks: list[IPv4Network | IPv6Network] = []
    for cidr in filter(None, map(str.strip, cidrs.split(","))):
        with suppress(ValueError):
            networks.append(ip_network(cidr, strict=False))
    of_4 = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    of_6 = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    everybody = {"0.0.0.0/0", "::/0"} & {str(network) for network in chain(of_4, of_6)}  # written so, or in two halves
    for cidr in sorted(everybody):
        yield (
            f"--trusted-proxies {cidrs}: that is everybody ({cidr}), who could then speak for any machine; "
            "name the addresses of your proxies"
        )


def _owner(path: str) -> int | None:
    try:
        return os.stat(path).st_uid
    except OSError:
        return None


def _mode(path: str) -> int | None:
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        return None
