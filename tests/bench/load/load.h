// SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the load generators share: clock, arguments, the machines that they play, and the figures that they print.
//
// Machine number I of N has the MAC 02:00:00 and I in three octets, and the I-th address of --network, which goes on
// by 250 hosts a /24: by default 198.18.100.1 to 198.18.100.250, 198.18.101.1 and so on.
#ifndef LOAD_H
#define LOAD_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOSTS_IN_A_NET 250
#define MAX_COMPLAINTS 5

static inline void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

// Tell of a wrong answer; only of the first few, for there may be many.
static inline void complain(const char *format, ...)
{
    static int complaints;
    if (complaints++ >= MAX_COMPLAINTS)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static inline uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t ns_of(double seconds)
{
    return (uint64_t)(seconds * 1e9);
}

static inline uint32_t address_of(const char *text)
{
    struct in_addr address;
    if (!inet_aton(text, &address))
        die("%s is no IPv4 address", text);
    return address.s_addr;
}

// The address of a machine, in network order; `network` is the first one's net, in host order.
static inline uint32_t address_of_machine(uint32_t network, uint32_t number)
{
    return htonl(network + (number / HOSTS_IN_A_NET << 8) + 1 + number % HOSTS_IN_A_NET);
}

static inline uint32_t random_number(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

// Machines in an order of chance, each as often as every other: shuffled anew whenever all have had their turn.
struct turns {
    uint32_t *order, count, next;
};

static inline void begin_turns(struct turns *turns, uint32_t count)
{
    turns->order = malloc(count * sizeof(uint32_t));
    turns->count = turns->next = count;
    for (uint32_t number = 0; number < count; number++)
        turns->order[number] = number;
}

static inline uint32_t next_turn(struct turns *turns)
{
    if (turns->next == turns->count) {
        for (uint32_t left = turns->count; left > 1; left--) {
            uint32_t other = random_number() % left, kept = turns->order[left - 1];
            turns->order[left - 1] = turns->order[other];
            turns->order[other] = kept;
        }
        turns->next = 0;
    }
    return turns->order[turns->next++];
}

// How long answers took, in nanoseconds.
struct latencies {
    uint32_t *values;
    size_t count, room;
};

static inline void add_latency(struct latencies *latencies, uint64_t nanoseconds)
{
    if (latencies->count == latencies->room) {
        latencies->room = latencies->room ? latencies->room * 2 : 1 << 16;
        latencies->values = realloc(latencies->values, latencies->room * sizeof(uint32_t));
        if (!latencies->values)
            die("no memory for latencies");
    }
    latencies->values[latencies->count++] = nanoseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)nanoseconds;
}

static inline int by_value(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

// Print the end of a JSON object: percentiles in milliseconds.
static inline void print_latencies(struct latencies *latencies)
{
    static const struct {
        const char *name;
        double share;
    } wanted[] = {{"p50_ms", 0.5}, {"p90_ms", 0.9}, {"p99_ms", 0.99}, {"p999_ms", 0.999}, {"worst_ms", 1.0}};
    qsort(latencies->values, latencies->count, sizeof(uint32_t), by_value);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (!latencies->count) {
            printf(", \"%s\": null", wanted[i].name);
            continue;
        }
        size_t rank = (size_t)(wanted[i].share * (double)latencies->count);
        rank = rank < latencies->count ? rank : latencies->count - 1;
        printf(", \"%s\": %.4f", wanted[i].name, latencies->values[rank] / 1e6);
    }
}

// What the command line may say: a name, and where its value goes.
struct argument {
    const char *name;
    enum { FLAG, NUMBER, REAL, TEXT, ADDRESS } kind; // int, uint32_t, double, const char *, uint32_t in network order
    void *into;
};

static inline void read_arguments(int argc, char **argv, const struct argument *known)
{
    for (int i = 1; i < argc; i++) {
        const struct argument *one = known;
        while (one->name && strcmp(one->name, argv[i]))
            one++;
        if (!one->name)
            die("%s is not known", argv[i]);
        if (one->kind == FLAG) {
            *(int *)one->into = 1;
            continue;
        }
        if (++i == argc)
            die("%s needs a value", one->name);
        char *rest = "";
        if (one->kind == NUMBER)
            *(uint32_t *)one->into = (uint32_t)strtoul(argv[i], &rest, 10);
        else if (one->kind == REAL)
            *(double *)one->into = strtod(argv[i], &rest);
        else if (one->kind == TEXT)
            *(const char **)one->into = argv[i];
        else
            *(uint32_t *)one->into = address_of(argv[i]);
        if (*rest)
            die("%s: %s is no number", one->name, argv[i]);
    }
}

#endif
