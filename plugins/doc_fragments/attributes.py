# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module says about itself."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes; each module says what its support is."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - python >= 3.11
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description: Returns details on what has changed, or would change in C(check_mode), when in diff mode.
  idempotent:
    description: When run twice in a row with the same arguments, the second invocation changes nothing.
"""

    # Of the modules that reach a cluster: they share the options of the fragment kubernetes.
    ACTIONGROUP_KUBERNETES = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/baremetal.netboot.kubernetes) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - baremetal.netboot.kubernetes
"""
