/* SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * machines TABLE INTERFACE SERVER HTTP_PORT KERNEL_PATH KERNEL_SIZE BOOT_FILE_SIZE PATTERN SPREAD DEADLINE KEPT
 *
 * TABLE has a line for each machine, with tabs between: MAC, address, relay's address or "-", window of TFTP, and what
 * it has to be told: boot file, script's URL; what it then asks for: the script's path; two texts that are in the
 * script; paths of facts, of "loaded" and of the report. Every file is the octets of PATTERN, over and over. Prints one
 * JSON object; the first failures to standard error.
 */
#include "storm.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define TICK 0.02 /* seconds between looks at who has waited too long */
#define PERIOD_MAX 131072
#define FAILURES_TOLD 20

struct machine *machines;
int machine_count, epoll_fd, http_port;
uint32_t server_address;
const char *kernel_path, *kept_text;
size_t kernel_size, boot_file_size;
long resent_dhcp, resent_tftp;

static double began;
static int done, failed;
static double *finished;
static struct {
    float *values;
    size_t count, room;
} times[TIMED];
static const char *const timed_names[TIMED] = {"dhcp",       "tftp",   "tftp_block", "script",      "report",
                                               "phone_home", "kernel", "boot_file",  "kernel_file", "boot"};
static const char *const step_names[] = {"off",           "firmware's DISCOVER", "firmware's REQUEST", "size by TFTP",
                                         "file by TFTP",  "iPXE's DISCOVER",     "iPXE's REQUEST",     "script",
                                         "facts",         "kernel",              "loaded",             "phone-home",
                                         "done",          "failed"};
static unsigned char pattern[2 * PERIOD_MAX];
static size_t period;

double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

void note(enum timed what, double since) {
    if (times[what].count == times[what].room) {
        times[what].room = times[what].room ? 2 * times[what].room : 4096;
        times[what].values = realloc(times[what].values, times[what].room * sizeof(float));
    }
    times[what].values[times[what].count++] = 1000 * (now() - since);
}

int same_octets(const unsigned char *octets, size_t length, size_t offset) {
    while (length) {
        size_t part = length < period ? length : period;
        if (memcmp(octets, pattern + offset % period, part))
            return 0;
        octets += part, offset += part, length -= part;
    }
    return 1;
}

void watch(int fd, struct machine *machine, uint32_t events, int is_new) {
    struct epoll_event event = {.events = events, .data.ptr = machine};
    if (epoll_ctl(epoll_fd, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event))
        perror("epoll_ctl"), exit(1);
}

void forget(struct machine *machine) {
    if (machine->fd >= 0)
        close(machine->fd);
    machine->fd = -1;
}

void fail(struct machine *machine, const char *why) {
    if (failed++ < FAILURES_TOLD) {
        const unsigned char *mac = machine->mac;
        fprintf(stderr, "%02x:%02x:%02x:%02x:%02x:%02x, %s, %.2f s after the first power-on: %s\n", mac[0], mac[1],
                mac[2], mac[3], mac[4], mac[5], step_names[machine->step], now() - began, why);
    }
    forget(machine);
    machine->step = FAILED;
    machine->retry_at = 0;
}

static void begin(struct machine *machine) {
    machine->step_began = machine->asked = now();
    machine->tries = 0;
    machine->pause = 1;
    machine->retry_at = 0;
    switch (machine->step) {
    case FIRMWARE_DISCOVER:
    case FIRMWARE_REQUEST:
    case IPXE_DISCOVER:
    case IPXE_REQUEST:
        dhcp_ask(machine);
        break;
    case TFTP_SIZE:
    case TFTP_FILE:
        tftp_ask(machine);
        break;
    case DONE:
        forget(machine);
        note(T_BOOT, machine->starts);
        finished[done++] = now() - began;
        break;
    default:
        machine->range_from = 0;
        http_ask(machine);
    }
}

void advance(struct machine *machine) {
    machine->step++;
    if (machine->step == TFTP_SIZE && machine->window == 1)
        machine->step++; /* iPXE's ROM does not ask for the size */
    begin(machine);
}

static void again(struct machine *machine) {
    if (machine->step >= SCRIPT) {
        fail(machine, "no answer");
    } else if (++machine->tries > 5) {
        fail(machine, "no answer to any of five tries");
    } else {
        machine->pause *= 2;
        if (machine->step == TFTP_SIZE || machine->step == TFTP_FILE)
            resent_tftp++, tftp_again(machine);
        else
            resent_dhcp++, dhcp_ask(machine);
    }
}

static int by_value(const void *one, const void *other) {
    float difference = *(const float *)one - *(const float *)other;
    return (difference > 0) - (difference < 0);
}

static double at(enum timed what, double share) {
    size_t count = times[what].count, place = count * share;
    return count ? times[what].values[place < count ? place : count - 1] : 0;
}

static void print_results(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"machines\": %d, \"failures\": %d, \"seconds\": %.3f, \"generator_cpu_seconds\": %.2f,\n", machine_count,
           failed, now() - began, cpu);
    printf(" \"sent_again\": {\"dhcp\": %ld, \"tftp\": %ld},\n \"milliseconds\": {", resent_dhcp, resent_tftp);
    for (int what = 0; what < TIMED; what++) {
        qsort(times[what].values, times[what].count, sizeof(float), by_value);
        printf("%s\n  \"%s\": {\"count\": %zu, \"median\": %.3f, \"p99\": %.3f, \"worst\": %.3f}", what ? "," : "",
               timed_names[what], times[what].count, at(what, 0.5), at(what, 0.99), at(what, 1));
    }
    printf("},\n \"finished\": [");
    for (int place = 0; place < done; place++)
        printf("%s%.3f", place ? ", " : "", finished[place]);
    printf("]}\n");
}

static char *field(char **line) {
    char *found = strsep(line, "\t\n");
    if (!found || !*line)
        fprintf(stderr, "a line of the table is too short\n"), exit(2);
    return found;
}

static void read_table(const char *path, double spread) {
    FILE *table = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (!table)
        perror(path), exit(2);
    while (getline(&line, &room, table) > 0) {
        machines = realloc(machines, (machine_count + 1) * sizeof(*machines));
        struct machine *machine = &machines[machine_count++];
        char *rest = strdup(line);
        unsigned int mac[6];
        memset(machine, 0, sizeof(*machine));
        sscanf(field(&rest), "%x:%x:%x:%x:%x:%x", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5);
        for (int octet = 0; octet < 6; octet++)
            machine->mac[octet] = mac[octet];
        machine->address = inet_addr(field(&rest));
        char *relay = field(&rest);
        machine->relay = strcmp(relay, "-") ? inet_addr(relay) : 0;
        machine->window = atoi(field(&rest));
        const char **texts[] = {&machine->boot_file,    &machine->script_url, &machine->script_path,
                                &machine->in_script[0], &machine->in_script[1], &machine->facts_path,
                                &machine->loaded_path,  &machine->report_path};
        for (size_t text = 0; text < sizeof(texts) / sizeof(*texts); text++)
            *texts[text] = field(&rest);
        machine->fd = -1;
    }
    fclose(table);
    free(line);
    for (int number = 0; number < machine_count; number++)
        machines[number].starts = spread * number / machine_count;
}

static void read_pattern(const char *path) {
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, pattern, PERIOD_MAX);
    if (length < 1)
        fprintf(stderr, "%s: not a pattern\n", path), exit(2);
    period = length;
    memcpy(pattern + period, pattern, period);
    close(fd);
}

int main(int count, char **words) {
    if (count != 12)
        fprintf(stderr, "see the head of %s\n", __FILE__), exit(2);
    read_table(words[1], atof(words[9]));
    server_address = inet_addr(words[3]);
    http_port = atoi(words[4]);
    kernel_path = words[5];
    kernel_size = strtoul(words[6], NULL, 10);
    boot_file_size = strtoul(words[7], NULL, 10);
    read_pattern(words[8]);
    kept_text = words[11];
    finished = calloc(machine_count, sizeof(*finished));
    struct rlimit files = {machine_count + 64, machine_count + 64};
    if (setrlimit(RLIMIT_NOFILE, &files))
        perror("setrlimit"), exit(1);
    epoll_fd = epoll_create1(0);
    dhcp_open(words[2]);

    began = now();
    double end = began + atof(words[10]), look = 0;
    for (int number = 0; number < machine_count; number++)
        machines[number].starts += began;
    int upcoming = 0;
    struct epoll_event events[256];
    while (done + failed < machine_count) {
        double time = now();
        for (; upcoming < machine_count && machines[upcoming].starts <= time; upcoming++)
            advance(&machines[upcoming]);
        if (time >= look) {
            look = time + TICK;
            for (int number = 0; number < machine_count; number++) {
                struct machine *machine = &machines[number];
                if (time > end && machine->step != DONE && machine->step != FAILED)
                    fail(machine, "not done in time");
                else if (machine->retry_at && machine->retry_at <= time)
                    again(machine);
            }
        }
        int ready = epoll_wait(epoll_fd, events, 256, upcoming < machine_count ? 1 : 1000 * TICK);
        for (int place = 0; place < ready; place++) {
            struct machine *machine = events[place].data.ptr;
            if (!machine)
                dhcp_read();
            else if (machine->fd < 0)
                continue; /* closed by what came before in this batch */
            else if (machine->step == TFTP_SIZE || machine->step == TFTP_FILE)
                tftp_read(machine);
            else
                http_event(machine, events[place].events);
        }
    }
    print_results();
    return 0;
}
