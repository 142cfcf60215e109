# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image of bootd is built from where no registry is reached: Debian with Python, and bootd's libraries."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from .alone import alone
from .command import run

ROOT = Path(__file__).resolve().parents[2]
# The libraries of the node that makes the image, those of the image among them.
LOCK = ROOT / "roles/bootd/files/requirements-host.lock"
SUITE, PYTHON = "bookworm", "3.11"
PACKAGES = ("base-files", "base-passwd", "coreutils", "dash", "libc-bin", "python3-venv")
# Nobody reads them in a container, and the host's resolver is not the container's.
LEFT_OUT = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "var/lib/apt", "var/cache/apt"),
    *("etc/resolv.conf", "etc/hostname"),
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NAME = f"localhost/debian-python:{SUITE}"
PATIENCE = 600.0  # seconds, for a slow mirror


def archive(cache: Path) -> Path:
    """The base image, an archive below ``cache``; it is made when this file has changed."""
    target = cache / f"base-{_key(Path(__file__))}.tar"
    with alone(target) as missing:
        if missing:
            scratch = cache / f"{target.stem}.new"
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            _make(scratch, scratch / "image.tar")
            # Renamed last, so that an interrupted build is never taken for a whole one.
            (scratch / "image.tar").rename(target)
            shutil.rmtree(scratch)
    return target


def wheels(cache: Path) -> Path:
    """A directory below ``cache`` with bootd's libraries for the Python of the base image."""
    target = cache / f"wheels-{_key(LOCK)}"
    with alone(target) as missing:
        if missing:
            scratch = cache / f"{target.name}.new"
            shutil.rmtree(scratch, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            wanted = ["--only-binary=:all:", "--python-version", PYTHON, "--require-hashes", "--requirement", str(LOCK)]
            run([*pip, *wanted, "--dest", str(scratch)], timeout=PATIENCE)
            scratch.rename(target)
    return target


def engine(directory: Path) -> dict[str, str]:
    """An environment in which buildah keeps its images below ``directory``, and works where there is no runtime."""
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "storage.conf"
    places = f'graphroot = "{directory / "images"}"\nrunroot = "{directory / "run"}"\n'
    configuration.write_text(f'[storage]\ndriver = "vfs"\n{places}')
    return {"CONTAINERS_STORAGE_CONF": str(configuration), "BUILDAH_ISOLATION": "chroot"}


def _make(scratch: Path, target: Path) -> None:
    tree = scratch / "tree"
    # Unpacked, not configured: no package's scripts run, which is most of the time that it takes.
    packages = f"--include={','.join(PACKAGES)}"
    argv = ["mmdebstrap", "--quiet", "--variant=extract", "--format=directory", packages, SUITE, str(tree)]
    run(argv, timeout=PATIENCE)
    for name in LEFT_OUT:
        path = tree / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for name in ("passwd", "group"):
        shutil.copy(tree / f"usr/share/base-passwd/{name}.master", tree / "etc" / name)
    recipe = scratch / "Containerfile"
    recipe.write_text(f'FROM scratch\nCOPY . /\nENV PATH={PATH}\nCMD ["python3"]\n')
    environment = {**os.environ, **engine(scratch / "engine")}
    build = ["buildah", "build", "--quiet", "--file", str(recipe), "--tag", NAME, str(tree)]
    run(build, env=environment, timeout=PATIENCE)
    run(["buildah", "push", "--quiet", NAME, f"docker-archive:{target}:{NAME}"], env=environment, timeout=PATIENCE)


def _key(*sources: Path) -> str:
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
