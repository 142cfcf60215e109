# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The API server's address and the credentials for it, from a pod's service account or from a kubeconfig.

A service account is three files and an address. Only for kubeconfigs, whose users log in in many ways, the kubernetes
library is needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ConfigurationError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")  # where the kubelet projects it
Headers = Mapping[str, str]


def _no_headers() -> Headers:
    return {}


@dataclass(slots=True)
class Endpoint:
    """An API server at the URL ``host``. ``credentials`` returns the headers that say who asks, as they are now.

    Certificates and keys are paths of PEM files, ``ca_data`` is such a file's content. Without a CA that of the system
    counts.
    """

    host: str
    ca_file: str = ""
    ca_data: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = True
    tls_server_name: str = ""
    proxy: str = ""
    proxy_headers: Headers | None = None
    credentials: Callable[[], Headers] = _no_headers


def endpoint_from(
    environ: Mapping[str, str], *, kubeconfig: str | Mapping[str, Any] = "", context: str = ""
) -> Endpoint:
    """Return the API server of ``kubeconfig``, KUBECONFIG, the pod that this is, or ~/.kube/config.

    ``kubeconfig`` is a path or the content. Raises ConfigurationError.
    """
    explicit = kubeconfig or environ.get("KUBECONFIG", "")
    if not explicit and environ.get("KUBERNETES_SERVICE_HOST"):
        return service_account(environ)
    return _of_kubeconfig(explicit, context)


def bearer(token: str) -> Callable[[], Headers]:
    """Return credentials that are always ``token``."""
    headers = {"authorization": f"Bearer {token}"}
    return lambda: headers


def service_account(environ: Mapping[str, str], directory: Path = SERVICE_ACCOUNT) -> Endpoint:
    """Return the API server as a pod sees it that has its service account at ``directory``; raises ConfigurationError.

    The kubelet renews the token long before it ends, so its file is read whenever the credentials are asked for.
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    if not port.isdecimal():
        raise _configuration_error(
            f"KUBERNETES_SERVICE_HOST is {host!r}, but KUBERNETES_SERVICE_PORT is {port!r}, no port"
        )
    token = _ProjectedToken(directory / "token")
    certificate = directory / "ca.crt"
    try:
        token.read()
        certificate.read_bytes()
    except (OSError, ValueError) as error:
        reason = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise _configuration_error(f"{reason}; is automountServiceAccountToken off for this pod?") from error
    address = f"[{host}]" if ":" in host else host  # RFC 3986 section 3.2.2
    return Endpoint(f"https://{address}:{port}", ca_file=str(certificate), credentials=token.headers)


class _ProjectedToken:
    """The token in a file that the kubelet replaces. While it can't be read the last one is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._headers: Headers = {}

    def read(self) -> Headers:
        token = self._path.read_text(encoding="ascii").strip()
        if not token:
            raise ValueError(f"{self._path} is empty")
        self._headers = {"authorization": f"Bearer {token}"}
        return self._headers

    def headers(self) -> Headers:
        try:
            return self.read()
        except (OSError, ValueError):
            return self._headers


def _of_kubeconfig(explicit: str | Mapping[str, Any], context: str) -> Endpoint:
    place = explicit if isinstance(explicit, str) else "the kubeconfig that was given"
    place = place or os.path.expanduser("~/.kube/config")
    try:
        from kubernetes import config as kubernetes_config  # takes 0.4 s
        from kubernetes.client import Configuration
    except ImportError:
        reason = f"kubeconfigs are read by the Python library kubernetes, which {sys.executable} does not have"
        raise _configuration_error(f"{place}: {reason}; install it with: pip install kubernetes") from None
    # The library is without types: as a Callable[..., None] mypy lets what it has be called.
    load: Callable[..., None] = kubernetes_config.load_kube_config
    load_from_dict: Callable[..., None] = kubernetes_config.load_kube_config_from_dict
    found = Configuration()
    options = {"context": context or None, "client_configuration": found, "persist_config": False}
    try:
        if isinstance(explicit, Mapping):
            load_from_dict(dict(explicit), **options)
        else:
            load(config_file=explicit or None, **options)
    except (kubernetes_config.ConfigException, OSError, ValueError, TypeError) as error:
        raise _configuration_error(f"{place}: {error}") from error
    return Endpoint(
        found.host,
        ca_file=found.ssl_ca_cert or "",
        ca_data=getattr(found, "ca_cert_data", None) or "",
        cert_file=found.cert_file or "",
        key_file=found.key_file or "",
        verify=found.verify_ssl,
        tls_server_name=getattr(found, "tls_server_name", None) or "",
        proxy=found.proxy or "",
        proxy_headers=found.proxy_headers,
        credentials=lambda: _headers_of(found.auth_settings()),
    )


def _headers_of(auth_settings: Mapping[str, object]) -> Headers:
    """Return the headers among what the library's ``auth_settings`` gives, which renews tokens when it is called."""
    settings = (item for item in auth_settings.values() if isinstance(item, Mapping))
    return {item["key"]: item["value"] for item in settings if item["in"] == "header" and item["value"]}


def _configuration_error(reason: str) -> ConfigurationError:
    return ConfigurationError(f"no way to a Kubernetes API server: {reason}")
