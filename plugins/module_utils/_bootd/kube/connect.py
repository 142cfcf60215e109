# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where the API server is and who we are to it, as the kubernetes library reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .errors import ConfigurationError

try:
    from kubernetes import config as kubernetes_config
    from kubernetes.client import Configuration
except ImportError:
    kubernetes_config = Configuration = None


def configuration_from(
    environ: Mapping[str, str], *, kubeconfig: str | Mapping[str, Any] = "", context: str = ""
) -> Any:
    """Return the library's Configuration: of ``kubeconfig``, KUBECONFIG, the pod that this is, or ~/.kube/config.

    ``kubeconfig`` is a path or the content. Raises ConfigurationError. A token of a service account is read again when
    it is renewed.
    """
    configuration = Configuration()
    explicit = kubeconfig or environ.get("KUBECONFIG", "")
    options = {"context": context or None, "client_configuration": configuration}
    try:
        if isinstance(explicit, Mapping):
            kubernetes_config.load_kube_config_from_dict(dict(explicit), persist_config=False, **options)
        elif not explicit and "KUBERNETES_SERVICE_HOST" in environ:
            kubernetes_config.load_incluster_config(client_configuration=configuration)
        else:
            kubernetes_config.load_kube_config(config_file=explicit or None, persist_config=False, **options)
    except (kubernetes_config.ConfigException, OSError, ValueError, TypeError) as error:
        place = explicit if isinstance(explicit, str) else "the kubeconfig that was given"
        raise ConfigurationError(
            f"no way to a Kubernetes API server: {place or os.path.expanduser('~/.kube/config')}: {error}"
        ) from error
    return configuration


def configuration_for(host: str) -> Any:
    """Return the library's Configuration for the API server at the URL ``host``, without any credentials."""
    return Configuration(host=host)


def set_token(configuration: Any, token: str) -> None:
    """Have ``configuration`` send a bearer token."""
    # The name under which the library looks it up has changed between its versions.
    configuration.api_key = {"authorization": f"Bearer {token}", "BearerToken": f"Bearer {token}"}
    configuration.refresh_api_key_hook = None
