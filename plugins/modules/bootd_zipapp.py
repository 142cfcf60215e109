# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bootd_zipapp
short_description: Put the boot daemon on a host
version_added: 0.1.0
author:
  - The baremetal.netboot authors (@baremetal-netboot)
description:
  - Packs the code of bootd that came with this collection into one executable file and copies it to a host.
  - The same code always gives the same file, so a task changes something only when the collection did.
  - The libraries that bootd stands on are not in the file. The role P(baremetal.netboot.bootd#role) installs them, and
    its C(files/requirements.lock) names them for C(pip install --require-hashes).
extends_documentation_fragment:
  - baremetal.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The file is not text.
  idempotent:
    support: full
options:
  dest:
    description:
      - The file on the host. Its directory has to exist, except in check mode.
    type: path
    required: true
  interpreter:
    description:
      - The Python on the host that runs the file, named in its first line.
    type: path
    required: true
  owner:
    description:
      - The user who shall own the file.
    type: str
  group:
    description:
      - The group that shall own the file.
    type: str
  mode:
    description:
      - The permissions of the file, in octal digits.
    type: str
    default: '0755'
"""

EXAMPLES = r"""
- name: Put bootd on the host
  baremetal.netboot.bootd_zipapp:
    dest: /opt/bootd/bootd
    interpreter: /opt/bootd/venv/bin/python

- name: Check manifests with it
  ansible.builtin.command:
    argv: [/opt/bootd/bootd, check, /etc/bootd/hardware]
  changed_when: false
"""

RETURN = r"""
dest:
  description:
    - The file on the host.
  returned: success
  type: str
  sample: /opt/bootd/bootd
checksum:
  description:
    - The SHA-1 of the file.
  returned: success, except in check mode where the directory does not exist yet
  type: str
  sample: 6e642bb8dd5c2e027bf21dd923337cbb4214f827
"""
