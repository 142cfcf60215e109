/* SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DHCP of machines without an address: frames with their own MAC, or messages that a relay has passed on.
 */
#include "storm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE 240 /* octets before the options (RFC 2131 section 2, with the magic cookie) */
#define FRAME 42    /* octets of Ethernet, IP and UDP */
#define NUMBER_BITS 20

int broadcast_fd = -1, relay_fd = -1;
static struct sockaddr_ll on_link;

static void must(int failed, const char *what) {
    if (failed)
        perror(what), exit(1);
}

static void to_port_68_only(int fd) {
    struct sock_filter code[] = {
        {BPF_LD | BPF_B | BPF_ABS, 0, 0, 23},                /* protocol of IP */
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 4, IPPROTO_UDP},      /**/
        {BPF_LDX | BPF_B | BPF_MSH, 0, 0, 14},               /* length of IP's header */
        {BPF_LD | BPF_H | BPF_IND, 0, 0, 16},                /* destination port */
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 68},               /**/
        {BPF_RET | BPF_K, 0, 0, 65535},                      /**/
        {BPF_RET | BPF_K, 0, 0, 0},
    };
    struct sock_fprog program = {sizeof(code) / sizeof(*code), code};
    must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), "SO_ATTACH_FILTER");
}

void dhcp_open(const char *interface) {
    int room = 8 << 20;
    uint32_t relay = 0;
    broadcast_fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_IP));
    must(broadcast_fd < 0, "a packet socket");
    to_port_68_only(broadcast_fd);
    on_link = (struct sockaddr_ll){.sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_IP),
                                   .sll_ifindex = if_nametoindex(interface),
                                   .sll_halen = 6,
                                   .sll_addr = {255, 255, 255, 255, 255, 255}};
    must(bind(broadcast_fd, (struct sockaddr *)&on_link, sizeof(on_link)), interface);
    setsockopt(broadcast_fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    watch(broadcast_fd, NULL, EPOLLIN, 1);
    for (int number = 0; number < machine_count && !relay; number++)
        relay = machines[number].relay;
    if (relay) {
        struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(67), .sin_addr.s_addr = relay};
        relay_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        must(relay_fd < 0 || bind(relay_fd, (struct sockaddr *)&own, sizeof(own)), "the relay's port 67");
        setsockopt(relay_fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
        watch(relay_fd, NULL, EPOLLIN, 1);
    }
}

static unsigned char *option(unsigned char *end, int code, const void *value, int length) {
    *end++ = code;
    *end++ = length;
    memcpy(end, value, length);
    return end + length;
}

static size_t message_of(const struct machine *machine, unsigned char *message) {
    int ipxe = machine->step >= IPXE_DISCOVER;
    int asks_for_lease = machine->step == FIRMWARE_REQUEST || machine->step == IPXE_REQUEST;
    uint32_t xid = htonl(machine->xid);
    unsigned char kind = asks_for_lease ? 3 : 1;
    unsigned char uuid[17] = {0}, *end = message + MESSAGE;
    /* Those of iPXE: version, and that it loads by HTTP. */
    static const unsigned char features[] = {235, 3, 1, 0, 0, 19, 1, 1, 24, 1, 1, 23, 1, 1};
    static const unsigned char wanted[] = {1,  2,  3,  4,  5,  6,  12, 13, 15, 17, 18, 22, 23, 28,  40,  41,  42, 43,
                                           50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133, 134, 135};
    memset(message, 0, MESSAGE);
    message[0] = 1, message[1] = 1, message[2] = 6, message[3] = machine->relay != 0;
    memcpy(message + 4, &xid, 4);
    message[10] = machine->relay ? 0 : 0x80; /* it can't be reached by address yet (RFC 2131 section 4.1) */
    memcpy(message + 24, &machine->relay, 4);
    memcpy(message + 28, machine->mac, 6);
    memcpy(message + 236, "\x63\x82\x53\x63", 4);
    memcpy(uuid + 11, machine->mac, 6);
    end = option(end, 53, &kind, 1);
    end = option(end, 57, "\x05\xc0", 2);
    end = option(end, 55, wanted, sizeof(wanted));
    end = option(end, 60, "PXEClient:Arch:00007:UNDI:003016", 32);
    end = option(end, 93, "\0\7", 2);
    end = option(end, 94, "\1\3\x10", 3);
    end = option(end, 97, uuid, 17);
    if (ipxe) {
        end = option(end, 77, "iPXE", 4);
        end = option(end, 175, features, sizeof(features));
    }
    if (asks_for_lease) {
        end = option(end, 50, &machine->address, 4);
        end = option(end, 54, &server_address, 4);
    }
    *end++ = 255;
    return end - message;
}

static uint16_t checksum_of(const unsigned char *header) {
    uint32_t sum = 0;
    for (int place = 0; place < 20; place += 2)
        sum += header[place] << 8 | header[place + 1];
    return htons(~((sum & 0xffff) + (sum >> 16)));
}

static void broadcast(const struct machine *machine, unsigned char *frame, size_t length) {
    uint16_t whole = htons(length + 28), datagram = htons(length + 8), checksum;
    memset(frame, 255, 6);
    memcpy(frame + 6, machine->mac, 6);
    memcpy(frame + 12, "\x08\0\x45\0", 4);
    memcpy(frame + 16, &whole, 2);
    memcpy(frame + 18, "\0\0\0\0\x40\x11\0\0\0\0\0\0\xff\xff\xff\xff\0\x44\0\x43", 20);
    memcpy(frame + 38, &datagram, 2);
    memset(frame + 40, 0, 2); /* no checksum (RFC 768) */
    checksum = checksum_of(frame + 14);
    memcpy(frame + 24, &checksum, 2);
    sendto(broadcast_fd, frame, FRAME + length, 0, (struct sockaddr *)&on_link, sizeof(on_link));
}

void dhcp_ask(struct machine *machine) {
    unsigned char frame[1500];
    if ((machine->step == FIRMWARE_DISCOVER || machine->step == IPXE_DISCOVER) && !machine->tries)
        machine->xid = (uint32_t)rand() << NUMBER_BITS | (machine - machines);
    size_t length = message_of(machine, frame + FRAME);
    if (machine->relay) {
        struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(67), .sin_addr.s_addr = server_address};
        sendto(relay_fd, frame + FRAME, length, 0, (struct sockaddr *)&server, sizeof(server));
    } else {
        broadcast(machine, frame, length);
    }
    machine->retry_at = now() + machine->pause;
}

static const unsigned char *find(const unsigned char *message, size_t length, int code, int *size) {
    for (size_t place = MESSAGE; place + 1 < length && message[place] != 255;) {
        if (!message[place]) {
            place++;
            continue;
        }
        if (place + 2 + message[place + 1] > length)
            return NULL;
        if (message[place] == code) {
            *size = message[place + 1];
            return message + place + 2;
        }
        place += 2 + message[place + 1];
    }
    return NULL;
}

static int names(const char *wanted, const unsigned char *text, size_t room) {
    size_t length = strlen(wanted);
    return length <= room && !memcmp(text, wanted, length) && (length == room || !text[length]);
}

static const char *wrong_in(const struct machine *machine, const unsigned char *message, size_t length) {
    int size = 0;
    int is_offer = machine->step == FIRMWARE_DISCOVER || machine->step == IPXE_DISCOVER;
    const unsigned char *kind = find(message, length, 53, &size);
    const char *file = machine->step < IPXE_DISCOVER ? machine->boot_file : machine->script_url;
    if (!kind || size != 1 || *kind != (is_offer ? 2 : 5))
        return "another kind of answer";
    if (memcmp(message + 16, &machine->address, 4))
        return "another address";
    const unsigned char *server = find(message, length, 54, &size);
    if (!server || size != 4 || memcmp(server, &server_address, 4))
        return "another server identifier";
    const unsigned char *mask = find(message, length, 1, &size);
    if (!mask || size != 4)
        return "no netmask";
    const unsigned char *name = find(message, length, 67, &size);
    if (!(name ? names(file, name, size) : names(file, message + 108, 128)))
        return "another boot file";
    return NULL;
}

static void take(const unsigned char *message, size_t length) {
    uint32_t xid;
    if (length < MESSAGE || message[0] != 2)
        return;
    memcpy(&xid, message + 4, 4);
    xid = ntohl(xid);
    unsigned int number = xid & ((1u << NUMBER_BITS) - 1);
    struct machine *machine = &machines[number];
    if ((int)number >= machine_count || machine->xid != xid || memcmp(message + 28, machine->mac, 6))
        return;
    int size = 0;
    const unsigned char *kind = find(message, length, 53, &size);
    int asks = machine->step == FIRMWARE_REQUEST || machine->step == IPXE_REQUEST;
    if (asks && kind && *kind == 2)
        return; /* the answer to a DISCOVER that was sent again */
    if (!asks && machine->step != FIRMWARE_DISCOVER && machine->step != IPXE_DISCOVER)
        return;
    const char *wrong = wrong_in(machine, message, length);
    if (wrong) {
        fail(machine, wrong);
        return;
    }
    note(T_DHCP, machine->asked);
    advance(machine);
}

void dhcp_read(void) {
    unsigned char frame[2048];
    ssize_t length;
    while ((length = recv(broadcast_fd, frame, sizeof(frame), 0)) > 0)
        if (length > FRAME && (frame[14] & 15) == 5)
            take(frame + FRAME, length - FRAME);
    while (relay_fd >= 0 && (length = recv(relay_fd, frame, sizeof(frame), 0)) > 0)
        take(frame, length);
}
