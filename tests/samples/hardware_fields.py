# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of Tinkerbell's Hardware CRD, as far as its releases can be told apart: path and type.

Read from tinkerbell.org_hardware.yaml, of tinkerbell/tink v0.8.0 and tinkerbell/tinkerbell v0.25.0.
"""

from __future__ import annotations

# PARENT TYPE[-FORMAT]: NAMES, with - for no parent, [] for the items of a list and {} for the values of any key.
V0_8 = """
- object: metadata spec status
- string: apiVersion kind
spec array: disks interfaces
spec integer-int64: tinkVersion
spec any: resources{}
spec object: bmcRef disks[] interfaces[] metadata resources
spec string: userData vendorData
spec.bmcRef string: apiGroup kind name
spec.disks[] string: device
spec.interfaces[] object: dhcp netboot
spec.interfaces[].dhcp array: name_servers time_servers
spec.interfaces[].dhcp boolean: uefi
spec.interfaces[].dhcp integer-int64: lease_time
spec.interfaces[].dhcp object: ip
spec.interfaces[].dhcp string: arch hostname iface_name mac name_servers[] time_servers[] vlan_id
spec.interfaces[].dhcp.ip integer-int64: family
spec.interfaces[].dhcp.ip string: address gateway netmask
spec.interfaces[].netboot boolean: allowPXE allowWorkflow
spec.interfaces[].netboot object: ipxe osie
spec.interfaces[].netboot.ipxe string: contents url
spec.interfaces[].netboot.osie string: baseURL initrd kernel
spec.metadata integer-int64: bonding_mode
spec.metadata object: custom facility instance manufacturer
spec.metadata string: state
spec.metadata.custom array: private_subnets
spec.metadata.custom object: preinstalled_operating_system_version
spec.metadata.custom string: private_subnets[]
spec.metadata.custom.preinstalled_operating_system_version string: distro image_tag os_slug slug version
spec.metadata.facility string: facility_code plan_slug plan_version_slug
spec.metadata.instance array: ips ssh_keys tags
spec.metadata.instance boolean: allow_pxe always_pxe network_ready rescue
spec.metadata.instance object: ips[] operating_system storage
spec.metadata.instance string: crypted_root_password hostname id ipxe_script_url ssh_keys[] state tags[] userdata
spec.metadata.instance.ips[] boolean: management public
spec.metadata.instance.ips[] integer-int64: family
spec.metadata.instance.ips[] string: address gateway netmask
spec.metadata.instance.operating_system string: distro image_tag os_slug slug version
spec.metadata.instance.storage array: disks filesystems raid
spec.metadata.instance.storage object: disks[] filesystems[] raid[]
spec.metadata.instance.storage.disks[] array: partitions
spec.metadata.instance.storage.disks[] boolean: wipe_table
spec.metadata.instance.storage.disks[] object: partitions[]
spec.metadata.instance.storage.disks[] string: device
spec.metadata.instance.storage.disks[].partitions[] integer-int64: number size start
spec.metadata.instance.storage.disks[].partitions[] string: label type_guid
spec.metadata.instance.storage.filesystems[] object: mount
spec.metadata.instance.storage.filesystems[].mount array: files
spec.metadata.instance.storage.filesystems[].mount object: create files[]
spec.metadata.instance.storage.filesystems[].mount string: device format point
spec.metadata.instance.storage.filesystems[].mount.create array: options
spec.metadata.instance.storage.filesystems[].mount.create boolean: force
spec.metadata.instance.storage.filesystems[].mount.create string: options[]
spec.metadata.instance.storage.filesystems[].mount.files[] integer-int64: gid mode uid
spec.metadata.instance.storage.filesystems[].mount.files[] string: contents path
spec.metadata.instance.storage.raid[] array: devices
spec.metadata.instance.storage.raid[] integer-int64: spare
spec.metadata.instance.storage.raid[] string: devices[] level name
spec.metadata.manufacturer string: id slug
status string: state
"""

ADDED_BY_V0_25 = """
spec object: auto references references{}
spec string: agentID
spec.auto boolean: enrollmentEnabled
spec.interfaces[] boolean: disableDhcp
spec.interfaces[] object: isoboot
spec.interfaces[].dhcp array: classless_static_routes
spec.interfaces[].dhcp object: classless_static_routes[]
spec.interfaces[].dhcp string: boot_file_name domain_name tftp_server_name
spec.interfaces[].dhcp.classless_static_routes[] string: destination_descriptor router
spec.interfaces[].isoboot string-uri: sourceISO
spec.interfaces[].netboot object: pxelinux rpi
spec.interfaces[].netboot.ipxe string: binary
spec.interfaces[].netboot.osie array: kernelParams
spec.interfaces[].netboot.osie string: kernelParams[]
spec.interfaces[].netboot.pxelinux string: config
spec.interfaces[].netboot.rpi string: configTxt firmwarePath serialNum
spec.references{} string: group name namespace resource version
status object: attributes
status.attributes object: outOfBand
status.attributes.outOfBand array: blockDevices gpuDevices networkInterfaces pciDevices psus storageControllers tpms
status.attributes.outOfBand object: baseboard bios blockDevices[] bmc chassis cpu gpuDevices[] memory
status.attributes.outOfBand object: networkInterfaces[] pciDevices[] product psus[] storageControllers[] tpms[]
status.attributes.outOfBand string: collectionMethod
status.attributes.outOfBand string-date-time: lastUpdated
status.attributes.outOfBand.baseboard object: status
status.attributes.outOfBand.baseboard string: description firmwareVersion model serialNumber vendor
status.attributes.outOfBand.baseboard.status integer-int32: postCode
status.attributes.outOfBand.baseboard.status string: health postCodeStatus state
status.attributes.outOfBand.bios object: status
status.attributes.outOfBand.bios string: firmwareVersion model releaseDate serialNumber vendor
status.attributes.outOfBand.bios.status integer-int32: postCode
status.attributes.outOfBand.bios.status string: health postCodeStatus state
status.attributes.outOfBand.blockDevices[] integer-int64: physicalBlockSizeBytes sizeBytes
status.attributes.outOfBand.blockDevices[] object: status
status.attributes.outOfBand.blockDevices[] string: controllerType driveType firmwareVersion model name serialNumber
status.attributes.outOfBand.blockDevices[] string: smartStatus vendor wwn
status.attributes.outOfBand.blockDevices[].status integer-int32: postCode
status.attributes.outOfBand.blockDevices[].status string: health postCodeStatus state
status.attributes.outOfBand.bmc object: nic status
status.attributes.outOfBand.bmc string: firmwareVersion model serialNumber vendor
status.attributes.outOfBand.bmc.nic array: ports
status.attributes.outOfBand.bmc.nic object: ports[]
status.attributes.outOfBand.bmc.nic string: firmwareVersion model name serialNumber vendor
status.attributes.outOfBand.bmc.nic.ports[] array: enabledCapabilities
status.attributes.outOfBand.bmc.nic.ports[] integer-int32: mtu speedMbps
status.attributes.outOfBand.bmc.nic.ports[] string: enabledCapabilities[] linkStatus mac portID
status.attributes.outOfBand.bmc.status integer-int32: postCode
status.attributes.outOfBand.bmc.status string: health postCodeStatus state
status.attributes.outOfBand.chassis string: model serialNumber vendor
status.attributes.outOfBand.cpu array: sockets
status.attributes.outOfBand.cpu integer-int32: totalCores totalThreads
status.attributes.outOfBand.cpu object: sockets[]
status.attributes.outOfBand.cpu.sockets[] array: capabilities
status.attributes.outOfBand.cpu.sockets[] integer-int32: clockSpeedMHz cores threads
status.attributes.outOfBand.cpu.sockets[] string: capabilities[] firmwareVersion model serialNumber slot vendor
status.attributes.outOfBand.gpuDevices[] object: status
status.attributes.outOfBand.gpuDevices[] string: class description driver firmwareVersion model serialNumber vendor
status.attributes.outOfBand.gpuDevices[].status integer-int32: postCode
status.attributes.outOfBand.gpuDevices[].status string: health postCodeStatus state
status.attributes.outOfBand.memory array: modules
status.attributes.outOfBand.memory integer-int64: totalBytes usableBytes
status.attributes.outOfBand.memory object: modules[]
status.attributes.outOfBand.memory.modules[] integer-int32: speedMHz
status.attributes.outOfBand.memory.modules[] integer-int64: sizeBytes
status.attributes.outOfBand.memory.modules[] string: firmwareVersion formFactor model partNumber serialNumber slot
status.attributes.outOfBand.memory.modules[] string: vendor
status.attributes.outOfBand.networkInterfaces[] array: ports
status.attributes.outOfBand.networkInterfaces[] object: ports[]
status.attributes.outOfBand.networkInterfaces[] string: firmwareVersion model name serialNumber vendor
status.attributes.outOfBand.networkInterfaces[].ports[] array: enabledCapabilities
status.attributes.outOfBand.networkInterfaces[].ports[] integer-int32: mtu speedMbps
status.attributes.outOfBand.networkInterfaces[].ports[] string: enabledCapabilities[] linkStatus mac portID
status.attributes.outOfBand.pciDevices[] string: class driver model vendor
status.attributes.outOfBand.product object: status
status.attributes.outOfBand.product string: model name serialNumber vendor
status.attributes.outOfBand.product.status integer-int32: postCode
status.attributes.outOfBand.product.status string: health postCodeStatus state
status.attributes.outOfBand.psus[] integer-int64: powerCapacityWatts
status.attributes.outOfBand.psus[] object: status
status.attributes.outOfBand.psus[] string: description firmwareVersion model serialNumber vendor
status.attributes.outOfBand.psus[].status integer-int32: postCode
status.attributes.outOfBand.psus[].status string: health postCodeStatus state
status.attributes.outOfBand.storageControllers[] object: status
status.attributes.outOfBand.storageControllers[] string: description firmwareVersion model serialNumber vendor
status.attributes.outOfBand.storageControllers[].status integer-int32: postCode
status.attributes.outOfBand.storageControllers[].status string: health postCodeStatus state
status.attributes.outOfBand.tpms[] object: status
status.attributes.outOfBand.tpms[] string: firmwareVersion interfaceType model serialNumber vendor
status.attributes.outOfBand.tpms[].status integer-int32: postCode
status.attributes.outOfBand.tpms[].status string: health postCodeStatus state
"""


def fields(table: str) -> dict[str, str]:
    """Return the type of each field of ``table`` by its path."""
    found = {}
    for line in table.strip().splitlines():
        head, _colon, names = line.partition(":")
        parent, kind = head.split()
        for name in names.split():
            found[name if parent == "-" else f"{parent}.{name}"] = kind.replace("-", " ", 1)
    return found
