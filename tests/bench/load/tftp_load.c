// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// TFTP load: many clients, each at its own address, fetch a file again and again. Every octet is compared.
//
//   gcc -O2 -o build/bench/tftp_load tests/bench/load/tftp_load.c
//   build/bench/tftp_load --server 198.18.0.1 --file boot/snponly.efi --name snponly.efi --clients 100 --window 4
//
// --file is a copy to compare with, --name what is asked for; with --mac-names the machine's MAC and a slash before it,
// as bootd hands names out. --window: RFC 7440, 1 asks for none; a server that does not grant it is an error.
// --block-size (1468), --seconds (3), --warm-up (0.5), --patience (5, for a transfer that stands still), --port (69).
// --network and the clients' addresses: see load.h; --at-any-address has the system choose one, for a server elsewhere.
// --once: each client fetches once and it ends when all have; --seconds is then the most that it takes.
// Prints "go" when what counts begins, then one JSON object: `done` is MB (10^6 octets) of file received, `transfers`
// those that were whole, latencies are theirs from request to last block, `failures` are errors, wrong octets and
// transfers without progress, `without` the clients that finished none. Exit status 1 where nothing was received.
#define _GNU_SOURCE
#include "load.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH 32
#define ROOM 65536
#define MAX_CLIENTS 4096
#define RESEND_NS 1000000000u

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

struct client {
    int sock, is_connected, is_done;
    uint32_t address, number;
    uint64_t began, heard, sent, received; // `received` octets are the file's
    uint32_t block, unacknowledged, block_size, window, transfers;
    uint8_t last[600];
    size_t last_length;
};

static struct client clients[MAX_CLIENTS];
static const uint8_t *content;
static size_t size;
static const char *name = "";
static int mac_names, any_address, once, poller;
static uint32_t server, network, wanted_block = 1468, wanted_window = 1, port = 69;
static double patience = 5;
static uint64_t octets, transfers, failures, resent, counted_from, finished;
static struct latencies latencies;

static void send_last(struct client *client)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {server}};
    client->sent = now_ns();
    if (client->is_connected)
        send(client->sock, client->last, client->last_length, 0);
    else
        sendto(client->sock, client->last, client->last_length, 0, (struct sockaddr *)&to, sizeof to);
}

static void acknowledge(struct client *client)
{
    uint8_t packet[] = {0, ACK, (uint8_t)(client->block >> 8), (uint8_t)client->block};
    memcpy(client->last, packet, client->last_length = sizeof packet);
    client->unacknowledged = 0;
    send_last(client);
}

static size_t word(uint8_t *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf((char *)at, 200, format, arguments);
    va_end(arguments);
    return (size_t)length + 1;
}

static void begin(struct client *client)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {any_address ? 0 : client->address}};
    int room = 1 << 20;
    uint32_t number = client->number;
    client->sock = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (client->sock < 0 || bind(client->sock, (struct sockaddr *)&own, sizeof own))
        die("cannot be a client: %s", strerror(errno));
    setsockopt(client->sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    epoll_ctl(poller, EPOLL_CTL_ADD, client->sock, &event);
    client->is_connected = 0;
    client->block = client->unacknowledged = 0;
    client->received = 0;
    client->block_size = 512;
    client->window = 1;
    client->began = client->heard = now_ns();
    uint8_t *at = client->last;
    *at++ = 0;
    *at++ = RRQ;
    if (mac_names)
        at += word(at, "02-00-00-%02x-%02x-%02x/%s", number >> 16 & 255, number >> 8 & 255, number & 255, name);
    else
        at += word(at, "%s", name);
    at += word(at, "octet");
    at += word(at, "tsize");
    at += word(at, "0");
    at += word(at, "blksize");
    at += word(at, "%u", wanted_block);
    if (wanted_window > 1) {
        at += word(at, "windowsize");
        at += word(at, "%u", wanted_window);
    }
    client->last_length = (size_t)(at - client->last);
    send_last(client);
}

static void end(struct client *client, const char *fault)
{
    if (fault) {
        uint8_t packet[] = {0, ERROR, 0, 0, 0};
        complain("client %u: %s after block %u", client->number, fault, client->block);
        failures += now_ns() >= counted_from;
        if (client->is_connected)
            send(client->sock, packet, sizeof packet, 0);
    } else if (now_ns() >= counted_from) {
        transfers++;
        client->transfers++;
        add_latency(&latencies, now_ns() - client->began);
    }
    close(client->sock);
    if (once) {
        client->is_done = 1;
        finished++;
    } else
        begin(client);
}

// Read the options that were granted; returns what is wrong with them, NULL where nothing is.
static const char *take_options(struct client *client, const char *at, const char *ends)
{
    while (at < ends) {
        const char *option = at, *value = at + strnlen(at, (size_t)(ends - at)) + 1;
        if (value >= ends)
            return "options that are cut off";
        unsigned number = (unsigned)strtoul(value, NULL, 10);
        if (!strcasecmp(option, "blksize"))
            client->block_size = number;
        else if (!strcasecmp(option, "windowsize"))
            client->window = number;
        else if (!strcasecmp(option, "tsize") && number != size)
            return "another size";
        at = value + strnlen(value, (size_t)(ends - value)) + 1;
    }
    if (client->block_size != wanted_block || client->window != wanted_window)
        return "options that were not asked for";
    return NULL;
}

// Take a packet; returns 0 where the client has nothing more to hear on this socket.
static int take(struct client *client, const uint8_t *packet, size_t length, uint64_t now)
{
    const char *fault = NULL;
    if (length < 4 || packet[0])
        fault = "no TFTP packet";
    else if (packet[1] == ERROR)
        fault = length > 4 ? (const char *)packet + 4 : "an error";
    else if (packet[1] == OACK && client->block == 0) {
        if (!(fault = take_options(client, (const char *)packet + 2, (const char *)packet + length)))
            acknowledge(client);
    } else if (packet[1] == DATA) {
        uint32_t block = (uint32_t)(packet[2] << 8 | packet[3]), next = (client->block + 1) & 0xffff;
        size_t payload = length - 4;
        if (block != next) { // lost or doubled (RFC 7440 section 4): say once where to go on
            if (client->unacknowledged)
                acknowledge(client);
            return 1;
        }
        if (client->received + payload > size || payload > client->block_size ||
            memcmp(content + client->received, packet + 4, payload))
            fault = "other octets than the file's";
        else {
            client->block = next;
            client->received += payload;
            client->heard = now;
            if (now >= counted_from)
                octets += payload;
            int is_last = payload < client->block_size;
            if (++client->unacknowledged >= client->window || is_last)
                acknowledge(client);
            if (!is_last)
                return 1;
            end(client, client->received == size ? NULL : "too few octets");
            return 0;
        }
    }
    if (fault) {
        end(client, fault);
        return 0;
    }
    return 1;
}

static void receive(struct client *client)
{
    static uint8_t packets[BATCH][ROOM];
    static struct mmsghdr messages[BATCH];
    static struct iovec vectors[BATCH];
    static struct sockaddr_in sources[BATCH];
    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){packets[i], ROOM - 1};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &sources[i], .msg_namelen = sizeof *sources, .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(client->sock, messages, BATCH, 0, NULL);
    uint64_t now = now_ns();
    if (count < 0 && errno != EAGAIN) {
        end(client, strerror(errno));
        return;
    }
    for (int i = 0; i < count; i++) {
        if (!client->is_connected) { // its port from now on is the transfer's (RFC 1350 section 4)
            connect(client->sock, (struct sockaddr *)&sources[i], sizeof sources[i]);
            client->is_connected = 1;
        }
        packets[i][messages[i].msg_len] = 0;
        if (!take(client, packets[i], messages[i].msg_len, now))
            return;
    }
}

static void look_after(uint32_t count, uint64_t now)
{
    for (uint32_t number = 0; number < count; number++) {
        struct client *client = &clients[number];
        if (client->is_done)
            continue;
        if (now > client->heard + ns_of(patience))
            end(client, "no progress");
        else if (now > client->sent + RESEND_NS && now > client->heard + RESEND_NS) {
            resent++;
            send_last(client);
        }
    }
}

static double run(uint32_t count, double warm_up, double seconds)
{
    struct epoll_event events[256];
    uint64_t began = now_ns(), looked = began, ends, now;
    counted_from = began + ns_of(once ? 0 : warm_up);
    ends = counted_from + ns_of(seconds);
    int gone = 0;
    for (uint32_t number = 0; number < count; number++) {
        clients[number].number = number;
        clients[number].address = address_of_machine(network, number);
        begin(&clients[number]);
    }
    for (now = began; now < ends && finished < count; now = now_ns()) {
        if (!gone && now >= counted_from) {
            printf("go\n");
            fflush(stdout);
            gone = 1;
        }
        int ready = epoll_wait(poller, events, 256, 10);
        for (int i = 0; i < ready; i++)
            receive(events[i].data.ptr);
        if (now > looked + 50000000) {
            look_after(count, now);
            looked = now;
        }
    }
    once = 1; // no more begin
    for (uint32_t number = 0; number < count; number++)
        if (!clients[number].is_done && clients[number].is_connected) {
            uint8_t packet[] = {0, ERROR, 0, 0, 'e', 'n', 'd', 0};
            send(clients[number].sock, packet, sizeof packet, 0);
        }
    return (double)(now - counted_from) / 1e9;
}

int main(int argc, char **argv)
{
    double seconds = 3, warm_up = 0.5;
    uint32_t count = 100;
    const char *file = NULL;
    uint32_t first = address_of("198.18.100.0");
    const struct argument known[] = {
        {"--server", ADDRESS, &server},      {"--file", TEXT, &file},
        {"--name", TEXT, &name},             {"--mac-names", FLAG, &mac_names},
        {"--network", ADDRESS, &first},      {"--at-any-address", FLAG, &any_address},
        {"--clients", NUMBER, &count},       {"--once", FLAG, &once},
        {"--window", NUMBER, &wanted_window}, {"--block-size", NUMBER, &wanted_block},
        {"--seconds", REAL, &seconds},       {"--warm-up", REAL, &warm_up},
        {"--patience", REAL, &patience},     {"--port", NUMBER, &port},
        {NULL, FLAG, NULL},
    };
    read_arguments(argc, argv, known);
    network = ntohl(first);
    if (!server || !file || !*name || !count || count > MAX_CLIENTS)
        die("usage: tftp_load --server IP --file COPY --name NAME and what stands in its source");
    struct stat status;
    int opened = open(file, O_RDONLY);
    if (opened < 0 || fstat(opened, &status) || !status.st_size)
        die("%s: %s", file, strerror(errno));
    size = (size_t)status.st_size;
    content = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, opened, 0);
    poller = epoll_create1(0);
    double took = run(count, warm_up, seconds);
    uint32_t without = 0;
    for (uint32_t number = 0; number < count; number++)
        without += clients[number].transfers == 0;
    printf("{\"seconds\": %.3f, \"done\": %.3f, \"per_second\": %.2f, \"transfers\": %lu, \"failures\": %lu, "
           "\"resent\": %lu, \"without\": %u",
           took, (double)octets / 1e6, (double)octets / 1e6 / took, transfers, failures, resent, without);
    print_latencies(&latencies);
    printf("}\n");
    return octets ? 0 : 1;
}
