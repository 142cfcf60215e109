# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that bootd gives iPXE for the walk-through's machine, character for character."""

from __future__ import annotations

REPORT = "http://10.10.0.20:7080/phone-home?mac=58-47-ca-71-d8-49"
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"
RELEASE = "http://10.10.0.2/harvester/v1.2.0/harvester-v1.2.0"

FACTS = (
    "event=facts&uuid=${uuid}&manufacturer=${manufacturer:uristring}&product=${product:uristring}"
    "&serial=${serial:uristring}&platform=${platform}&buildarch=${buildarch}&version=${version:uristring}"
    "&nic=${netX/chip:uristring}"
)

HEAD = f"""\
set syslog 10.10.0.20 ||
imgfetch --name report --timeout 5000 {REPORT}&{FACTS} ||
imgfree report ||
"""

GUARD = f"""\
isset ${{buildarch}} || goto arch
iseq ${{buildarch}} x86_64 && goto arch ||
iseq ${{buildarch}} i386 && goto arch ||
echo bootd: this machine is ${{buildarch}}, asking for what is meant for that
chain --replace --autofree {SCRIPT}?arch=${{buildarch}} || goto stuck
:arch
"""

STUCK = f"""\
:stuck
imgfree ||
echo bootd: can not go on, asking for the script again every 30 seconds
set try:int32 0
:ask
sleep 30
chain --replace --autofree {SCRIPT} ||
inc try
iseq ${{try}} 20 || goto ask
echo bootd: no answer, rebooting
reboot || exit 1
"""

HARVESTER = f"""\
#!ipxe
echo bootd: um790-1 installs Harvester (operating_system.distro)
{HEAD}
{GUARD}
set try:int32 1
set pause:int32 2
:kernel
echo bootd: loading the kernel, try ${{try}} of 5
kernel {RELEASE}-vmlinuz-amd64 initrd=harvester-v1.2.0-initrd-amd64 root=live:{RELEASE}-rootfs-amd64.squashfs \
rd.cos.disable rd.noverifyssl net.ifnames=1 console=tty1 harvester.install.automatic=true ip=dhcp \
harvester.install.config_url=http://bootstrap.sienarfleet.systems/harvester/config-create.yaml && goto kernel-loaded ||
set error ${{errno}}
imgfetch --name report --timeout 5000 {REPORT}&event=error&role=kernel&errno=${{error}}&url={RELEASE}-vmlinuz-amd64 ||
imgfree report ||
iseq ${{try}} 5 && goto stuck ||
echo bootd: trying again in ${{pause}} seconds
sleep ${{pause}}
inc try
inc pause 4
goto kernel
:kernel-loaded
imgfetch --name report --timeout 5000 {REPORT}&event=loaded&role=kernel&url={RELEASE}-vmlinuz-amd64 ||
imgfree report ||

set try:int32 1
set pause:int32 2
:initrd
echo bootd: loading the initrd, try ${{try}} of 5
initrd --name harvester-v1.2.0-initrd-amd64 {RELEASE}-initrd-amd64 && goto initrd-loaded ||
set error ${{errno}}
imgfetch --name report --timeout 5000 {REPORT}&event=error&role=initrd&errno=${{error}}&url={RELEASE}-initrd-amd64 ||
imgfree report ||
iseq ${{try}} 5 && goto stuck ||
echo bootd: trying again in ${{pause}} seconds
sleep ${{pause}}
inc try
inc pause 4
goto initrd
:initrd-loaded
imgfetch --name report --timeout 5000 {REPORT}&event=loaded&role=initrd&url={RELEASE}-initrd-amd64 ||
imgfree report ||

echo bootd: starting the kernel
boot ||
set error ${{errno}}
imgfetch --name report --timeout 5000 {REPORT}&event=error&role=boot&errno=${{error}}&url={RELEASE}-vmlinuz-amd64 ||
imgfree report ||

{STUCK}"""

CHAIN = f"""\
#!ipxe
echo bootd: um790-1 boots the script at http://10.10.0.2/boot.ipxe?x=1?y=2
{HEAD}
set try:int32 1
set pause:int32 2
:script
echo bootd: loading the script, try ${{try}} of 5
chain --replace --autofree http://10.10.0.2/boot.ipxe?x=1&y=2 ||
set error ${{errno}}
imgfetch --name report --timeout 5000 {REPORT}&event=error&role=script&errno=${{error}}\
&url=http://10.10.0.2/boot.ipxe ||
imgfree report ||
iseq ${{try}} 5 && goto stuck ||
echo bootd: trying again in ${{pause}} seconds
sleep ${{pause}}
inc try
inc pause 4
goto script

{STUCK}"""

REFUSED = f"""\
#!ipxe
echo bootd: um790-1 installs Harvester (operating_system.distro)
set syslog 10.10.0.20 ||
echo bootd: metadata.instance.operating_system.version is missing
imgfetch --name report --timeout 5000 {REPORT}&event=error&role=script\
&message=metadata.instance.operating_system.version%20is%20missing ||
imgfree report ||

{STUCK.replace(f"{SCRIPT} ||", f"{SCRIPT}?arch=${{buildarch}} ||")}"""

LOCAL = """\
#!ipxe
echo bootd: netboot is off for um790-1: it is installed
echo bootd: starting the local disk
iseq ${platform} efi && exit 1 ||
sanboot --no-describe --drive 0x80 || exit 1
"""

HOLD = f"""\
#!ipxe
:hold
echo bootd: waits for um790-2 (failed: no disk), um790-3 (kernel)
echo bootd: asking again in 10 seconds
sleep 10
chain --replace --autofree {SCRIPT} ||
goto hold
"""
