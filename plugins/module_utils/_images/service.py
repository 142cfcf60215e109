# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx as a service of systemd: two files of its own, beside whatever the distribution's nginx does.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._images.nginx import Nginx, configuration, unit

MODE = 0o644
LOG_LINES = "20"

# Runs a command and returns its exit status, stdout and stderr, as AnsibleModule.run_command.
Run = Callable[[Sequence[str]], tuple[int, str, str]]


class ServiceError(Exception):
    """systemd did not do what it was told."""


@dataclass(frozen=True)
class Service:
    """``name`` is the unit's; ``root`` is where the host's files are, / but in tests."""

    name: str
    program: str = "/usr/sbin/nginx"
    root: Path = Path("/")

    @property
    def unit(self) -> str:
        return f"{self.name}.service"

    @property
    def scratch(self) -> str:
        return f"/run/{self.name}"

    @property
    def configuration_file(self) -> str:
        return f"/etc/{self.name}/nginx.conf"

    @property
    def unit_file(self) -> str:
        return f"/etc/systemd/system/{self.unit}"

    def files(self, images: str, bind: str, port: int) -> dict[str, str]:
        """Return the files by path."""
        log = f"syslog:server=unix:/dev/log,nohostname,tag={self.name.replace('-', '_')[:32]}"
        nginx = Nginx(images, bind, port, self.scratch, log)
        text = unit(nginx, program=self.program, configuration_file=self.configuration_file, name=self.name)
        return {self.configuration_file: configuration(nginx), self.unit_file: text}


@dataclass(frozen=True)
class Change:
    """One file: what was in it and what is, None where there was or is none."""

    path: str
    before: str | None
    after: str | None

    @property
    def action(self) -> str:
        if self.before == self.after:
            return "unchanged"
        if self.before is None:
            return "created"
        return "removed" if self.after is None else "updated"

    def diff(self) -> dict[str, str]:
        """Return the change as modules show it."""
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": self.before or "",
            "after": self.after or "",
        }


def present(service: Service, files: Mapping[str, str], run: Run, *, check: bool) -> dict[str, Any]:
    """Have the service run with ``files``, from now on and after each start; raises ServiceError, OSError."""
    changes = [Change(path, _read(service, path), text) for path, text in files.items()]
    changed = {change.path for change in changes if change.action != "unchanged"}
    state = _state(service, run)
    if not (service.root / service.program.lstrip("/")).exists():
        told = f"there is no {service.program}: install nginx, or say where it is"
        if not check:
            raise ServiceError(told)
    if not check:
        for change in changes:
            if change.path in changed:
                _write(service, change.path, files[change.path])
        _bring_about(service, changed, state, run)
    return _result(changes, changed=bool(changed) or state != ("enabled", "active"))


def absent(service: Service, run: Run, *, check: bool) -> dict[str, Any]:
    """Have the service be gone, and its files; raises ServiceError, OSError."""
    paths = (service.configuration_file, service.unit_file)
    changes = [Change(path, before, None) for path in paths if (before := _read(service, path)) is not None]
    if changes and not check:
        if any(change.path == service.unit_file for change in changes):
            _systemctl(run, "disable", "--now", service.unit)
        for change in changes:
            _at(service, change.path).unlink()
        place = _at(service, service.configuration_file).parent
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()
        _systemctl(run, "daemon-reload")
    return _result(changes, changed=bool(changes))


def _bring_about(service: Service, changed: set[str], state: tuple[str, str], run: Run) -> None:
    enabled, active = state
    if service.unit_file in changed:
        _systemctl(run, "daemon-reload")
    if enabled != "enabled":
        _systemctl(run, "enable", service.unit)
    if active != "active" or service.unit_file in changed:
        _systemctl(run, "restart", service.unit)
    elif changed:
        # Downloads go on: the old workers finish them.
        _systemctl(run, "reload", service.unit)


def last_words(service: Service, run: Run) -> str:
    """Return the end of the service's log."""
    argv = ["journalctl", f"--unit={service.unit}", f"--lines={LOG_LINES}", "--no-pager", "--output=cat"]
    _status, output, _errors = run(argv)
    return output.strip()


def _state(service: Service, run: Run) -> tuple[str, str]:
    """Return what systemd says: enabled or not, active or not."""
    words = []
    for question in ("is-enabled", "is-active"):
        # Its exit status says no more than the word does.
        _status, output, _errors = run(["systemctl", question, service.unit])
        words.append(output.strip())
    return words[0], words[1]


def _systemctl(run: Run, *words: str) -> None:
    status, output, errors = run(["systemctl", *words])
    if status:
        raise ServiceError(f"systemctl {' '.join(words)}: {(errors or output).strip() or f'exit status {status}'}")


def _at(service: Service, path: str) -> Path:
    return service.root / path.lstrip("/")


def _read(service: Service, path: str) -> str | None:
    try:
        return _at(service, path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _write(service: Service, path: str, text: str) -> None:
    place = _at(service, path)
    place.parent.mkdir(mode=0o755, exist_ok=True, parents=True)
    draft = place.with_name(f".{place.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(MODE)
    os.replace(draft, place)


def _result(changes: Sequence[Change], *, changed: bool) -> dict[str, Any]:
    return {
        "changed": changed,
        "files": [{"path": change.path, "action": change.action} for change in changes],
        "diff": [change.diff() for change in changes if change.action != "unchanged"],
    }
