# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test beside a Kubernetes API server: `with_api.py DIRECTORY PROGRAM...` runs PROGRAM in DIRECTORY.

The targets learn of the server by tests/integration/integration_config.yml in DIRECTORY: ansible-test hands no
environment on to them. Without a server they leave out what needs one, and under BOOTD_TEST_REQUIRE_ALL=1 nothing runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from cluster.kube import NEEDED, api_server

SOURCES = ("KUBECONFIG", "KUBEBUILDER_ASSETS", "KUBE_FOR_TESTS")


def main(directory: Path, argv: list[str]) -> int:
    """Return the exit status of the program."""
    if any(os.environ.get(name) for name in SOURCES):
        with api_server() as api:
            configure(directory, {"kubeconfig": str(api.kubeconfig), "require_all": True})
            return subprocess.run(argv, cwd=directory, check=False).returncode
    if os.environ.get("BOOTD_TEST_REQUIRE_ALL") == "1":
        sys.exit(NEEDED)
    configure(directory, {})
    return subprocess.run(argv, cwd=directory, check=False).returncode


def configure(directory: Path, variables: dict[str, object]) -> None:
    """Write the targets' variables."""
    path = directory / "tests/integration/integration_config.yml"
    path.write_text(yaml.safe_dump(variables), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
