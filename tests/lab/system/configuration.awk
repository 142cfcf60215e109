# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads an installer's configuration (YAML in block style) and writes a line PATH<tab>VALUE for each value, as in
#     install.management_interface.interfaces[0].hwAddr    58:47:ca:71:d8:49
# Strict where Harvester's own reader is not: a key that `keys`, the first file, does not have ends it with a word on
# standard error and status 1, and so does whatever it can't read with certainty.

function refuse(what) {
    print "line " FNR ": " what >"/dev/stderr"
    refused = 1
    exit 1
}

function scalar(text) {
    sub(/[ \t\r]+$/, "", text)
    if (text ~ /^'.*'$/) {
        text = substr(text, 2, length(text) - 2)
        gsub(/''/, "'", text)
    } else if (text ~ /^".*"$/) {
        text = substr(text, 2, length(text) - 2)
        gsub(/\\"/, "\"", text)
        gsub(/\\\\/, "\\", text)
    } else if (text ~ /^['"&*!%@`]/ || text ~ /^[[{]/ && text != "[]" && text != "{}")
        refuse("cannot read " text)
    else
        sub(/[ \t]+#.*$/, "", text)
    return text == "[]" || text == "{}" || text == "null" || text == "~" ? "" : text
}

function emit(path, value) {
    if (path in seen)
        refuse(path ": twice")
    seen[path] = 1
    if (!is_known(path) && !(value == "" && (is_known(path "[]") || is_known(path ".x"))))
        refuse(path ": unknown key")
    gsub(/\t/, " ", value)
    print path "\t" value
}

function is_known(path) {
    gsub(/\[[0-9]+\]/, "[]", path)
    if (path in known)
        return 1
    # Names that are free, such as labels, may have dots in them.
    while (sub(/\.[^.]*$/, "", path))
        if ((path ".*") in known)
            return 1
    return 0
}

function push(at, where, listed) {
    depth++
    column[depth] = at
    base[depth] = where
    is_list[depth] = listed
    count[depth] = -1
    pending = ""
}

# A key without a value and without anything below it.
function settle() {
    if (pending != "")
        emit(pending, "")
    pending = ""
}

FILENAME != ARGV[1] && FNR == 1 { depth = 0; push(0, "", 0); block = "" }

FILENAME == ARGV[1] {
    if ($0 !~ /^(#|$)/)
        known[$1] = 1
    next
}

block != "" {
    match($0, /^ */)
    if (RLENGTH > block_column || $0 ~ /^ *$/) {
        text = text (text == "" ? "" : " ") substr($0, RLENGTH + 1)
        next
    }
    emit(block, text)
    block = ""
}

/^[ ]*(#.*)?\r?$/ || /^---\r?$/ { next }

/^ *\t/ { refuse("a tab") }

{
    match($0, /^ */)
    at = RLENGTH
    line = substr($0, at + 1)
    while (line ~ /^-( |$)/) {
        while (column[depth] > at)
            depth--
        if (!(is_list[depth] && column[depth] == at)) {
            if (pending == "" || at < pending_column)
                refuse("an item of no list")
            push(at, pending, 1)
        }
        count[depth]++
        where = base[depth] "[" count[depth] "]"
        match(line, /^- */)
        at += RLENGTH
        line = substr(line, RLENGTH + 1)
        if (line !~ /^[A-Za-z0-9_.\/-]+:( |$)/) {
            emit(where, scalar(line))
            next
        }
        push(at, where, 0)
    }
    while (column[depth] > at || column[depth] == at && is_list[depth])
        depth--
    if (column[depth] != at) {
        if (pending == "" || at <= pending_column)
            refuse("indented as nothing before it")
        push(at, pending, 0)
    }
    settle()
    if (!match(line, /^[A-Za-z0-9_.\/-]+:( |\r?$)/))
        refuse("no key")
    key = substr(line, 1, index(line, ":") - 1)
    value = substr(line, index(line, ":") + 1)
    sub(/^[ \t]+/, "", value)
    sub(/\r$/, "", value)
    path = (base[depth] == "" ? "" : base[depth] ".") key
    if (value == "" || value ~ /^#/) {
        pending = path
        pending_column = at
    } else if (value ~ /^[|>][+-]?$/) {
        block = path
        block_column = at
        text = ""
    } else
        emit(path, scalar(value))
}

END {
    if (refused)
        exit 1
    if (block != "")
        emit(block, text)
    settle()
    if (!length(seen))
        refuse("nothing in it")
}
