# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: harvester_image
short_description: Fetch the files of a Harvester release
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Has the files that a machine needs to boot and install Harvester be in a directory, from which C(bootd) or another
    server serves them.
  - Each file is checked against the release's SHA-512 checksums while it comes, and is in its place only when it is
    whole, right and on disk. Until then it is a hidden file, which is never served.
  - What breaks off is gone on with, in the same run and in the next one. Several files come at once.
  - A file that is there and right stays. One that is wrong is named, taken away at once, and fetched again.
extends_documentation_fragment:
  - baremetal.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - Asks the source for the checksums and the sizes, and writes nothing. Where the source does not answer, a warning
        says so, and files that are there are taken for right where no checksums are kept beside them.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  path:
    description:
      - The directory of all images, which is served below C(/images/). The files are in V(PATH/VERSION).
    type: path
    required: true
  version:
    description:
      - The release, as V(v1.8.2), or a build of a branch, as V(v1.8) or V(master).
      - Harvester v1.1 or newer.
    type: str
    required: true
  arch:
    description:
      - The architecture of the machines. V(arm64) exists from v1.3 on.
    type: str
    choices: [amd64, arm64]
    default: amd64
  state:
    description:
      - V(present) has the files there. V(absent) removes all files of the release and architecture, and what was left
        of fetching them.
    type: str
    choices: [present, absent]
    default: present
  files:
    description:
      - Which files to have. V(net_install_iso) is an ISO without container images and exists for amd64 from v1.3 on.
    type: list
    elements: str
    choices: [kernel, initrd, rootfs, iso, net_install_iso]
    default: [kernel, initrd, rootfs, iso]
  source:
    description:
      - Where the files come from. The URL of releases.rancher.com or of a mirror, the absolute path of a folder on the
        host, or that of an ISO there.
      - Out of an ISO come V(kernel), V(initrd) and V(rootfs), with C(bsdtar), C(7z) or C(xorriso), one of which has to
        be on the host. Its checksums are expected beside it, under the name that the release has for them.
      - Credentials in a URL are shown nowhere. In names of files and in URLs C({version}) and C({arch}) stand for
        O(version) and O(arch).
    type: str
    default: https://releases.rancher.com/harvester
  source_directory:
    description:
      - In which directory below O(source) the files are. An empty string means in none.
      - With a folder that has no such directory, the files are taken from the folder itself.
    type: str
    default: '{version}'
  source_names:
    description:
      - What the source calls the files, where that is not as the release does.
      - In the directory they always have the release's names, by which C(bootd) knows them.
    type: dict
    default: {}
    suboptions:
      kernel:
        description: The kernel.
        type: str
      initrd:
        description: The initial RAM disk.
        type: str
      rootfs:
        description: The root file system.
        type: str
      iso:
        description: The ISO.
        type: str
      net_install_iso:
        description: The net-install ISO.
        type: str
      checksums:
        description: The checksums.
        type: str
  checksums:
    description:
      - The URL or the absolute path of the checksums, where they are not with the other files.
    type: str
  verify:
    description:
      - Whether to check the files against the release's checksums. Without, a file is taken to be right that has the
        size of that at the source.
    type: bool
    default: true
  reverify:
    description:
      - Whether to read files again that were found to be right before and have since kept size, time and inode.
    type: bool
    default: false
  parallel:
    description:
      - How many files to read or fetch at once.
    type: int
    default: 3
  retries:
    description:
      - How often to ask a source again that is away or breaks off, each time with nothing gained.
    type: int
    default: 4
  timeout:
    description:
      - For how many seconds a server may be silent.
    type: int
    default: 30
  url_username:
    description:
      - The user name for the server.
    type: str
  url_password:
    description:
      - The password for the server.
    type: str
  validate_certs:
    description:
      - Whether to check the server's certificate.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the certificates of the authorities to trust.
    type: path
  use_proxy:
    description:
      - Whether to go by the proxy that the environment names.
    type: bool
    default: true
notes:
  - While it runs, the task shows how far it is, unless it has C(async). On a terminal with bars, for which the same
    holds as for M(baremetal.netboot.wait_for_phone_home), and elsewhere with a line now and then.
  - It runs as a job of the host. When the play is interrupted, the job goes on, and until it has ended another run says
    that it is at work. When the job is ended too, what it was at is left as C(.NAME.part) for the next run.
seealso:
  - module: baremetal.netboot.image_server
"""

EXAMPLES = r"""
- name: Have a release from releases.rancher.com
  baremetal.netboot.harvester_image:
    path: /srv/images
    version: v1.8.2

- name: Have it from a mirror that calls the files by other names
  baremetal.netboot.harvester_image:
    path: /srv/images
    version: v1.8.2
    source: https://mirror.example/harvester
    source_directory: release-{version}
    source_names:
      kernel: vmlinuz-{arch}
      initrd: initrd-{arch}

- name: Have what an ISO on the host has
  baremetal.netboot.harvester_image:
    path: /srv/images
    version: v1.8.2
    source: /root/harvester-v1.8.2-amd64.iso

- name: See what would be fetched, and how much that is
  baremetal.netboot.harvester_image:
    path: /srv/images
    version: v1.8.2
  check_mode: true
"""

RETURN = r"""
directory:
  description: Where the files are.
  returned: success
  type: str
  sample: /srv/images/v1.8.2
files:
  description:
    - What became of each file. In check mode what would become of it.
  returned: always
  type: list
  elements: dict
  contains:
    role:
      description: What it is for, as in O(files), or V(checksums).
      type: str
      sample: kernel
    name:
      description: Its name.
      type: str
      sample: harvester-v1.8.2-vmlinuz-amd64
    path:
      description: Where it is.
      type: str
      sample: /srv/images/v1.8.2/harvester-v1.8.2-vmlinuz-amd64
    url:
      description: Where it comes from, without credentials.
      type: str
      sample: https://releases.rancher.com/harvester/v1.8.2/harvester-v1.8.2-vmlinuz-amd64
    action:
      description: V(fetched), V(replaced), V(removed) or V(unchanged).
      type: str
      sample: fetched
    reason:
      description: What was wrong with the file that was replaced.
      returned: when RV(files[].action) is V(replaced)
      type: str
      sample: "it is truncated or wrong: 1048576 of 14680064 bytes"
    size:
      description: Its size in bytes, null where the source does not tell.
      type: int
      sample: 14680064
    sha512:
      description: Its digest, empty where nobody knows.
      type: str
    resumed_at:
      description: How many bytes an earlier run had left, which were not fetched again.
      type: int
      sample: 0
bytes:
  description: How many bytes came from the source, in check mode how many would.
  returned: success
  type: int
  sample: 7119831040
"""

from pathlib import Path
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._ansible.basic import AnsibleModule
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.releases import (
    ARCHES,
    BOOT_ROLES,
    DEFAULT_BASE_URL,
    TEMPLATES,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._images.absent import absent
from ansible_collections.baremetal.netboot.plugins.module_utils._images.choose import source_from
from ansible_collections.baremetal.netboot.plugins.module_utils._images.directory import Busy
from ansible_collections.baremetal.netboot.plugins.module_utils._images.outcome import Outcome, result_of
from ansible_collections.baremetal.netboot.plugins.module_utils._images.present import Failed, Wish, present
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import secrets_in
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import CHECKSUMS, release_from

AGENT = "baremetal.netboot"
FILES = [role for role in TEMPLATES if role != CHECKSUMS]
ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "version": {"type": "str", "required": True},
    "arch": {"type": "str", "choices": list(ARCHES), "default": "amd64"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "files": {"type": "list", "elements": "str", "choices": FILES, "default": list(BOOT_ROLES)},
    "source": {"type": "str", "default": DEFAULT_BASE_URL},
    "source_directory": {"type": "str", "default": "{version}"},
    "source_names": {"type": "dict", "default": {}, "options": {role: {"type": "str"} for role in TEMPLATES}},
    "checksums": {"type": "str"},
    "verify": {"type": "bool", "default": True},
    "reverify": {"type": "bool", "default": False},
    "parallel": {"type": "int", "default": 3},
    "retries": {"type": "int", "default": 4},
    "timeout": {"type": "int", "default": 30},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "use_proxy": {"type": "bool", "default": True},
}
# Options that open_url has too.
_FOR_URLS = ("timeout", "url_username", "url_password", "validate_certs", "ca_path", "use_proxy")


def run(module: AnsibleModule) -> list[Outcome]:
    """Do what was asked for and return what became of each file; raises ValueError, Failed, Busy, OSError."""
    params = module.params
    for name, least in (("parallel", 1), ("retries", 0), ("timeout", 1)):
        if params[name] < least:
            raise ValueError(f"{name} is {params[name]} but should be {least} or more")
    release = release_from(params["version"], params["arch"], params["files"], params["source_names"] or {})
    directory = directory_of(params)
    if params["state"] == "absent":
        return absent(release, directory, check=module.check_mode)
    source = source_from(release, params, how_to_ask(params))
    wish = Wish(
        release,
        directory,
        verify=params["verify"],
        again=params["reverify"],
        parallel=params["parallel"],
        retries=params["retries"],
        check=module.check_mode,
    )
    return present(wish, source, module.warn)


def directory_of(params: dict[str, Any]) -> Path:
    """Return where the files of a release are."""
    return Path(params["path"]) / params["version"]


def how_to_ask(params: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments for open_url."""
    given = {name: params[name] for name in _FOR_URLS if params[name] is not None}
    # A server that asks nobody for a password would never be told this one.
    basic = {"force_basic_auth": True} if params["url_username"] else {}
    return {"http_agent": AGENT, **given, **basic}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    for option in ("source", "checksums"):
        # Nothing that is printed or returned then has them, however it came there.
        module.no_log_values.update(secrets_in(module.params[option] or ""))
    try:
        outcomes = run(module)
    except Failed as failed:
        module.fail_json(msg=str(failed), files=[outcome.summary() for outcome in failed.outcomes])
    except (ValueError, Busy, OSError) as error:
        module.fail_json(msg=str(error), files=[])
    result = result_of(outcomes)
    diff = result.pop("diff")
    module.exit_json(
        directory=str(directory_of(module.params)),
        **result,
        **({"diff": diff} if module._diff and result["changed"] else {}),
    )


if __name__ == "__main__":
    main()
