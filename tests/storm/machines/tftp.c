/* SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TFTP as iPXE's ROM (no window) and edk2 (window 4, the size asked for first) speak it: RFC 1350, 2347, 2348, 7440.
 */
#include "storm.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

static void send_last(struct machine *machine) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_addr.s_addr = server_address};
    server.sin_port = machine->peer_port ? machine->peer_port : htons(69);
    sendto(machine->fd, machine->last, machine->last_length, 0, (struct sockaddr *)&server, sizeof(server));
    machine->retry_at = now() + machine->pause;
}

static void add(struct machine *machine, const char *text) {
    size_t length = strlen(text) + 1;
    memcpy(machine->last + machine->last_length, text, length);
    machine->last_length += length;
}

void tftp_ask(struct machine *machine) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = machine->address};
    machine->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (machine->fd < 0 || bind(machine->fd, (struct sockaddr *)&own, sizeof(own)))
        perror("a socket for TFTP"), exit(1);
    watch(machine->fd, machine, EPOLLIN, 1);
    machine->peer_port = 0;
    machine->expected = 1;
    machine->unacknowledged = machine->received = 0;
    machine->block_size = 512;
    machine->taken_window = 1;
    machine->gap_told = machine->timing_block = 0;
    memcpy(machine->last, "\0\1", 2);
    machine->last_length = 2;
    add(machine, machine->boot_file);
    add(machine, "octet");
    if (machine->window == 1) {
        add(machine, "blksize"), add(machine, "1432"), add(machine, "tsize"), add(machine, "0");
    } else {
        if (machine->step == TFTP_SIZE)
            add(machine, "tsize"), add(machine, "0");
        add(machine, "blksize"), add(machine, "1468");
        char window[12];
        snprintf(window, sizeof(window), "%d", machine->window);
        add(machine, "windowsize"), add(machine, window);
    }
    send_last(machine);
}

void tftp_again(struct machine *machine) { send_last(machine); }

static void acknowledge(struct machine *machine) {
    uint32_t block = machine->expected - 1;
    unsigned char packet[4] = {0, ACK, block >> 8 & 255, block & 255};
    memcpy(machine->last, packet, 4);
    machine->last_length = 4;
    machine->unacknowledged = 0;
    machine->asked = now();
    machine->timing_block = 1;
    machine->pause = 1;
    machine->tries = 0;
    send_last(machine);
}

static int take_options(struct machine *machine, char *text, char *end) {
    while (text < end) {
        char *name = text, *value = memchr(name, 0, end - name);
        if (!value || ++value >= end || !memchr(value, 0, end - value))
            return 0;
        if (!strcasecmp(name, "blksize"))
            machine->block_size = atoi(value);
        else if (!strcasecmp(name, "windowsize"))
            machine->taken_window = atoi(value);
        else if (!strcasecmp(name, "tsize") && strtoul(value, NULL, 10) != boot_file_size)
            return 0;
        text = value + strlen(value) + 1;
    }
    return machine->block_size >= 512 && machine->block_size <= 1468 && machine->taken_window >= 1 &&
           machine->taken_window <= machine->window;
}

static void finish(struct machine *machine) {
    forget(machine);
    if (machine->step == TFTP_FILE)
        note(T_BOOT_FILE, machine->step_began);
    advance(machine);
}

static void take_data(struct machine *machine, unsigned char *packet, size_t length) {
    uint16_t block = packet[2] << 8 | packet[3];
    if (block != (machine->expected & 65535)) {
        /* A block is missing: say once up to where all is there (RFC 7440 section 4). Old ones are left alone. */
        if ((uint16_t)(block - machine->expected) < 32768 && !machine->gap_told) {
            machine->gap_told = 1;
            acknowledge(machine);
        }
        return;
    }
    length -= 4;
    if (length > machine->block_size || !same_octets(packet + 4, length, machine->received)) {
        fail(machine, "another content");
        return;
    }
    if (machine->timing_block)
        note(T_TFTP_BLOCK, machine->asked);
    machine->timing_block = machine->gap_told = 0;
    machine->received += length;
    machine->expected++;
    int is_last = length < machine->block_size;
    if (is_last || ++machine->unacknowledged == (uint32_t)machine->taken_window)
        acknowledge(machine);
    if (is_last && machine->received != boot_file_size)
        fail(machine, "another length");
    else if (is_last)
        finish(machine);
}

void tftp_read(struct machine *machine) {
    unsigned char packet[2048];
    struct sockaddr_in from;
    socklen_t from_length = sizeof(from);
    enum step step = machine->step;
    ssize_t length;
    while (machine->step == step && machine->fd >= 0 &&
           (length = recvfrom(machine->fd, packet, sizeof(packet) - 1, 0, (struct sockaddr *)&from, &from_length)) >= 4) {
        if (from.sin_addr.s_addr != server_address || (machine->peer_port && from.sin_port != machine->peer_port))
            continue;
        if (!machine->peer_port) {
            machine->peer_port = from.sin_port;
            note(T_TFTP, machine->asked);
        }
        if (packet[1] == ERROR) {
            packet[length] = 0;
            fail(machine, (char *)packet + 4);
        } else if (packet[1] == DATA) {
            take_data(machine, packet, length);
        } else if (packet[1] == OACK && machine->expected == 1 && !machine->received) {
            if (!take_options(machine, (char *)packet + 2, (char *)packet + length)) {
                fail(machine, "options that were not asked for, or another size");
            } else if (machine->step == TFTP_SIZE) {
                memcpy(machine->last, "\0\5\0\10User aborted", 17);
                machine->last_length = 17;
                send_last(machine);
                finish(machine);
            } else {
                acknowledge(machine);
            }
        }
    }
}
