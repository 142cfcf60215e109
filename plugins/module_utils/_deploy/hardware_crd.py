# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CustomResourceDefinition of Hardware: each field that Tinkerbell v0.8 and v0.25 have, of the same type. Pure.

Tinkerbell's own CRD serves as well. This one is for clusters that have none.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_instance import instance
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_status import status
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.schema import (
    Schema,
    array,
    boolean,
    integer,
    integers,
    mapping,
    string,
    strings,
    struct,
)

NAME = "hardware.tinkerbell.org"
GROUP = "tinkerbell.org"
VERSION = "v1alpha1"
# Counts up whenever what is below changes: an older CRD of ours is updated, a newer one is left as it is.
REVISION = 1
REVISION_ANNOTATION = "netboot.baremetal/crd-revision"

_BYTE = r"(25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)"
_IPV4 = rf"({_BYTE}\.){{3}}{_BYTE}"
_VLAN = r"[1-3][0-9][0-9][0-9]|40([0-8][0-9]|9[0-6])"
# A quantity of Kubernetes, such as 500m or 16Gi.
_NUMBER = r"(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
_QUANTITY = rf"^(\+|-)?{_NUMBER}(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?{_NUMBER}))?$"


def hardware_crd() -> dict[str, Any]:
    """Return the CustomResourceDefinition."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME, "annotations": {REVISION_ANNOTATION: str(REVISION)}},
        "spec": {
            "group": GROUP,
            "names": {
                "categories": ["tinkerbell"],
                "kind": "Hardware",
                "listKind": "HardwareList",
                "plural": "hardware",
                "shortNames": ["hw"],
                "singular": "hardware",
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _hardware()},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": _columns(),
                }
            ],
        },
    }


def _columns() -> list[dict[str, Any]]:
    """Return what `kubectl get hardware` shows; with a priority only with `-o wide`."""
    interface = ".spec.interfaces[0]"
    system = ".spec.metadata.instance.operating_system"
    return [
        {"name": "State", "type": "string", "jsonPath": ".status.state"},
        {"name": "MAC", "type": "string", "jsonPath": f"{interface}.dhcp.mac"},
        {"name": "IP", "type": "string", "jsonPath": f"{interface}.dhcp.ip.address"},
        {"name": "PXE", "type": "boolean", "jsonPath": f"{interface}.netboot.allowPXE"},
        {"name": "OS", "type": "string", "jsonPath": f"{system}.distro", "priority": 1},
        {"name": "Version", "type": "string", "jsonPath": f"{system}.version", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]


def _hardware() -> Schema:
    return struct(
        {**strings("apiVersion kind"), "metadata": {"type": "object"}, "spec": _spec(), "status": status()},
        description="A computer that boots from the network: who it is, what it gets, how far it has come.",
    )


def _spec() -> Schema:
    return struct(
        {
            "agentID": string(),
            "auto": struct({"enrollmentEnabled": boolean(default=False)}),
            "bmcRef": struct(
                strings("apiGroup kind name"), required=["kind", "name"], **{"x-kubernetes-map-type": "atomic"}
            ),
            "disks": array(struct(strings("device"))),
            "interfaces": array(_interface()),
            "metadata": _metadata(),
            "references": mapping(struct(strings("group name namespace resource version"))),
            "resources": mapping(_quantity()),
            "tinkVersion": integer(64),
            "userData": string(description="cloud-init's user data, as the machine gets it."),
            "vendorData": string(description="cloud-init's vendor data, as the machine gets it."),
        }
    )


def _quantity() -> Schema:
    either = [{"type": "integer"}, {"type": "string"}]
    return {"anyOf": either, "pattern": _QUANTITY, "x-kubernetes-int-or-string": True}


def _interface() -> Schema:
    return struct(
        {
            "dhcp": _dhcp(),
            "disableDhcp": boolean(default=False),
            "isoboot": struct({"sourceISO": string(format="uri")}),
            "netboot": _netboot(),
        }
    )


def _dhcp() -> Schema:
    """Return the block of DHCP. Tinkerbell's rule that both or none of options 66 and 67 be there is not in it.

    Kubernetes before 1.25 refuses to apply such rules.
    """
    route = struct(
        {
            "destination_descriptor": string(pattern=rf"^{_IPV4}/(3[0-2]|[12]?[0-9])$"),
            "router": string(pattern=rf"^{_IPV4}$"),
        },
        required=["destination_descriptor", "router"],
    )
    return struct(
        {
            **strings("arch boot_file_name domain_name hostname iface_name tftp_server_name"),
            "classless_static_routes": array(route),
            "ip": struct({**strings("address gateway netmask"), "family": integer(64)}),
            "lease_time": integer(64),
            "mac": string(pattern="([0-9a-f]{2}[:]){5}([0-9a-f]{2})"),
            "name_servers": array(string()),
            "time_servers": array(string()),
            "uefi": boolean(),
            "vlan_id": string(pattern=rf"^(([0-9][0-9]{{0,2}}|{_VLAN})(,[1-9][0-9]{{0,2}}|{_VLAN})*)$"),
        }
    )


def _netboot() -> Schema:
    return struct(
        {
            "allowPXE": boolean(description="Whether the machine boots from the network; bootd ends it at success."),
            "allowWorkflow": boolean(),
            "ipxe": struct(strings("binary contents url")),
            "osie": struct({**strings("baseURL initrd kernel"), "kernelParams": array(string())}),
            "pxelinux": struct(strings("config")),
            "rpi": struct(strings("configTxt firmwarePath serialNum"), required=["serialNum"]),
        }
    )


def _metadata() -> Schema:
    preinstalled = struct(strings("distro image_tag os_slug slug version"))
    return struct(
        {
            **integers("bonding_mode", 64),
            "custom": struct(
                {"preinstalled_operating_system_version": preinstalled, "private_subnets": array(string())}
            ),
            "facility": struct(strings("facility_code plan_slug plan_version_slug")),
            "instance": instance(),
            "manufacturer": struct(strings("id slug")),
            "state": string(),
        }
    )
