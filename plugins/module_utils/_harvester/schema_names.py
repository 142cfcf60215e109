# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Harvester's configuration takes as keys: its add-ons and its settings."""

from __future__ import annotations

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.spelling import nearest
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.versions import Version

# Keys of install.addons, which a template looks up as they stand. Source: docs from v1.3 on, and
# pkg/templates/rancherd-22-addons.yaml of harvester/addons.
ADDONS: dict[str, Version] = {
    "harvester_vm_import_controller": (1, 2),
    "harvester_pcidevices_controller": (1, 2),
    "rancher_monitoring": (1, 2),
    "rancher_logging": (1, 2),
    "harvester_seeder": (1, 2),
    "nvidia_driver_toolkit": (1, 3),
}

# What the installer lets pass; it stops at any other. Source: GetSystemSettingsAllowList in config.go, whose list only
# grew: a release that does not know one yet refuses it.
_SETTINGS = """
    additional-ca additional-guest-memory-overhead-ratio api-ui-version auto-disk-provision-paths
    auto-rotate-rke2-certs backup-target cluster-pod-security-standard cluster-registration-url containerd-registry
    csi-driver-config csi-online-expand-validation default-storage-class default-vm-termination-grace-period-seconds
    harvester-csi-ccm-versions http-proxy kubeconfig-default-token-ttl-minutes kubevirt-migration log-level
    longhorn-v2-data-engine-enabled max-hotplug-ratio ntp-servers overcommit-config rancher-cluster
    release-download-url server-version ssl-certificates ssl-parameters storage-network support-bundle-expiration
    support-bundle-image support-bundle-namespaces support-bundle-node-collection-timeout support-bundle-timeout
    ui-index ui-path ui-plugin-bundled-version ui-plugin-index ui-source upgradable-versions upgrade-checker-enabled
    upgrade-checker-url upgrade-config vip-pools vm-force-reset-policy vm-migration-network volume-snapshot-class
""".split()


def system_setting(name: object) -> str:
    """Hold a name against those of Harvester's settings."""
    if name in _SETTINGS:
        return ""
    meant = nearest(str(name), _SETTINGS)
    return "is no setting that the installer takes" + (f": should this be {meant}?" if meant else "")
