# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the stand-in installer needs of a Harvester configuration (block style YAML), as lines with tabs between:
#     device  /dev/nvme0n1
#     webhook  EVENT  METHOD  URL  PAYLOAD
# As in Harvester's own installer, one webhook with an unknown event voids all of them.

function plain(text) {
    sub(/^[^:]*:[ \t]*/, "", text)
    sub(/[ \t\r]+$/, "", text)
    if (text ~ /^'.*'$/) {
        text = substr(text, 2, length(text) - 2)
        gsub(/''/, "'", text)
    } else if (text ~ /^".*"$/) {
        text = substr(text, 2, length(text) - 2)
        gsub(/\\"/, "\"", text)
    } else {
        sub(/[ \t]+#.*$/, "", text)
    }
    return text
}

/^[ \t]*(#.*)?\r?$/ { next }

{ match($0, /^ */); indent = RLENGTH }

/^[^ ]/ { section = $0; inside = 0 }

section !~ /^install:/ { next }

inside && (indent < level || (indent == level && $0 !~ /^ *-/)) { inside = 0 }

inside && /^ *- / { hooks++ ; sub(/- */, "") }
inside && /^ *event:/ { event[hooks] = plain($0) }
inside && /^ *method:/ { method[hooks] = toupper(plain($0)) }
inside && /^ *url:/ { url[hooks] = plain($0) }
inside && /^ *payload:/ { payload[hooks] = plain($0) }
inside { next }

/^ +webhooks:/ { inside = 1; level = indent }
/^ +device:/ { print "device\t" plain($0) }

END {
    for (hook = 1; hook <= hooks; hook++)
        if (event[hook] !~ /^(STARTED|SUCCEEDED|FAILED)$/ || url[hook] !~ /^http:/)
            exit
    for (hook = 1; hook <= hooks; hook++)
        print "webhook\t" event[hook] "\t" (method[hook] ? method[hook] : "GET") "\t" url[hook] "\t" payload[hook]
}
