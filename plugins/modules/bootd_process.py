# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bootd_process
short_description: Keep the boot daemon running where no service manager does
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Starts bootd as a process in the background, for hosts without systemd such as containers and network namespaces.
  - A process that runs with the same command, settings and code is left alone. Otherwise it is stopped and started
    anew.
  - The process ends with the host. Nothing starts it again when it ends.
  - The role P(baremetal.netboot.bootd#role) uses it on such hosts.
extends_documentation_fragment:
  - baremetal.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  command:
    description:
      - The command without C(serve), such as the Python that runs bootd and bootd's file.
      - By the last word, the file, a running process is recognised.
    type: list
    elements: path
    required: true
  settings:
    description:
      - bootd's settings, the environment variables C(BOOTD_...) without their prefix, in lower case.
    type: dict
    default: {}
  kubeconfig:
    description:
      - The kubeconfig with which bootd reaches a store in a cluster. The process starts anew when it has other content.
    type: path
  pid_file:
    description:
      - The file that holds the number of the process.
    type: path
    required: true
  log_file:
    description:
      - The file to which the process's output is appended.
    type: path
    required: true
  state:
    description:
      - Whether the process should run.
    type: str
    choices: [started, stopped]
    default: started
  ready_url:
    description:
      - Wait until this URL answers with status 200.
      - Without it the task does not wait.
    type: str
  ready_timeout:
    description:
      - For how many seconds to wait for that.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Run bootd on a host without a service manager
  baremetal.netboot.bootd_process:
    command: [/opt/bootd/venv/bin/python, /opt/bootd/bootd]
    settings:
      store: files:/etc/bootd/hardware
      address: 10.10.0.20
    pid_file: /run/bootd.pid
    log_file: /var/log/bootd.log
    ready_url: http://10.10.0.20:7080/readyz

- name: Stop it
  baremetal.netboot.bootd_process:
    command: [/opt/bootd/venv/bin/python, /opt/bootd/bootd]
    pid_file: /run/bootd.pid
    log_file: /var/log/bootd.log
    state: stopped
"""

RETURN = r"""
pid:
  description:
    - The number of the process.
  returned: when the process runs
  type: int
  sample: 4711
"""

import hashlib
import os
import shlex
import time
from subprocess import Popen
from typing import Any

from ansible.module_utils.urls import open_url

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._node.background_process import (
    Background,
    last_lines,
    size_of,
)

PREFIX = "BOOTD_"
LOG_LINES = 20
PAUSE = 0.1  # seconds between two questions whether bootd is ready


class NotReady(Exception):
    """bootd ended, or did not become ready in time."""


def wanted_environment(command: list[str], settings: dict[str, Any], kubeconfig: str | None) -> dict[str, str]:
    """Return the settings as environment variables, and with them a digest of each file that the process reads.

    So /proc tells all that the running process was started with, new code included; raises OSError.
    """
    found = {PREFIX + name.upper(): str(value) for name, value in settings.items()}
    digest = hashlib.sha256()
    for word in [*command, *([kubeconfig] if kubeconfig else [])]:
        if os.path.isfile(word):
            with open(word, "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
    return {**found, f"{PREFIX}CODE_DIGEST": digest.hexdigest()}


def wait_until_ready(process: Popen[bytes] | None, url: str, timeout: int) -> None:
    """Return when ``url`` answers 200; raises NotReady when the process ends or ``timeout`` seconds have passed."""
    end = time.monotonic() + timeout
    reason = ""
    while True:
        try:
            with open_url(url, timeout=5, use_proxy=False):
                return
        except OSError as error:
            reason = str(error)
        if process is not None and process.poll() is not None:
            raise NotReady(f"bootd ended with exit status {process.returncode}")
        if time.monotonic() > end:
            raise NotReady(f"bootd is not ready after {timeout} s: {url}: {reason}")
        time.sleep(PAUSE)


def listing(argv: list[str], environment: dict[str, str]) -> str:
    """Return a process's command and settings for a diff."""
    lines = [shlex.join(argv), *(f"{name}={environment[name]}" for name in sorted(environment))]
    return "\n".join(lines) + "\n"


def describe(background: Background, pid: int | None) -> str:
    """Return what process ``pid`` was started with, or "" where none runs."""
    return listing(background.command_line(pid), background.environment(pid, PREFIX)) if pid else ""


def start(module: AnsibleModule, background: Background) -> dict[str, Any]:
    """Have the process run as asked for and return the result; raises OSError and NotReady."""
    params = module.params
    wanted = wanted_environment(params["command"], params["settings"], params["kubeconfig"])
    reach = {"KUBECONFIG": params["kubeconfig"]} if params["kubeconfig"] else {}
    argv = [*params["command"], "serve"]
    pid = background.pid()
    before, after = describe(background, pid), listing(argv, wanted)
    changed = before != after
    process = None
    log_begin = size_of(params["log_file"])
    if changed and not module.check_mode:
        if pid:
            background.stop(pid)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        process = background.start(argv, {**inherited, **wanted, **reach}, params["log_file"])
        pid = process.pid
    if params["ready_url"] and not module.check_mode:
        try:
            wait_until_ready(process, params["ready_url"], params["ready_timeout"])
        except NotReady as error:
            log = last_lines(params["log_file"], LOG_LINES, log_begin if process else 0)
            raise NotReady("\n".join([f"{error}; the end of {params['log_file']}:", *log])) from error
    result = {"changed": changed, "diff": {"before": before, "after": after}}
    return {**result, "pid": pid} if pid else result


def stop(module: AnsibleModule, background: Background) -> dict[str, Any]:
    """Have the process not run and return the result."""
    pid = background.pid()
    if pid is None:
        return {"changed": False}
    before = describe(background, pid)
    if not module.check_mode:
        background.stop(pid)
    return {"changed": True, "diff": {"before": before, "after": ""}}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "command": {"type": "list", "elements": "path", "required": True},
            "settings": {"type": "dict", "default": {}},
            "kubeconfig": {"type": "path"},
            "pid_file": {"type": "path", "required": True},
            "log_file": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
            "ready_url": {"type": "str"},
            "ready_timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    background = Background(module.params["command"][-1], module.params["pid_file"])
    try:
        result = (start if module.params["state"] == "started" else stop)(module, background)
    except (OSError, NotReady) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
