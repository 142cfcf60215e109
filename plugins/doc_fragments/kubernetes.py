# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach a cluster, for every plugin that does."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that kubernetes.core has too, by the same names."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig file, or the content of one as a dictionary.
      - Without it and without O(host), the file that E(KUBECONFIG) names is used, in a pod its service account, and
        otherwise C(~/.kube/config).
      - If not given, the value of E(K8S_AUTH_KUBECONFIG) is used.
    type: raw
  context:
    description:
      - The context in the kubeconfig.
      - If not given, the value of E(K8S_AUTH_CONTEXT) is used.
    type: str
  host:
    description:
      - URL of the API server.
      - If not given, the value of E(K8S_AUTH_HOST) is used.
    type: str
  api_key:
    description:
      - Token to authenticate with.
      - If not given, the value of E(K8S_AUTH_API_KEY) is used.
    type: str
  ca_cert:
    description:
      - Path of the certificate of the authority that has signed the API server's.
      - If not given, the value of E(K8S_AUTH_SSL_CA_CERT) is used.
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description:
      - Path of a certificate to authenticate with.
      - If not given, the value of E(K8S_AUTH_CERT_FILE) is used.
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - Path of the key of O(client_cert).
      - If not given, the value of E(K8S_AUTH_KEY_FILE) is used.
    type: path
    aliases: [key_file]
  validate_certs:
    description:
      - Whether to verify the API server's certificate.
      - If not given, the value of E(K8S_AUTH_VERIFY_SSL) is used, and otherwise what the kubeconfig says.
    type: bool
    aliases: [verify_ssl]
  tls_server_name:
    description:
      - The name to expect in the API server's certificate, where it is not that of O(host).
      - If not given, the value of E(K8S_AUTH_TLS_SERVER_NAME) is used.
    type: str
  proxy:
    description:
      - URL of an HTTP proxy to reach the API server by.
      - If not given, the value of E(K8S_AUTH_PROXY) is used.
    type: str
requirements:
  - urllib3
  - kubernetes >= 24.2, where a kubeconfig is read
"""

    # What plugins that are no modules need as well: they read the variables by what their documentation says.
    ENV = r"""
options:
  kubeconfig:
    env: [{name: K8S_AUTH_KUBECONFIG}]
  context:
    env: [{name: K8S_AUTH_CONTEXT}]
  host:
    env: [{name: K8S_AUTH_HOST}]
  api_key:
    env: [{name: K8S_AUTH_API_KEY}]
  ca_cert:
    env: [{name: K8S_AUTH_SSL_CA_CERT}]
  client_cert:
    env: [{name: K8S_AUTH_CERT_FILE}]
  client_key:
    env: [{name: K8S_AUTH_KEY_FILE}]
  validate_certs:
    env: [{name: K8S_AUTH_VERIFY_SSL}]
  tls_server_name:
    env: [{name: K8S_AUTH_TLS_SERVER_NAME}]
  proxy:
    env: [{name: K8S_AUTH_PROXY}]
"""
