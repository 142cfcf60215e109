/* SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A storm: many machines, each of which boots as real ones do, in one process and one epoll loop.
 */
#ifndef STORM_H
#define STORM_H

#include <stddef.h>
#include <stdint.h>

/* What a machine does, in its order. */
enum step {
    OFF,
    FIRMWARE_DISCOVER,
    FIRMWARE_REQUEST,
    TFTP_SIZE, /* edk2 asks for the size first and ends that transfer with error 8 */
    TFTP_FILE,
    IPXE_DISCOVER,
    IPXE_REQUEST,
    SCRIPT,
    FACTS,
    KERNEL,
    LOADED,
    PHONE_HOME,
    DONE,
    FAILED,
};

/* What is timed: an answer to one question, and at the end whole files and boots. */
enum timed {
    T_DHCP,       /* a message to its answer */
    T_TFTP,       /* a request to its first answer */
    T_TFTP_BLOCK, /* an acknowledgement to the next block */
    T_SCRIPT,     /* a request to the end of the answer, as are the next two */
    T_REPORT,
    T_PHONE_HOME,
    T_KERNEL,      /* a request for a range to its first octet */
    T_BOOT_FILE,   /* the first request to the last block */
    T_KERNEL_FILE, /* the first request to the last octet */
    T_BOOT,        /* power-on to the end */
    TIMED,
};

struct machine {
    /* What it is, and what it is to be answered; texts live as long as the process. */
    unsigned char mac[6];
    uint32_t address, relay; /* in network order; relay 0: it broadcasts */
    int window;              /* blocks it takes by TFTP before it acknowledges */
    const char *boot_file, *script_url, *script_path, *in_script[2], *facts_path, *loaded_path, *report_path;
    /* Where it is. */
    enum step step;
    double starts, asked, step_began, retry_at, pause; /* seconds */
    int tries;
    uint32_t xid;
    int fd; /* TFTP's socket or the HTTP connection, -1 for none */
    /* TFTP */
    uint16_t peer_port; /* the transfer's, in network order; 0 before the first answer */
    uint32_t expected, unacknowledged;
    size_t block_size, received;
    int taken_window, gap_told, timing_block;
    unsigned char last[600]; /* the packet to send again */
    size_t last_length;
    /* HTTP */
    char out[1400], head[2048];
    size_t out_length, out_sent, head_length;
    int in_body, closes, status;
    size_t body_left, body_read, range_from;
    char *body;
};

extern struct machine *machines;
extern int machine_count, epoll_fd;
extern uint32_t server_address; /* in network order */
extern int http_port;
extern const char *kernel_path, *kept_text;
extern size_t kernel_size, boot_file_size;
extern long resent_dhcp, resent_tftp;

double now(void);
void note(enum timed what, double since);
void fail(struct machine *machine, const char *why);
void advance(struct machine *machine);
/* Whether these are the octets of a file of the storm from `offset` on. */
int same_octets(const unsigned char *octets, size_t length, size_t offset);
void watch(int fd, struct machine *machine, uint32_t events, int is_new);
void forget(struct machine *machine);

void dhcp_open(const char *interface);
void dhcp_ask(struct machine *machine);
void dhcp_read(void);
extern int broadcast_fd, relay_fd;

void tftp_ask(struct machine *machine);
void tftp_read(struct machine *machine);
void tftp_again(struct machine *machine);

void http_ask(struct machine *machine);
void http_event(struct machine *machine, uint32_t events);

#endif
