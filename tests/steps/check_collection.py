# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection, install the tarball where nothing else is, and read what a user would find there.

Checked: the tarball holds what it should and nothing more, and ansible-doc shows each module, plugin and role of it.
Exit status 1 with a sentence for each thing that is wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "build/dist"
INSTALLED = ROOT / "build/test/installed"
NAME = "baremetal.netboot"

SHIPPED = (
    {"CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "LICENSES", "README.md", "SECURITY.md"}
    | {"REUSE.toml"}
    | {"FILES.json", "MANIFEST.json"}
    | {
        "changelogs",
        "docs",
        "meta",
        "playbooks",
        "plugins",
        "roles",
    }
)
# What a site without a package index fetches its libraries by.
NEEDED = {"roles/bootd/files/requirements.lock", "roles/bootd/files/requirements-host.lock"}
# Plugin directories whose files ansible-doc can show; it has no word for actions, fragments and module utilities.
DOCUMENTED = {"filter": "filter", "inventory": "inventory", "lookup": "lookup", "modules": "module", "test": "test"}


def ansible(*argv: str) -> str:
    """Run an Ansible program that finds collections in the new installation only, and return what it printed."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED)}
    result = subprocess.run(argv, cwd=INSTALLED, env=environment, capture_output=True, check=False, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(argv)} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


def build_and_install() -> Path:
    """Return the tarball, which is now installed below INSTALLED and nothing else is."""
    for directory in (DIST, INSTALLED):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", DIST], cwd=ROOT, check=True)
    (tarball,) = DIST.glob("*.tar.gz")
    ansible("ansible-galaxy", "collection", "install", "--offline", "-p", str(INSTALLED), str(tarball))
    return tarball


def problems_of_tarball(tarball: Path) -> list[str]:
    """Return a sentence for each file that is there and should not be, or the other way round."""
    with tarfile.open(tarball) as archive:
        files = {member.name for member in archive if not member.isdir()}
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    known = set(listing.stdout.decode().splitlines()) | {"FILES.json", "MANIFEST.json"}
    top = {name.split("/")[0] for name in files}
    return (
        [f"the tarball has {name}, which git does not know" for name in sorted(files - known)]
        + [f"the tarball has {name}, which is not for users" for name in sorted(top - SHIPPED)]
        + [f"the tarball lacks {name}" for name in sorted((SHIPPED - top) | (NEEDED - files))]
    )


def content() -> dict[str, list[str]]:
    """Return what the installation holds: ansible-doc's type -> short names."""
    home = INSTALLED / "ansible_collections/baremetal/netboot"
    found = {
        kind: sorted(path.stem for path in (home / "plugins" / directory).glob("[a-z]*.py"))
        for directory, kind in DOCUMENTED.items()
    }
    found["role"] = sorted(path.name for path in (home / "roles").iterdir())
    return found


def problems_of_documentation(kind: str, name: str) -> list[str]:
    """Return what is wrong with one plugin's or role's documentation."""
    full = f"{NAME}.{name}"
    shown = json.loads(ansible("ansible-doc", "--json", "--type", kind, full)).get(full, {})
    if kind == "role":
        described = any(point.get("short_description") for point in shown.get("entry_points", {}).values())
        return [] if described else [f"ansible-doc shows no entry point of role {full}"]
    parts = {"DOCUMENTATION": shown.get("doc", {}).get("short_description"), "EXAMPLES": shown.get("examples")}
    if kind != "inventory":
        parts["RETURN"] = shown.get("return")
    return [f"{kind} {full} has no {part}" for part, text in parts.items() if not text]


def main() -> int:
    tarball = build_and_install()
    problems = problems_of_tarball(tarball)
    shown = [(kind, name) for kind, names in content().items() for name in names]
    for kind, name in shown:
        problems += problems_of_documentation(kind, name)
    for problem in problems:
        print(problem)
    kinds = ", ".join(f"{len(names)} {kind}" for kind, names in content().items() if names)
    print(
        f"{tarball.name} installed into an empty path; ansible-doc shows {kinds}" if not problems else "not shippable"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
