# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The iPXE scripts, as jinja2 templates. Only these texts are templates: what a Hardware object says is always a value.

They use no command that the iPXE of Debian 11 and 12 (1.0.0+git-20190125) lacks: no ``params``, no HTTPS, no syslog.
Three rules hold in each of them:

- Every load is tried TRIES times with a growing pause, and says on the console what it does.
- What is reported to bootd never stops a boot: it has a time limit and its failure is ignored. What it fetched is
  freed, because iPXE hands every image it holds to the kernel as one more initrd.
- A machine that was to be installed and can't be, waits. It does not go to its disk, where nobody would notice, nor
  does it reboot, where a BMC's one-time "boot from the network" would be lost: it asks for its script again, so that
  it goes on by itself once the object or the file server has been put right. Only when bootd has not answered for ASKS
  times in a row does it reboot, to begin again with a fresh address. One that waits for others, which may take hours,
  asks on. Ctrl-C on the console ends the script.
"""

from __future__ import annotations

TRIES = 5
FIRST_PAUSE = 2  # seconds after the first failure ...
PAUSE_GROWTH = 4  # ... and how many more after each further one: 2, 6, 10, 14
ASK_PAUSE = 30  # seconds
HOLD_PAUSE = 10  # seconds, between two questions of a machine that waits for others
ASKS = 20
REPORT_TIMEOUT = 5000  # milliseconds

# netX is the card that was opened last, and nothing as long as none was.
NETWORK = "isset ${netX/ip} || dhcp || echo bootd: no address by DHCP\n"

_MACROS = """\
{% macro head() %}
#!ipxe
echo bootd: {{ reason }}
{% if syslog %}
set syslog {{ syslog }} ||
{% endif %}
{% endmacro %}

{% macro tell(query) %}
imgfetch --name report --timeout {{ report_timeout }} {{ report }}&{{ query }} ||
imgfree report ||
{% endmacro %}

{% macro facts() %}
{{ tell(facts_query()) }}
{%- endmacro %}

{% macro begin(label) %}

set try:int32 1
set pause:int32 {{ first_pause }}
:{{ label }}
{% endmacro %}

{% macro retry(role, label, url) %}
set error ${errno}
{{ tell(failed_query(role, url)) -}}
iseq ${try} {{ tries }} && goto stuck ||
echo bootd: trying again in ${pause} seconds
sleep ${pause}
inc try
inc pause {{ pause_growth }}
goto {{ label }}
{% endmacro %}

{% macro load(role, label, url, command) %}
{{ begin(label) -}}
echo bootd: loading the {{ role }}, try ${try} of {{ tries }}
{{ command }} && goto {{ label }}-loaded ||
{{ retry(role, label, url) -}}
:{{ label }}-loaded
{{ tell(loaded_query(role, url)) -}}
{% endmacro %}

{% macro stuck(query="") %}

:stuck
imgfree ||
echo bootd: can not go on, asking for the script again every {{ ask_pause }} seconds
set try:int32 0
:ask
sleep {{ ask_pause }}
chain --replace --autofree {{ script }}{{ query }} ||
inc try
iseq ${try} {{ asks }} || goto ask
echo bootd: no answer, rebooting
reboot || exit 1
{% endmacro %}
"""

_KERNEL = """\
{% import "macros" as m with context %}
{{ m.head() -}}
{{ m.facts() -}}
{% if builds %}

isset ${buildarch} || goto arch
{% for build in builds %}
iseq ${buildarch} {{ build }} && goto arch ||
{% endfor %}
echo bootd: this machine is ${buildarch}, asking for what is meant for that
chain --replace --autofree {{ script }}?arch=${buildarch} || goto stuck
:arch
{% endif %}
{% if efi_only %}

iseq ${platform} efi && goto efi ||
echo bootd: {{ efi_only }}
{{ m.tell(refused_query(efi_only)) -}}
goto stuck
:efi
{% endif %}
{{ m.load("kernel", "kernel", kernel, "kernel " ~ kernel ~ " " ~ arguments) -}}
{% for initrd in initrds %}
{% set label = "initrd" ~ ("" if loop.first else loop.index) %}
{{ m.load("initrd", label, initrd.url, "initrd --name " ~ initrd.name ~ " " ~ initrd.url) -}}
{% endfor %}

echo bootd: starting the kernel
boot ||
set error ${errno}
{{ m.tell(failed_query("boot", kernel)) -}}
{{ m.stuck() -}}
"""

_CHAIN = """\
{% import "macros" as m with context %}
{{ m.head() -}}
{{ m.facts() -}}
{{ m.begin("script") -}}
echo bootd: loading the script, try ${try} of {{ tries }}
chain --replace --autofree {{ url }} ||
{{ m.retry("script", "script", url) -}}
{{ m.stuck() -}}
"""

_UNUSABLE = """\
{% import "macros" as m with context %}
{{ m.head() -}}
echo bootd: {{ problem }}
{{ m.tell(refused_query(problem)) -}}
{{ m.stuck(query) -}}
"""

_HOLD = """\
#!ipxe
:hold
echo bootd: {{ reason }}
echo bootd: asking again in {{ hold_pause }} seconds
sleep {{ hold_pause }}
chain --replace --autofree {{ script }} ||
goto hold
"""

_LOCAL = """\
#!ipxe
echo bootd: {{ reason }}
echo bootd: starting the local disk
{% if way == "exit" %}
exit 1
{% elif way == "sanboot" %}
set drive {{ drive or first_drive }}
{% if not drive %}
iseq ${platform} efi && set drive 0 ||
{% endif %}
sanboot --no-describe --drive ${drive} || exit 1
{% else %}
iseq ${platform} efi && exit 1 ||
sanboot --no-describe --drive {{ first_drive }} || exit 1
{% endif %}
"""

TEMPLATES = {
    "macros": _MACROS,
    "kernel": _KERNEL,
    "chain": _CHAIN,
    "unusable": _UNUSABLE,
    "hold": _HOLD,
    "local": _LOCAL,
}
