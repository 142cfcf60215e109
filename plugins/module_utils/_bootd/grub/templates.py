# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""GRUB's configurations, as jinja2 templates. Only these texts are templates: what an object says is a quoted word.

They do what iPXE's scripts do (see ``ipxe.templates``), with the same tries and pauses, and four things differ:

- GRUB can't count, so pauses stand there one by one, and questions without an answer are counted by letters.
- A configuration that is read again is read by the loop at the end of the first one, and comes back there: each that
  is nested in another would need more of GRUB's small stack, and a machine may wait for hours.
- Whatever is asked again names GRUB's own processor. So it is compared once at most, in the first configuration, and
  what that asks for at once is the only one that is nested.
- GRUB ends with "success" (2.06 and 2.12 as Debian and Ubuntu ship them, whatever is written behind ``exit``), upon
  which firmware may open its setup instead of going on to the disk, as edk2 does. So the disk's own boot program is
  looked for first and started, with $root on its disk: GRUB tells it that it comes from there, and the disk's shim
  looks there for the disk's GRUB. Only where there is none GRUB ends, with the error that other distributions' GRUBs
  (Fedora, SUSE) pass on.

No command is used that Debian's signed image of GRUB 2.06 lacks, and nothing is loaded: with Secure Boot GRUB takes no
modules but its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..ipxe.templates import ASK_PAUSE, ASKS, FIRST_PAUSE, HOLD_PAUSE, PAUSE_GROWTH, TRIES

# Seconds after each failure; 0 after the last.
PAUSES = (*(FIRST_PAUSE + PAUSE_GROWTH * number for number in range(TRIES - 1)), 0)
GIVE_UP = "x" * ASKS

# Where systems have their boot programs on the EFI system partition: their shim, which under Secure Boot is what
# firmware starts; what starts without one; and the place for media and for machines that forget (UEFI 2.10, 3.5.1.1).
_LOADERS = (
    *(f"EFI/{system}/shim{{arch}}.efi" for system in ("debian", "ubuntu", "fedora", "redhat", "centos", "rocky")),
    *("EFI/almalinux/shim{arch}.efi", "EFI/opensuse/shim.efi", "EFI/sles/shim.efi", "EFI/elemental/shim.efi"),
    *("EFI/Microsoft/Boot/bootmgfw.efi", "EFI/systemd/systemd-boot{arch}.efi", "EFI/BOOT/BOOT{ARCH}.EFI"),
)
_ARCHITECTURES = {"x86_64": "x64", "arm64": "aa64"}  # $grub_cpu -> in the names of boot programs

_MACROS = """\
{% macro head() %}
set bootd_answer=y
echo {{ q("bootd: " ~ reason) }}
{% endmacro %}

{% macro tell(query) %}
cat {{ q(files.report(query)) }}
{% endmacro %}

{% macro facts() %}
{% if files.via == "tftp" %}
smbios --type 1 --get-string 4 --set bootd_manufacturer
smbios --type 1 --get-string 5 --set bootd_product
smbios --type 1 --get-string 7 --set bootd_serial
{% endif %}
smbios --type 1 --get-uuid 8 --set bootd_uuid
set bootd_facts="uuid=$bootd_uuid&platform=$grub_platform&buildarch=$grub_cpu"
{% if files.via == "tftp" %}
set bootd_facts="$bootd_facts&manufacturer=$bootd_manufacturer&product=$bootd_product&serial=$bootd_serial"
{% endif %}
cat {{ q(files.report("event=facts&")) }}"$bootd_facts"
{% endmacro %}

{% macro load(role, what, command, urls) %}
set bootd_loaded=
for bootd_wait in {{ pauses | join(" ") }}; do
  echo {{ q("bootd: loading " ~ what) }}
  if {{ command }}; then
    set bootd_loaded=y
    break
  fi
{% set far = files.far(urls) %}
{% if far %}
{% set problem = what ~ " could not be loaded: has this GRUB a module for http?" %}
  echo {{ q("bootd: " ~ problem) }}
  echo {{ q("bootd: what is below " ~ files.http_base ~ "/images/ comes by TFTP") }}
  {{ tell(failed_query(role, far, problem)) -}}
{% else %}
  {{ tell(failed_query(role, urls[0])) -}}
{% endif %}
{{ "  " -}}
if [ "$bootd_wait" != 0 ]; then
    echo "bootd: trying again in $bootd_wait seconds"
    sleep "$bootd_wait"
  fi
done
{% endmacro %}

{% macro ask(pause, patient) %}

set bootd_pause={{ pause }}
set bootd_patient={{ "y" if patient else "" }}
if [ "$bootd_asks" != y ]; then
  set bootd_asks=y
  set bootd_missed=
  while true; do
    sleep "$bootd_pause"
    set bootd_answer=
    source {{ files.again }}
    if [ "$bootd_answer" = y ]; then
      set bootd_missed=
    else
      set bootd_missed="x$bootd_missed"
      if [ "$bootd_patient$bootd_missed" = {{ give_up }} ]; then
        echo 'bootd: no answer, rebooting'
        reboot
      fi
    fi
  done
fi
{% endmacro %}

{% macro stuck() %}
echo 'bootd: can not go on, asking again every {{ ask_pause }} seconds'
{{ ask(ask_pause, false) -}}
{% endmacro %}
"""

_KERNEL = """\
{% import "macros" as m with context %}
{{ m.head() -}}
{{ m.facts() -}}
{% if cpus %}

set bootd_refused=y
for bootd_cpu in {{ cpus | join(" ") }}; do
  if [ "$grub_cpu" = "$bootd_cpu" ]; then
    set bootd_refused=
  fi
done
if [ "$bootd_refused" = y ]; then
  echo "bootd: this machine is $grub_cpu, asking for what is meant for that"
  source {{ files.again }}
  set bootd_refused=y
fi
{% else %}

set bootd_refused=
{% endif %}
{% if efi_only %}

if [ "$grub_platform" != efi ]; then
  echo {{ q("bootd: " ~ efi_only) }}
  {{ m.tell(refused_query(efi_only)) -}}
{{ "  " -}}
set bootd_refused=y
fi
{% endif %}

if [ "$bootd_refused" != y ]; then
{{ m.load("kernel", "the kernel", kernel, [boots.kernel]) -}}
if [ "$bootd_loaded" = y ]; then
{{ m.tell(loaded_query("kernel", boots.kernel)) -}}
{% if boots.initrds %}
{{ m.load("initrd", "the initrd", initrd, initrd_urls) -}}
{% endif %}
fi
if [ "$bootd_loaded" = y ]; then
{% for url in initrd_urls %}
{{ m.tell(loaded_query("initrd", url)) -}}
{% endfor %}
echo 'bootd: starting the kernel'
boot
{{ m.tell(failed_query("boot", boots.kernel)) -}}
fi
fi
{{ m.stuck() -}}
"""

_UNUSABLE = """\
{% import "macros" as m with context %}
{{ m.head() -}}
echo {{ q("bootd: " ~ problem) }}
{{ m.tell(refused_query(problem)) -}}
{{ m.stuck() -}}
"""

_HOLD = """\
{% import "macros" as m with context %}
{{ m.head() -}}
echo 'bootd: asking again in {{ hold_pause }} seconds'
{{ m.ask(hold_pause, true) -}}
"""

_LOCAL = """\
{% import "macros" as m with context %}
{{ m.head() -}}
echo 'bootd: starting the local disk: looking for its boot program'
{% for cpu, arch in architectures.items() %}
if [ "$grub_cpu" = {{ cpu }} ]; then
  for bootd_loader in {{ paths(arch) | join(" ") }}; do
    if search --no-floppy --set=root --file "$bootd_loader"; then
      echo "bootd: starting ($root)$bootd_loader"
      if chainloader "$bootd_loader"; then
        boot
      fi
    fi
  done
fi
{% endfor %}
echo 'bootd: there is none that starts, so firmware goes on'
exit 1
"""


def _paths(arch: str) -> list[str]:
    """Return where boot programs are on an EFI system partition of ``arch``, as in their names."""
    return [f"/{loader.format(arch=arch, ARCH=arch.upper())}" for loader in _LOADERS]


TEMPLATES = {"macros": _MACROS, "kernel": _KERNEL, "unusable": _UNUSABLE, "hold": _HOLD, "local": _LOCAL}
VALUES: Mapping[str, object] = {
    "pauses": PAUSES,
    "give_up": GIVE_UP,
    "ask_pause": ASK_PAUSE,
    "hold_pause": HOLD_PAUSE,
    "paths": _paths,
    "architectures": _ARCHITECTURES,
}
