# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""syslog messages: RFC 5424, RFC 3164, iPXE's form, and any bytes at all."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from _bootd.syslog.packet import MAX_SIZE, SyslogError, parse


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # iPXE, with and without a host name from DHCP
        (b"<6>um790-1 ipxe: net0: 10.10.0.16/255.255.255.0 gw 10.10.0.1", ("um790-1", "ipxe", "", "net0: 10.10.0.16/")),
        (b"<6>ipxe: http://10.10.0.20/auto.ipxe... ok\n", ("", "ipxe", "", "http://10.10.0.20/auto.ipxe... ok")),
        (b"<6>um790-1 ipxe:  ok", ("um790-1", "ipxe", "", "ok")),
        # RFC 3164, section 5.4 and as seen in the field
        (
            b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed on /dev/pts/8",
            ("mymachine", "su", "", "'su root' failed"),
        ),
        (b"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", ("10.0.0.99", "", "", "Use the BFG!")),
        (b"<30>Oct 11 22:14:15 udhcpc[123]: lease lost", ("", "udhcpc", "123", "lease lost")),
        (b"<30>Oct 11 22:14:15 host sshd[1]: x", ("host", "sshd", "1", "x")),
        (b"<13>2023-10-11T22:14:15.003+02:00 host app: x", ("host", "app", "", "x")),
        (b"<5>kernel: Linux version 6.1", ("", "kernel", "", "Linux version 6.1")),
        (b"no header at all", ("", "", "", "no header at all")),
        # RFC 5424, section 6.5
        (
            b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed",
            ("mymachine.example.com", "su", "", "'su root' failed"),
        ),
        (
            b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It",
            ("192.0.2.1", "myproc", "8710", "%% It"),
        ),
        (
            b'<165>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [a@1 iut="3\\]" b="x] \\" y"][c@2 d=""] text',
            ("h", "evntslog", "", "text"),
        ),
        (b'<165>1 - - - - - [a b="c"]', ("", "", "", "")),
        (b"<165>1 - - - - - -", ("", "", "", "")),
        # its header broken off: read as RFC 3164 instead of lost
        (b'<165>1 - h app - - [a b="c text', ("", "", "", '1 - h app - - [a b="c text')),
    ],
)
def test_parse_forms(data, expected):
    message = parse(data)
    host, app, process, text = expected
    assert (message.hostname, message.app_name, message.process) == (host, app, process)
    assert message.text.startswith(text)
    assert text or not message.text


@pytest.mark.parametrize(
    ("data", "facility", "severity"),
    [
        (b"<0>x", "kern", "EMERG"),
        (b"<6>x", "kern", "INFO"),
        (b"<30>x", "daemon", "INFO"),
        (b"<191>x", "local7", "DEBUG"),
        (b"x", "user", "NOTICE"),
    ],
)
def test_parse_pri_is_facility_and_severity(data, facility, severity):
    message = parse(data)
    assert (message.facility_name, message.severity_name) == (facility, severity)
    assert message.text == "x"


@pytest.mark.parametrize(
    "data", [b"<192>x", b"<256>x", b"<999>x", b"<06>x", b"<-1>x", b"<>x", b"<6x", b"< 6>x", b"<1000>x"]
)
def test_parse_bad_pri_is_text(data):
    message = parse(data)
    assert (message.facility_name, message.severity_name) == ("user", "NOTICE")
    assert message.text == data.decode()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<6>ipxe: \x1b[1mbold\x1b[0m \x1b[37;44mx", "bold x"),
        (b"<6>ipxe: a\nb\0c", "a\\x0ab\\x00c"),
        (b"<6>ipxe: 10%\b\b\b20%\r", "10%20%"),
        (b"<6>ipxe: a\tb", "a b"),
        (b"<6>ipxe: \xff\xfe", "\ufffd\ufffd"),
        ("<6>ipxe: \u00fc \u202e".encode(), "\u00fc \\x202e"),
    ],
)
def test_parse_text_is_one_printable_line(data, text):
    assert parse(data).text == text


@pytest.mark.parametrize("data", [b"", b"\0", b"\n", b" \r\n\0"])
def test_parse_nothing_is_an_error(data):
    with pytest.raises(SyslogError) as caught:
        parse(data)
    assert caught.value.reason == "empty"


def test_parse_size_is_bounded():
    assert len(parse(b"a" * MAX_SIZE).text) == MAX_SIZE
    with pytest.raises(SyslogError) as caught:
        parse(b"a" * (MAX_SIZE + 1))
    assert caught.value.reason == "too_big"


HEADERS = [b"<6>", b"<165>1 ", b"- ", b"Oct 11 22:14:15 ", b"h ", b"ipxe: ", b"[", b"]", b'"', b"\\", b"\xef\xbb\xbf"]
PIECES = st.lists(st.one_of(st.binary(max_size=12), st.sampled_from(HEADERS)), max_size=20).map(b"".join)


@given(st.one_of(st.binary(max_size=200), PIECES))
@example(b"<165>1 - - - - - " + b"[" * 4000)
@example(b"<165>1 - - - - - [" + b'a="b" ' * 1000)
@example(b"<6>" + b"\x1b[" * 4000)
def test_parse_any_bytes_make_a_printable_message_or_its_own_error(data):
    try:
        message = parse(data)
    except SyslogError:
        return
    assert 0 <= message.facility <= 23
    assert 0 <= message.severity <= 7
    for text in (message.hostname, message.app_name, message.process, message.text):
        assert text.isprintable()
    assert len(message.hostname) <= 128
    assert len(message.app_name) <= 128


WORD = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":[]<>"), min_size=1, max_size=20)


@given(
    st.integers(0, 191),
    WORD.filter(lambda word: word != "1"),
    WORD,
    st.text(st.characters(min_codepoint=32, max_codepoint=126)).map(str.strip),
)
def test_parse_gives_back_what_ipxe_was_given(pri, host, app, text):
    message = parse(f"<{pri}>{host} {app}: {text}".encode())
    assert (message.facility * 8 + message.severity, message.hostname, message.app_name) == (pri, host, app)
    assert message.text == text


VALUE = st.text(max_size=20)


@given(st.integers(0, 191), WORD.filter(lambda word: word != "-"), WORD.filter(lambda word: word != "-"), VALUE, VALUE)
def test_parse_gives_back_what_rfc_5424_was_given(pri, host, app, value, text):
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
    message = parse(f'<{pri}>1 2003-10-11T22:14:15Z {host} {app} - - [a@1 b="{escaped}"] ok{text}'.encode())
    assert (message.facility * 8 + message.severity, message.hostname, message.app_name) == (pri, host, app)
    assert message.text.startswith("ok")
