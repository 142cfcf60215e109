// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// HTTP load: the scripts of many machines over a number of connections, big files beside them, every answer checked.
//
//   gcc -O2 -o build/bench/http_load tests/bench/load/http_load.c
//   build/bench/http_load --server 198.18.0.1 --port 7080 --machines 10000 --connections 64 --path /%m/auto.ipxe
//   build/bench/http_load --server 198.18.0.1 --port 7080 --connections 0 --streams 4 --file /images/big --copy big
//
// %m in --path and --contains is the machine's MAC with dashes, %M with colons: each request is of another machine.
// A script must be answered with 200, begin with --begins (#!ipxe) and have --contains in it. Connections are kept;
// --own-addresses opens a new one for each request, from the machine's own address (see load.h).
// --once: each machine asks once, then it ends, after --seconds at the latest.
// --streams: so many connections download --file (a %d in it is the number of the stream) over and over; it is compared
// with --copy. --seconds (3), --warm-up (0.5), --patience (5).
// Prints "go" when what counts begins, then one JSON object: `done` are scripts, or GB (10^9 octets) where no script is
// asked for, latencies are the scripts', with the connection's where it is new; `failures` are wrong answers, closed
// connections and what took longer than our patience. Exit status 1 where nothing was answered.
#define _GNU_SOURCE
#include "load.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM 16384
#define PIECE (256 << 10)
#define MAX_CONNECTIONS 8192

enum { CLOSED, CONNECTING, WAITING, DONE };

struct connection {
    int sock, state, is_stream, counts;
    uint32_t machine, number;
    uint64_t began;
    size_t got, body, length; // `got` octets of a head, or of a script with its head; `body` and `length` of a file
    char buffer[ROOM];
};

static struct connection *connections;
static struct turns turns;
static struct latencies latencies;
static const char *path = "/%m/auto.ipxe", *contains = "", *begins = "#!ipxe", *file;
static const uint8_t *copy;
static size_t copy_size;
static uint32_t server, network, port = 80;
static int own_addresses, once, poller;
static double patience = 5;
static uint64_t asked, scripts, octets, files, failures, reopened, counted_from;

// Write `format` with %m and %M as the machine's MAC, %d as `number`.
static size_t fill(char *to, size_t room, const char *format, uint32_t machine, uint32_t number)
{
    size_t length = 0;
    for (; *format && length + 24 < room; format++) {
        if (*format != '%' || !format[1]) {
            to[length++] = *format;
            continue;
        }
        char between = *++format == 'm' ? '-' : ':';
        if (*format == 'd')
            length += (size_t)sprintf(to + length, "%u", number);
        else
            length += (size_t)sprintf(to + length, "02%c00%c00%c%02x%c%02x%c%02x", between, between, between,
                                      machine >> 16 & 255, between, machine >> 8 & 255, between, machine & 255);
    }
    to[length] = 0;
    return length;
}

static void watch(struct connection *one, uint32_t what, int how)
{
    struct epoll_event event = {.events = what, .data.ptr = one};
    epoll_ctl(poller, how, one->sock, &event);
}

static void fail(struct connection *one, const char *fault)
{
    complain("%s of machine %u: %s", one->is_stream ? "a file" : "the script", one->machine, fault);
    failures += now_ns() >= counted_from;
    close(one->sock);
    one->state = CLOSED;
}

static void send_request(struct connection *one)
{
    char where[512], request[1024];
    fill(where, sizeof where, one->is_stream ? file : path, one->machine, one->number);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: iPXE/1.21.1\r\nHost: %s:%u\r\n\r\n",
                          where, inet_ntoa((struct in_addr){server}), port);
    one->got = one->body = one->length = 0;
    one->state = WAITING;
    if (send(one->sock, request, (size_t)length, MSG_NOSIGNAL) != length)
        fail(one, "the request was not taken");
}

static void open_connection(struct connection *one)
{
    int yes = 1; // the port is chosen by connect(), which knows which are free towards the server
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {server}};
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {address_of_machine(network, one->machine)}};
    one->sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (one->sock < 0)
        die("no socket: %s", strerror(errno));
    setsockopt(one->sock, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(one->sock, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    if (own_addresses && !one->is_stream && bind(one->sock, (struct sockaddr *)&own, sizeof own))
        die("cannot have a machine's address: %s", strerror(errno));
    one->state = CONNECTING;
    if (connect(one->sock, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        fail(one, strerror(errno));
        return;
    }
    watch(one, EPOLLOUT, EPOLL_CTL_ADD);
}

static void ask(struct connection *one)
{
    if (once && !one->is_stream && asked++ >= turns.count) {
        if (one->state == WAITING)
            close(one->sock);
        one->state = DONE;
        return;
    }
    one->began = now_ns();
    one->counts = one->began >= counted_from;
    if (!one->is_stream)
        one->machine = next_turn(&turns);
    if (one->state == WAITING && !(own_addresses && !one->is_stream))
        send_request(one);
    else {
        if (one->state == WAITING)
            close(one->sock);
        open_connection(one);
    }
}

// Read the head that ends at `ends`; returns what is wrong with it, NULL where nothing is.
static const char *read_head(struct connection *one, const char *ends)
{
    if (strncmp(one->buffer, "HTTP/1.1 200", 12))
        return "another status than 200";
    const char *length = strcasestr(one->buffer, "\r\nContent-Length:");
    if (!length || length > ends)
        return "no Content-Length";
    one->length = strtoull(length + 17, NULL, 10);
    return NULL;
}

static void take_script(struct connection *one)
{
    ssize_t count = recv(one->sock, one->buffer + one->got, ROOM - 1 - one->got, 0);
    if (count == 0 && one->got == 0) { // a server may end a kept connection between two answers
        close(one->sock);
        reopened++;
        open_connection(one);
        return;
    }
    if (count <= 0) {
        if (count == 0 || errno != EAGAIN)
            fail(one, count ? strerror(errno) : "the connection was closed");
        return;
    }
    one->got += (size_t)count;
    one->buffer[one->got] = 0;
    const char *ends = strstr(one->buffer, "\r\n\r\n"), *fault;
    if (!ends)
        return;
    if ((fault = read_head(one, ends))) {
        fail(one, fault);
        return;
    }
    const char *body = ends + 4;
    size_t has = one->got - (size_t)(body - one->buffer);
    char wanted[256];
    if (has < one->length && one->got < ROOM - 1)
        return;
    fill(wanted, sizeof wanted, contains, one->machine, 0);
    if (has != one->length || strncmp(body, begins, strlen(begins)) || !strstr(body, wanted)) {
        fail(one, "another content");
        return;
    }
    if (one->counts) {
        scripts++;
        add_latency(&latencies, now_ns() - one->began);
    }
    ask(one);
}

static const char *compare(struct connection *one, const void *content, size_t count)
{
    if (one->body + count > one->length || memcmp(copy + one->body, content, count))
        return "other octets";
    one->body += count;
    if (now_ns() >= counted_from)
        octets += count;
    return NULL;
}

static void take_file(struct connection *one)
{
    static char piece[PIECE];
    size_t room = one->length ? PIECE : ROOM - 1 - one->got;
    char *into = one->length ? piece : one->buffer + one->got;
    ssize_t count = recv(one->sock, into, room, 0);
    if (count <= 0) {
        if (count == 0 || errno != EAGAIN)
            fail(one, count ? strerror(errno) : "the connection was closed");
        return;
    }
    one->began = now_ns(); // what its patience is counted from
    const char *fault = NULL;
    if (one->length)
        fault = compare(one, piece, (size_t)count);
    else {
        one->buffer[one->got += (size_t)count] = 0;
        const char *ends = strstr(one->buffer, "\r\n\r\n");
        if (!ends)
            return;
        fault = read_head(one, ends);
        if (!fault && one->length != copy_size)
            fault = "another size";
        size_t head = (size_t)(ends + 4 - one->buffer);
        if (!fault)
            fault = compare(one, ends + 4, one->got - head);
    }
    if (fault)
        fail(one, fault);
    else if (one->body == one->length) {
        files++;
        ask(one);
    }
}

static void go_on(struct connection *one)
{
    int fault = 0;
    socklen_t size = sizeof fault;
    if (one->state == CONNECTING) {
        getsockopt(one->sock, SOL_SOCKET, SO_ERROR, &fault, &size);
        if (fault)
            fail(one, strerror(fault));
        else {
            watch(one, EPOLLIN, EPOLL_CTL_MOD);
            send_request(one);
        }
    } else if (one->state == WAITING)
        (one->is_stream ? take_file : take_script)(one);
    if (one->state == CLOSED)
        ask(one);
}

static double run(uint32_t count, double warm_up, double seconds)
{
    struct epoll_event events[64];
    uint64_t began = now_ns(), looked = began, ends, now;
    int gone = 0;
    counted_from = began + ns_of(warm_up);
    ends = counted_from + ns_of(seconds);
    for (uint32_t i = 0; i < count; i++)
        ask(&connections[i]);
    for (now = began; now < ends && !(once && scripts + failures >= turns.count); now = now_ns()) {
        if (!gone && now >= counted_from) {
            printf("go\n");
            fflush(stdout);
            gone = 1;
        }
        int ready = epoll_wait(poller, events, 64, 10);
        for (int i = 0; i < ready; i++)
            go_on(events[i].data.ptr);
        if (now < looked + 50000000)
            continue;
        looked = now;
        for (uint32_t i = 0; i < count; i++)
            if (connections[i].state == DONE)
                continue;
            else if (now > connections[i].began + ns_of(patience)) {
                fail(&connections[i], "no answer in time");
                ask(&connections[i]);
            } else if (connections[i].state == CLOSED)
                ask(&connections[i]);
    }
    return (double)(now - counted_from) / 1e9;
}

static void read_copy(const char *name)
{
    struct stat status;
    int opened = open(name, O_RDONLY);
    if (opened < 0 || fstat(opened, &status) || !status.st_size)
        die("%s: %s", name, strerror(errno));
    copy_size = (size_t)status.st_size;
    copy = mmap(NULL, copy_size, PROT_READ, MAP_SHARED | MAP_POPULATE, opened, 0);
    if (copy == MAP_FAILED)
        die("%s: %s", name, strerror(errno));
}

int main(int argc, char **argv)
{
    double seconds = 3, warm_up = 0.5;
    uint32_t machines = 10000, count = 64, streams = 0;
    uint32_t first = address_of("198.18.100.0");
    const char *copied = NULL;
    const struct argument known[] = {
        {"--server", ADDRESS, &server},     {"--port", NUMBER, &port},
        {"--network", ADDRESS, &first},     {"--own-addresses", FLAG, &own_addresses},
        {"--machines", NUMBER, &machines},  {"--connections", NUMBER, &count},
        {"--path", TEXT, &path},            {"--contains", TEXT, &contains},
        {"--begins", TEXT, &begins},        {"--streams", NUMBER, &streams},
        {"--file", TEXT, &file},            {"--copy", TEXT, &copied},
        {"--seconds", REAL, &seconds},      {"--warm-up", REAL, &warm_up},
        {"--patience", REAL, &patience},    {"--once", FLAG, &once},
        {NULL, FLAG, NULL},
    };
    read_arguments(argc, argv, known);
    network = ntohl(first);
    if (copied)
        read_copy(copied);
    if (!server || !(count + streams) || count + streams > MAX_CONNECTIONS || !machines || (streams && !(file && copy)))
        die("usage: http_load --server IP --port PORT and what stands in its source");
    poller = epoll_create1(0);
    connections = calloc(count + streams, sizeof *connections);
    for (uint32_t i = 0; i < count + streams; i++) {
        connections[i].is_stream = i >= count;
        connections[i].number = i - count;
    }
    begin_turns(&turns, machines);
    double took = run(count + streams, once ? 0 : warm_up, seconds), done = count ? (double)scripts : (double)octets / 1e9;
    printf("{\"seconds\": %.3f, \"done\": %.4f, \"per_second\": %.4f, \"failures\": %lu, \"files\": %lu, "
           "\"streamed_gb\": %.3f, \"streamed_gb_per_second\": %.3f, \"reopened\": %lu",
           took, done, done / took, failures, files, (double)octets / 1e9, (double)octets / 1e9 / took, reopened);
    print_latencies(&latencies);
    printf("}\n");
    return done > 0 ? 0 : 1;
}
