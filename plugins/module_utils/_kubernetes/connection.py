# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules and plugins reach a cluster: kubernetes.core's options, and its environment variables.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.connect import (
    Endpoint,
    bearer,
    endpoint_from,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ConfigurationError

FIELD_MANAGER = "baremetal.netboot"
LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "baremetal.netboot"


def _option(kind: str, variable: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "fallback": (env_fallback, [variable]), **more}


ARGUMENTS: dict[str, dict[str, Any]] = {
    "kubeconfig": _option("raw", "K8S_AUTH_KUBECONFIG"),
    "context": _option("str", "K8S_AUTH_CONTEXT"),
    "host": _option("str", "K8S_AUTH_HOST"),
    "api_key": _option("str", "K8S_AUTH_API_KEY", no_log=True),
    "ca_cert": _option("path", "K8S_AUTH_SSL_CA_CERT", aliases=["ssl_ca_cert"]),
    "client_cert": _option("path", "K8S_AUTH_CERT_FILE", aliases=["cert_file"]),
    "client_key": _option("path", "K8S_AUTH_KEY_FILE", aliases=["key_file"], no_log=False),
    "validate_certs": _option("bool", "K8S_AUTH_VERIFY_SSL", aliases=["verify_ssl"]),
    "tls_server_name": _option("str", "K8S_AUTH_TLS_SERVER_NAME"),
    "proxy": _option("str", "K8S_AUTH_PROXY"),
}

_ATTRIBUTES = {
    "host": "host",
    "ca_cert": "ca_file",
    "client_cert": "cert_file",
    "client_key": "key_file",
    "proxy": "proxy",
    "tls_server_name": "tls_server_name",
}


def client_for(module: AnsibleModule, *, connections: int = 4) -> Client:
    """Return a client as the module's options say; ends the module where there is no way to a cluster."""
    problem = missing_library()
    if problem:
        module.fail_json(msg=problem)
    try:
        return client_from(module.params, connections=connections)
    except ConfigurationError as error:
        module.fail_json(msg=str(error))


def missing_library() -> str:
    """Return what to say where urllib3 can't be imported, "" where it can; see ``client_from`` for kubeconfigs."""
    return missing_required_lib("urllib3") if find_spec("urllib3") is None else ""


def client_from(options: Mapping[str, Any], *, connections: int = 4) -> Client:
    """Return a client as ``options`` (see ARGUMENTS) say; raises ConfigurationError.

    With ``host`` and no ``kubeconfig`` no file is read, and the kubernetes library is not needed; without both,
    KUBECONFIG, the pod that this is, or ~/.kube/config.
    """
    if options.get("host") and not options.get("kubeconfig"):
        endpoint = Endpoint(options["host"], proxy=_proxy_to(options["host"]))
    else:
        kubeconfig, context = options.get("kubeconfig") or "", options.get("context") or ""
        endpoint = endpoint_from(os.environ, kubeconfig=_expanded(kubeconfig), context=context)
    for option, attribute in _ATTRIBUTES.items():
        if options.get(option):
            setattr(endpoint, attribute, options[option])
    if options.get("validate_certs") is not None:
        endpoint.verify = options["validate_certs"]
    if options.get("api_key"):
        endpoint.credentials = bearer(options["api_key"])
    return Client(endpoint, connections=connections)


def _proxy_to(host: str) -> str:
    """Return the proxy that the environment names for the URL ``host``, "" for none."""
    parts = urlsplit(host)
    return "" if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme, "")


def _expanded(kubeconfig: Any) -> Any:
    return os.path.expanduser(kubeconfig) if isinstance(kubeconfig, str) else kubeconfig
