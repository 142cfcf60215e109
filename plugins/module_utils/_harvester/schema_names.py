# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Harvester's configuration takes as keys: its add-ons and its settings."""

from __future__ import annotations

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.spelling import nearest
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.versions import (
    Version,
    shown_version,
)

# Keys of install.addons, which a template looks up as they stand -> the first release whose template does. Source: docs
# from v1.3 on, and pkg/templates/rancherd-22-addons.yaml of harvester/addons.
ADDONS: dict[str, Version] = {
    "harvester_vm_import_controller": (1, 2),
    "harvester_pcidevices_controller": (1, 2),
    "rancher_monitoring": (1, 2),
    "rancher_logging": (1, 2),
    "harvester_seeder": (1, 2),
    "nvidia_driver_toolkit": (1, 3),
    "kubeovn_operator": (1, 6),
    "descheduler": (1, 7),
}

# What the installer lets pass, by the first release that does: it stops at any other. Source:
# GetSystemSettingsAllowList in config.go as of v1.0, v1.2 and v1.8; the patch releases in between are those of the
# changes that are named.
_SETTINGS: dict[Version, str] = {
    (1, 0): """
        additional-ca api-ui-version auto-disk-provision-paths backup-target cluster-registration-url
        default-storage-class http-proxy log-level overcommit-config release-download-url server-version
        ssl-certificates ssl-parameters support-bundle-image support-bundle-namespaces support-bundle-timeout ui-index
        ui-path ui-source upgradable-versions upgrade-checker-enabled upgrade-checker-url vip-pools
        vm-force-reset-policy volume-snapshot-class
    """,
    # harvester/harvester-installer#376
    (1, 1, 1): "containerd-registry",
    (1, 2): "ntp-servers",
    # harvester/harvester-installer#803, for harvester/harvester#6329
    (1, 3, 2): """
        auto-rotate-rke2-certs csi-driver-config default-vm-termination-grace-period-seconds harvester-csi-ccm-versions
        kubeconfig-default-token-ttl-minutes storage-network support-bundle-expiration
        support-bundle-node-collection-timeout ui-plugin-index
    """,
    # harvester/harvester#9323
    (1, 8): """
        additional-guest-memory-overhead-ratio cluster-pod-security-standard csi-online-expand-validation
        kubevirt-migration longhorn-v2-data-engine-enabled max-hotplug-ratio rancher-cluster ui-plugin-bundled-version
        upgrade-config vm-migration-network
    """,
}
SETTINGS: dict[str, Version] = {name: since for since, names in _SETTINGS.items() for name in names.split()}

# Those that may hold passwords, tokens or private keys.
_SECRET_SETTINGS = frozenset(
    """
    backup-target cluster-registration-url containerd-registry csi-driver-config http-proxy rancher-cluster
    ssl-certificates upgrade-config
    """.split()
)


def is_secret_setting(name: str) -> bool:
    """Return whether what a setting holds may be secret, as that of any is which is not known here."""
    return name in _SECRET_SETTINGS or name not in SETTINGS


def system_setting(name: object, version: Version) -> str:
    """Hold a name against those of Harvester's settings that the installer of ``version`` lets pass."""
    since = SETTINGS.get(str(name))
    if since is None:
        meant = nearest(str(name), SETTINGS)
        return "is no setting that the installer takes" + (f": should this be {meant}?" if meant else "")
    return "" if since <= version else f"the installer refuses it before {shown_version(since)}"
