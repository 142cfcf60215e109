// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// DHCP load, as relays pass on what PXE firmware of many machines asks. Every answer's content is checked.
//
//   gcc -O2 -o build/bench/dhcp_load tests/bench/load/dhcp_load.c
//   build/bench/dhcp_load --server 198.18.0.1 --relays 198.18.0.2,198.18.0.3 --machines 10000 --seconds 3
//
// Closed loop: --outstanding requests (64) are always on their way. --dora: whole exchanges instead of OFFERs.
// Open loop: --rate 2456 sends so many DISCOVERs a second, whatever comes back, and counts a latency from the moment
// when its packet was due. --unknown-rate 10000 adds those of machines that nobody knows, which nobody may answer.
// --once: each machine asks once, then it ends, after --seconds at the latest.
// --network: see load.h. --boot-file: what option 67 or the field `file` must end with, in a directory or not;
// --no-boot-file: neither is looked at. --next-server: what siaddr must be. --port and --relay-port are for servers that
// are not on 67.
// Prints a line before what counts begins, "go", then one JSON object: `done` OFFERs or exchanges, `failures` are lost
// within --patience seconds (1) or wrong. Exit status 1 where nothing was answered in a closed
// loop.
#define _GNU_SOURCE
#include "load.h"

#include <poll.h>
#include <sys/socket.h>

#define SLOTS 65536
#define BATCH 64
#define MAX_RELAYS 16
#define ROOM 1500
#define OUTSTANDING_LIMIT 4096

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK };
enum { FREE, AWAITS_OFFER, AWAITS_ACK };

struct slot {
    uint64_t began, sent;
    uint32_t machine, generation, next;
    uint8_t state, relay, counts;
};

static struct slot slots[SLOTS];
static uint32_t first_free = 0;
static uint32_t outstanding = 64, machines = 10000, network, server, next_server, port = 67, relay_port = 67;
static const char *boot_file = "";
static int whole_exchange, no_boot_file, once, relays;
static uint32_t relay_addresses[MAX_RELAYS];
static int sockets[MAX_RELAYS];
static double patience = 1.0, rate, unknown_rate;
static struct latencies latencies;
static struct turns turns;
static uint64_t done, lost, wrong, strangers_answered, busy, late_answers;

// What is to be sent, by relay.
static struct queue {
    struct mmsghdr messages[BATCH];
    struct iovec vectors[BATCH];
    uint8_t packets[BATCH][ROOM];
    unsigned count;
} queues[MAX_RELAYS];

static void flush(int relay)
{
    struct queue *queue = &queues[relay];
    for (unsigned sent = 0; sent < queue->count;) {
        int count = sendmmsg(sockets[relay], queue->messages + sent, queue->count - sent, 0);
        if (count < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED)
            die("cannot send: %s", strerror(errno));
        sent += count > 0 ? (unsigned)count : 0;
    }
    queue->count = 0;
}

static uint8_t *put(uint8_t *at, uint8_t code, uint8_t length, const void *value)
{
    *at++ = code;
    *at++ = length;
    memcpy(at, value, length);
    return at + length;
}

// Queue a message of the machine with these three last octets; `address` and `identifier` are of a REQUEST.
static void ask(int relay, uint8_t type, uint32_t xid, uint8_t oui, uint32_t machine, uint32_t address,
                uint32_t identifier)
{
    static const uint8_t wanted[] = {1,  2,  3,  4,  5,  6,   12,  13,  15,  17,  18,  22,  23,  28,  40,  41,  42, 43,
                                     50, 51, 54, 58, 59, 60,  66,  67,  97,  128, 129, 130, 131, 132, 133, 134, 135};
    static const uint8_t bare[] = {1, 1, 6, 1}, undi[] = {1, 3, 16}, arch[] = {0, 7}, size[] = {5, 192};
    struct queue *queue = &queues[relay];
    if (queue->count == BATCH)
        flush(relay);
    uint8_t *packet = queue->packets[queue->count], mac[] = {2, oui, 0, machine >> 16, machine >> 8, machine};
    memset(packet, 0, 240);
    memcpy(packet, bare, 4); // BOOTREQUEST, Ethernet, one hop
    memcpy(packet + 4, &xid, 4);
    memcpy(packet + 24, &relay_addresses[relay], 4);
    memcpy(packet + 28, mac, 6);
    memcpy(packet + 236, "\x63\x82\x53\x63", 4);
    uint8_t *at = put(packet + 240, 53, 1, &type), uuid[17] = {0};
    memcpy(uuid + 11, mac, 6);
    at = put(at, 57, 2, size);
    if (type == REQUEST) {
        at = put(at, 50, 4, &address);
        at = put(at, 54, 4, &identifier);
    }
    at = put(at, 55, sizeof wanted, wanted);
    at = put(at, 97, 17, uuid);
    at = put(at, 94, 3, undi);
    at = put(at, 93, 2, arch);
    at = put(at, 60, 32, "PXEClient:Arch:00007:UNDI:003016");
    *at++ = 255;
    queue->vectors[queue->count].iov_len = (size_t)(at - packet);
    queue->count++;
}

static void begin_exchange(uint64_t due, int counts)
{
    if (first_free == SLOTS) { // far too late already: what can't be asked is lost
        lost += (uint64_t)counts;
        return;
    }
    uint32_t number = first_free;
    struct slot *slot = &slots[number];
    first_free = slot->next;
    slot->generation = (slot->generation + 1) & 0x7fff;
    slot->machine = next_turn(&turns);
    slot->relay = (uint8_t)(slot->machine % (uint32_t)relays);
    slot->state = AWAITS_OFFER;
    slot->counts = (uint8_t)counts;
    slot->began = due;
    slot->sent = now_ns();
    busy++;
    ask(slot->relay, DISCOVER, slot->generation << 16 | number, 0, slot->machine, 0, 0);
}

static void end_exchange(struct slot *slot)
{
    slot->state = FREE;
    slot->next = first_free;
    first_free = (uint32_t)(slot - slots);
    busy--;
}

struct answer {
    const uint8_t *file;
    uint32_t identifier;
    size_t file_length;
    uint8_t type;
};

// Read the options of an answer; returns what is wrong with them, NULL where nothing is.
static const char *read_options(const uint8_t *packet, size_t length, struct answer *answer)
{
    *answer = (struct answer){.file = packet + 108, .file_length = strnlen((const char *)packet + 108, 128)};
    for (size_t at = 240; at < length && packet[at] != 255;) {
        if (packet[at] == 0) {
            at++;
            continue;
        }
        if (at + 2 > length || at + 2 + packet[at + 1] > length)
            return "options that are cut off";
        const uint8_t *value = packet + at + 2;
        uint8_t size = packet[at + 1];
        if (packet[at] == 53 && size == 1)
            answer->type = *value;
        else if (packet[at] == 54 && size == 4)
            memcpy(&answer->identifier, value, 4);
        else if (packet[at] == 67) {
            answer->file = value;
            answer->file_length = strnlen((const char *)value, size);
        }
        at += 2u + size;
    }
    return NULL;
}

// What is wrong with the answer to a slot's question, NULL where nothing is.
static const char *fault_of(const struct slot *slot, const uint8_t *packet, size_t length, struct answer *answer)
{
    uint32_t yiaddr, siaddr, wanted = address_of_machine(network, slot->machine);
    uint8_t mac[] = {2, 0, 0, slot->machine >> 16, slot->machine >> 8, slot->machine};
    const char *fault = read_options(packet, length, answer);
    if (fault)
        return fault;
    memcpy(&yiaddr, packet + 16, 4);
    memcpy(&siaddr, packet + 20, 4);
    if (memcmp(packet + 28, mac, 6))
        return "another MAC";
    if (answer->type != (slot->state == AWAITS_OFFER ? OFFER : ACK))
        return "another message type";
    if (yiaddr != wanted)
        return "another address";
    if (memcmp(packet + 24, &relay_addresses[slot->relay], 4))
        return "another giaddr";
    if (!answer->identifier)
        return "no server identifier";
    if (next_server && siaddr != next_server)
        return "another next server";
    if (no_boot_file)
        return NULL;
    if (!answer->file_length)
        return "no boot file";
    size_t size = strlen(boot_file);
    if (answer->file_length < size || memcmp(answer->file + answer->file_length - size, boot_file, size))
        return "another boot file";
    return NULL;
}

// Take an answer; returns whether its exchange is at an end.
static int take(const uint8_t *packet, size_t length, uint64_t now)
{
    struct answer answer;
    uint32_t xid;
    if (length < 241 || packet[0] != 2 || memcmp(packet + 236, "\x63\x82\x53\x63", 4)) {
        wrong++;
        complain("what came is no DHCP reply");
        return 0;
    }
    if (packet[29] == 0xff) {
        strangers_answered++;
        return 0;
    }
    memcpy(&xid, packet + 4, 4);
    struct slot *slot = &slots[xid & 0xffff];
    if (slot->state == FREE || slot->generation != xid >> 16) {
        late_answers++; // after our patience, or twice
        return 0;
    }
    const char *fault = fault_of(slot, packet, length, &answer);
    if (fault) {
        complain("machine %u was answered with %s", slot->machine, fault);
        wrong += slot->counts;
    } else if (whole_exchange && slot->state == AWAITS_OFFER) {
        slot->state = AWAITS_ACK;
        ask(slot->relay, REQUEST, xid, 0, slot->machine, address_of_machine(network, slot->machine), answer.identifier);
        return 0;
    } else if (slot->counts) {
        done++;
        add_latency(&latencies, now - slot->began);
    }
    end_exchange(slot);
    return 1;
}

static int receive(int relay)
{
    static uint8_t packets[BATCH][ROOM];
    static struct mmsghdr messages[BATCH];
    static struct iovec vectors[BATCH];
    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){packets[i], ROOM};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int ended = 0, count = recvmmsg(sockets[relay], messages, BATCH, MSG_DONTWAIT, NULL);
    uint64_t now = now_ns();
    for (int i = 0; i < count; i++)
        ended += take(packets[i], messages[i].msg_len, now);
    return ended;
}

static void give_up(uint64_t now)
{
    for (uint32_t number = 0; number < SLOTS; number++) {
        struct slot *slot = &slots[number];
        if (slot->state != FREE && now > slot->sent + ns_of(patience)) {
            lost += slot->counts;
            end_exchange(slot);
        }
    }
}

static void open_relay(int relay)
{
    int size = 8 << 20;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)relay_port)};
    struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {server}};
    static struct sockaddr_in to;
    to = other;
    own.sin_addr.s_addr = relay_addresses[relay];
    int sock = sockets[relay] = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    if (sock < 0 || bind(sock, (struct sockaddr *)&own, sizeof own))
        die("cannot be a relay: %s", strerror(errno));
    for (int i = 0; i < BATCH; i++) {
        queues[relay].vectors[i].iov_base = queues[relay].packets[i];
        queues[relay].messages[i].msg_hdr = (struct msghdr){
            .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &queues[relay].vectors[i], .msg_iovlen = 1};
    }
}

// Send what is due at a rate; returns how many have been sent since `began`.
static uint64_t send_due(uint64_t began, uint64_t now, double a_second, uint64_t sent, int known, uint64_t counted_from)
{
    uint64_t due = a_second > 0 ? (uint64_t)((double)(now - began) / 1e9 * a_second) : 0;
    for (; sent < due; sent++) {
        uint64_t moment = began + (uint64_t)((double)(sent + 1) / a_second * 1e9);
        uint32_t stranger = random_number();
        if (known)
            begin_exchange(moment, moment >= counted_from);
        else
            ask((int)(stranger >> 8) % relays, DISCOVER, stranger, 0xff, stranger, 0, 0);
    }
    return sent;
}

static void receive_all(struct pollfd *polled, int milliseconds)
{
    if (poll(polled, (nfds_t)relays, milliseconds) > 0)
        for (int relay = 0; relay < relays; relay++)
            if (polled[relay].revents)
                receive(relay);
}

// Returns the seconds that what counts took.
static double run(double warm_up, double seconds)
{
    struct pollfd polled[MAX_RELAYS];
    for (int relay = 0; relay < relays; relay++)
        polled[relay] = (struct pollfd){.fd = sockets[relay], .events = POLLIN};
    uint64_t began = now_ns(), counted_from = began + ns_of(warm_up), ends = counted_from + ns_of(seconds);
    uint64_t looked = began, known_sent = 0, strangers_sent = 0, now, left = once ? machines : UINT64_MAX;
    int gone = 0;
    for (now = began; now < ends && (left || busy); now = now_ns()) {
        if (!gone && now >= counted_from) {
            printf("go\n");
            fflush(stdout);
            gone = 1;
        }
        if (rate > 0)
            known_sent = send_due(began, now, rate, known_sent, 1, counted_from);
        else
            for (; busy < outstanding && left; left--)
                begin_exchange(now, now >= counted_from);
        strangers_sent = send_due(began, now, unknown_rate, strangers_sent, 0, 0);
        for (int relay = 0; relay < relays; relay++)
            flush(relay);
        // With a fixed rate it looks again and again, so that what is due leaves in time.
        receive_all(polled, rate > 0 || unknown_rate > 0 ? 0 : 10);
        if (now - looked > 20000000) {
            give_up(now);
            looked = now;
        }
    }
    // What was sent at a rate counts, answered or not: the last ones have their time too.
    for (uint64_t later = now; rate > 0 && busy && later < ends + 2 * ns_of(patience); later = now_ns()) {
        receive_all(polled, 10);
        give_up(later);
    }
    return (double)(now - counted_from) / 1e9;
}

int main(int argc, char **argv)
{
    double seconds = 3, warm_up = 0.5;
    uint32_t first = address_of("198.18.100.0");
    const char *all_relays = "";
    const struct argument known[] = {
        {"--server", ADDRESS, &server},          {"--relays", TEXT, &all_relays},
        {"--network", ADDRESS, &first},          {"--machines", NUMBER, &machines},
        {"--outstanding", NUMBER, &outstanding}, {"--dora", FLAG, &whole_exchange},
        {"--rate", REAL, &rate},                 {"--unknown-rate", REAL, &unknown_rate},
        {"--seconds", REAL, &seconds},           {"--warm-up", REAL, &warm_up},
        {"--patience", REAL, &patience},         {"--boot-file", TEXT, &boot_file},
        {"--no-boot-file", FLAG, &no_boot_file}, {"--next-server", ADDRESS, &next_server},
        {"--port", NUMBER, &port},               {"--relay-port", NUMBER, &relay_port},
        {"--once", FLAG, &once},                 {NULL, FLAG, NULL},
    };
    read_arguments(argc, argv, known);
    network = ntohl(first);
    for (char *word = strtok(strdup(all_relays), ","); word && relays < MAX_RELAYS; word = strtok(NULL, ","))
        relay_addresses[relays++] = address_of(word);
    if (!server || !relays || !machines || !outstanding || outstanding > OUTSTANDING_LIMIT)
        die("usage: dhcp_load --server IP --relays IP,... [--machines N] and what stands in its source");
    for (uint32_t number = 0; number < SLOTS; number++)
        slots[number].next = number + 1;
    begin_turns(&turns, machines);
    for (int relay = 0; relay < relays; relay++)
        open_relay(relay);
    seconds = run(once ? 0 : warm_up, seconds);
    give_up(now_ns()); // of a closed loop, those still on their way are neither answered nor lost
    printf("{\"seconds\": %.3f, \"done\": %lu, \"per_second\": %.1f, \"failures\": %lu, \"lost\": %lu, \"wrong\": %lu, "
           "\"strangers_answered\": %lu, \"late\": %lu",
           seconds, done, (double)done / seconds, lost + wrong + strangers_answered, lost, wrong, strangers_answered,
           late_answers);
    print_latencies(&latencies);
    printf("}\n");
    return done || rate > 0 ? 0 : 1;
}
