# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server from the binaries that setup-envtest brings: etcd and kube-apiserver, on loopback."""

from __future__ import annotations

import json
import secrets
import subprocess
import tempfile
import time
from pathlib import Path

ADMIN = "system:masters"
START_SECONDS = 30.0


class EnvTest:
    """A context manager that runs etcd and kube-apiserver from ``assets``; ``kubeconfig`` is there once entered."""

    def __init__(self, assets: Path, port: int) -> None:
        self._assets, self._port = assets, port
        self._scratch = tempfile.TemporaryDirectory(prefix="envtest-")
        self._directory = Path(self._scratch.name)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.kubeconfig = self._directory / "kubeconfig"

    def __enter__(self) -> EnvTest:
        directory, token = self._directory, secrets.token_hex(16)
        etcd, peers = f"http://127.0.0.1:{self._port + 10000}", f"http://127.0.0.1:{self._port + 10001}"
        (directory / "tokens.csv").write_text(f"{token},admin,admin,{ADMIN}\n")
        subprocess.run(["openssl", "genrsa", "-out", directory / "sa.key", "2048"], check=True, capture_output=True)
        self._start(
            "etcd",
            f"--data-dir={directory}/etcd",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
        )
        self._start(
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port}",
            f"--cert-dir={directory}/certificates",
            f"--service-account-key-file={directory}/sa.key",
            f"--service-account-signing-key-file={directory}/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={directory}/tokens.csv",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--disable-admission-plugins=ServiceAccount",
        )
        # It makes its own certificate, and the authority's with it, before it answers.
        certificate = directory / "certificates/apiserver.crt"
        deadline = time.monotonic() + START_SECONDS
        while not certificate.exists():
            if time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"{self._assets}/kube-apiserver did not start")
            time.sleep(0.1)
        self.kubeconfig.write_text(json.dumps(_kubeconfig(self._port, token, certificate)))
        return self

    def __exit__(self, *_unused: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._scratch.cleanup()

    def _start(self, program: str, *argv: str) -> None:
        with (self._directory / f"{program}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen([self._assets / program, *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            )


def _kubeconfig(port: int, token: str, certificate: Path) -> dict[str, object]:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(certificate)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "current-context": "test",
    }
