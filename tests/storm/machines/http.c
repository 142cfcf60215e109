/* SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HTTP/1.1 on kept connections: the script, what iPXE reports, the kernel in ranges, and the installer's report.
 */
#define _GNU_SOURCE
#include "storm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define RANGE (4u << 20)
#define PATIENCE 30.0 /* seconds without an octet */
#define BODY_MAX 65536

static unsigned char buffer[262144];

static void connect_from(struct machine *machine) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = machine->address};
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(http_port)};
    int yes = 1;
    server.sin_addr.s_addr = server_address;
    machine->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(machine->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
    if (machine->fd < 0 || bind(machine->fd, (struct sockaddr *)&own, sizeof(own)))
        perror("a socket for HTTP"), exit(1);
    if (connect(machine->fd, (struct sockaddr *)&server, sizeof(server)) && errno != EINPROGRESS) {
        fail(machine, strerror(errno));
        return;
    }
    watch(machine->fd, machine, EPOLLIN | EPOLLOUT, 1);
}

static size_t range_end(const struct machine *machine) {
    size_t end = machine->range_from + RANGE;
    return end < kernel_size ? end : kernel_size;
}

void http_ask(struct machine *machine) {
    static const char report[] = "{\"type\": \"success\"}";
    const char *path = machine->step == SCRIPT   ? machine->script_path
                       : machine->step == FACTS  ? machine->facts_path
                       : machine->step == LOADED ? machine->loaded_path
                       : machine->step == KERNEL ? kernel_path
                                                 : machine->report_path;
    char more[160] = "";
    if (machine->step == KERNEL)
        snprintf(more, sizeof(more), "Range: bytes=%zu-%zu\r\n", machine->range_from, range_end(machine) - 1);
    else if (machine->step == PHONE_HOME)
        snprintf(more, sizeof(more), "Content-Type: application/json\r\nContent-Length: %zu\r\n", sizeof(report) - 1);
    struct in_addr server = {server_address};
    int length = snprintf(machine->out, sizeof(machine->out), "%s %s HTTP/1.1\r\nHost: %s:%d\r\n%s\r\n%s",
                          machine->step == PHONE_HOME ? "POST" : "GET", path, inet_ntoa(server), http_port, more,
                          machine->step == PHONE_HOME ? report : "");
    if (length >= (int)sizeof(machine->out))
        fprintf(stderr, "%s is too long\n", path), exit(2);
    if (machine->step == PHONE_HOME)
        forget(machine); /* it is another program now */
    machine->out_length = length;
    machine->out_sent = machine->head_length = machine->in_body = 0;
    machine->asked = now();
    machine->retry_at = machine->asked + PATIENCE;
    if (machine->fd < 0)
        connect_from(machine);
    else
        http_event(machine, EPOLLOUT);
}

static void send_rest(struct machine *machine) {
    ssize_t sent = send(machine->fd, machine->out + machine->out_sent, machine->out_length - machine->out_sent,
                        MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) {
        fail(machine, strerror(errno));
        return;
    }
    if (sent > 0)
        machine->out_sent += sent;
    watch(machine->fd, machine, machine->out_sent < machine->out_length ? EPOLLIN | EPOLLOUT : EPOLLIN, 0);
}

static const char *header(const char *head, const char *name) {
    const char *found = strcasestr(head, name);
    return found ? found + strlen(name) : NULL;
}

/* Read status and headers; return what is wrong with them, NULL for nothing. */
static const char *read_head(struct machine *machine) {
    static char told[120];
    const char *length = header(machine->head, "\r\nContent-Length: "), *range;
    const char *connection = header(machine->head, "\r\nConnection: ");
    machine->closes = connection && !strncasecmp(connection, "close", 5);
    machine->status = strncmp(machine->head, "HTTP/1.1 ", 9) ? 0 : atoi(machine->head + 9);
    machine->body_left = length ? strtoul(length, NULL, 10) : 0;
    machine->body_read = 0;
    int wanted = machine->step == KERNEL ? 206 : *kept_text || machine->step == SCRIPT ? 200 : 204;
    if (machine->status != wanted) {
        snprintf(told, sizeof(told), "answered %.60s", machine->head);
        told[strcspn(told, "\r")] = 0;
        return told;
    }
    if (machine->step == KERNEL) {
        size_t from, to, whole;
        range = header(machine->head, "\r\nContent-Range: bytes ");
        if (!range || sscanf(range, "%zu-%zu/%zu", &from, &to, &whole) != 3 || from != machine->range_from ||
            to + 1 != range_end(machine) || whole != kernel_size || machine->body_left != to + 1 - from)
            return "another range";
        note(T_KERNEL, machine->asked);
    } else if (machine->body_left >= BODY_MAX || (wanted == 200 && !length)) {
        return "a length that can't be";
    } else {
        machine->body = realloc(machine->body, machine->body_left + 1);
    }
    machine->in_body = 1;
    return NULL;
}

static const char *wrong_in_body(struct machine *machine) {
    if (machine->step == KERNEL)
        return NULL; /* compared while it came */
    machine->body[machine->body_read] = 0;
    if (machine->step != SCRIPT)
        return strstr(machine->body, kept_text) ? NULL : "not kept";
    if (strncmp(machine->body, "#!ipxe\n", 7))
        return "not a script";
    if (!strstr(machine->body, machine->in_script[0]) || !strstr(machine->body, machine->in_script[1]))
        return "another script";
    return NULL;
}

static void answered(struct machine *machine) {
    const char *wrong = wrong_in_body(machine);
    if (wrong) {
        fail(machine, wrong);
        return;
    }
    if (machine->closes)
        forget(machine);
    machine->retry_at = 0;
    if (machine->step == KERNEL) {
        machine->range_from = range_end(machine);
        if (machine->range_from < kernel_size) {
            http_ask(machine);
            return;
        }
        note(T_KERNEL_FILE, machine->step_began);
    } else {
        note(machine->step == SCRIPT ? T_SCRIPT : machine->step == PHONE_HOME ? T_PHONE_HOME : T_REPORT, machine->asked);
    }
    advance(machine);
}

static void take_body(struct machine *machine, const unsigned char *octets, size_t length) {
    if (length > machine->body_left) {
        fail(machine, "more than its Content-Length");
        return;
    }
    if (machine->step != KERNEL)
        memcpy(machine->body + machine->body_read, octets, length);
    else if (!same_octets(octets, length, machine->range_from + machine->body_read)) {
        fail(machine, "another content");
        return;
    }
    machine->body_read += length;
    machine->body_left -= length;
    if (!machine->body_left)
        answered(machine);
}

static void take(struct machine *machine, const unsigned char *octets, size_t length) {
    machine->retry_at = now() + PATIENCE;
    if (machine->in_body) {
        take_body(machine, octets, length);
        return;
    }
    size_t room = sizeof(machine->head) - 1 - machine->head_length, before = machine->head_length;
    size_t part = length < room ? length : room;
    memcpy(machine->head + before, octets, part);
    machine->head_length += part;
    machine->head[machine->head_length] = 0;
    char *end = strstr(machine->head, "\r\n\r\n");
    if (!end && part < length) {
        fail(machine, "no end of the headers");
    } else if (end) {
        size_t used = end + 4 - machine->head - before;
        end[2] = 0;
        const char *wrong = read_head(machine);
        if (wrong)
            fail(machine, wrong);
        else
            take_body(machine, octets + used, length - used);
    }
}

void http_event(struct machine *machine, uint32_t events) {
    int fd = machine->fd;
    if (events & EPOLLOUT && machine->out_sent < machine->out_length)
        send_rest(machine);
    if (machine->fd != fd || !(events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        return;
    ssize_t length = recv(fd, buffer, sizeof(buffer), 0);
    if (length > 0)
        take(machine, buffer, length);
    else if (!length)
        fail(machine, "the connection was ended");
    else if (errno != EAGAIN)
        fail(machine, strerror(errno));
}
