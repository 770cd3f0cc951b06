/*
 * A load generator for policy servers. A program of its own, in C: in Node it takes more time for a request than the
 * servers do for the answer, and is what is measured.
 *
 * load PORT CONNECTIONS SECONDS KIND FIRST COUNT [named]
 *   KIND new: the triplets FIRST, FIRST+1, ... until the time is over; known: those from FIRST to FIRST+COUNT, over and
 *   over; once: each of them once, however long it takes. SECONDS may be a fraction. named: each client has a verified
 *   name, of one of a thousand organisations; otherwise it is unknown.
 * One request in flight on each connection, as Postfix does it. Prints one JSON document; every answer is counted by
 * its action. Exit 1 with a line when a server closes a connection or keeps silent for 30 seconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 1000
#define SILENCE_MS 30000
/* Latencies in steps of 10 microseconds, up to two seconds. */
#define STEPS 200000
#define MOST_ACTIONS 8

struct client {
    int descriptor;
    uint64_t sent_at;
    size_t received;
    char answer[1024];
};

static struct client clients[MOST_CONNECTIONS];
static uint32_t histogram[STEPS + 1];
static struct { char name[32]; uint64_t count; } actions[MOST_ACTIONS];
static uint64_t answered, begun, end, first, count, next_index;
static uint64_t slowest;
static char run[24];
static int named;
enum { NEW, KNOWN, ONCE } kind;

static void fail(const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static uint64_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* 0 when there is nothing left to ask. */
static int choose(uint64_t *index)
{
    if (kind == ONCE) {
        *index = first + next_index;
        return next_index++ < count;
    }
    if (microseconds() >= end)
        return 0;
    *index = first + (kind == NEW ? next_index : next_index % count);
    next_index++;
    return 1;
}

/*
 * All that Postfix 3.7 sends. bench/triplets.mjs makes the same triplets: networks are scattered by an odd factor, as
 * those of strangers are, so that neighbours in time are no neighbours in a tree.
 */
static int compose(char *text, size_t size, uint64_t index)
{
    uint32_t network = (uint32_t)(index * 10368889u) & 0xffffff;
    char name[64] = "unknown";
    if (named)
        snprintf(name, sizeof name, "mail-out%llu.provider%llu.example", (unsigned long long)index % 32,
            (unsigned long long)(index % 1000));
    return snprintf(text, size,
        "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=%u.%u.%u.25\n"
        "client_name=%s\nclient_port=40000\nreverse_client_name=host%llu.example.org\n"
        "server_address=127.0.0.1\nserver_port=25\nhelo_name=host.example.org\nsender=user%cx%lluy@sender.example.org\n"
        "recipient=recipient%llu@example.com\nrecipient_count=0\nqueue_id=\ninstance=%llu.%s\nsize=12345\n"
        "etrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\nccert_subject=\nccert_issuer=\n"
        "ccert_fingerprint=\nccert_pubkey_fingerprint=\nencryption_protocol=\nencryption_cipher=\n"
        "encryption_keysize=0\npolicy_context=\n\n",
        network >> 16, (network >> 8) & 255, network & 255, name, (unsigned long long)index,
        (char)('a' + index % 26), (unsigned long long)index, (unsigned long long)(index % 1000),
        (unsigned long long)next_index, run);
}

/* 0: this client is done. */
static int ask(struct client *client)
{
    char text[2048];
    uint64_t index;
    if (!choose(&index))
        return 0;
    int length = compose(text, sizeof text, index);
    client->received = 0;
    client->sent_at = microseconds();
    if (write(client->descriptor, text, length) != length)
        fail("cannot send a request");
    return 1;
}

static void count_action(const char *answer)
{
    char name[32];
    if (sscanf(answer, "action=%31s", name) != 1)
        fail("an answer without an action");
    for (int place = 0; place < MOST_ACTIONS; place++) {
        if (actions[place].count == 0)
            strcpy(actions[place].name, name);
        if (strcmp(actions[place].name, name) == 0) {
            actions[place].count++;
            return;
        }
    }
    fail("too many kinds of answers");
}

/* 0: this client is done. */
static int receive(struct client *client)
{
    ssize_t length = read(client->descriptor, client->answer + client->received,
        sizeof client->answer - 1 - client->received);
    if (length <= 0)
        fail("the server closed a connection");
    client->received += length;
    client->answer[client->received] = 0;
    if (client->received < 2 || strcmp(client->answer + client->received - 2, "\n\n") != 0)
        return 1;
    uint64_t took = microseconds() - client->sent_at;
    histogram[took / 10 < STEPS ? took / 10 : STEPS]++;
    if (took > slowest)
        slowest = took;
    answered++;
    count_action(client->answer);
    return ask(client);
}

static void connect_to(int port, struct client *client)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (client->descriptor < 0 || connect(client->descriptor, (struct sockaddr *)&address, sizeof address) < 0)
        fail("cannot connect");
    setsockopt(client->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* Milliseconds. */
static double percentile(double part)
{
    double left = answered * part;
    for (int step = 0; step < STEPS; step++) {
        left -= histogram[step];
        if (left <= 0)
            return (step + 1) / 100.0;
    }
    return STEPS / 100.0;
}

static void report(double took)
{
    printf("{\"answered\":%llu,\"rate\":%.1f,\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f,\"actions\":{",
        (unsigned long long)answered, answered / took, percentile(0.5), percentile(0.99), slowest / 1000.0);
    for (int place = 0; place < MOST_ACTIONS && actions[place].count > 0; place++)
        printf("%s\"%s\":%llu", place ? "," : "", actions[place].name, (unsigned long long)actions[place].count);
    printf("}}\n");
}

int main(int argc, char **argv)
{
    named = argc == 8 && strcmp(argv[7], "named") == 0;
    if (argc != 7 && !named) {
        fprintf(stderr, "usage: load PORT CONNECTIONS SECONDS new|known|once FIRST COUNT [named]\n");
        return 2;
    }
    int connections = atoi(argv[2]);
    if (connections < 1 || connections > MOST_CONNECTIONS)
        fail("that many connections cannot be");
    kind = strcmp(argv[4], "new") == 0 ? NEW : strcmp(argv[4], "known") == 0 ? KNOWN : ONCE;
    first = strtoull(argv[5], NULL, 10);
    count = strtoull(argv[6], NULL, 10);
    snprintf(run, sizeof run, "%llx", (unsigned long long)time(NULL));

    int poll = epoll_create1(0), busy = 0;
    for (int index = 0; index < connections; index++) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = &clients[index] };
        connect_to(atoi(argv[1]), &clients[index]);
        if (epoll_ctl(poll, EPOLL_CTL_ADD, clients[index].descriptor, &event) < 0)
            fail("epoll");
    }
    begun = microseconds();
    end = begun + (uint64_t)(atof(argv[3]) * 1e6);
    for (int index = 0; index < connections; index++)
        busy += ask(&clients[index]);
    while (busy > 0) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, SILENCE_MS);
        if (ready == 0)
            fail("no answer for 30 seconds");
        for (int index = 0; index < ready; index++)
            if (!receive(events[index].data.ptr))
                busy--;
    }
    report((microseconds() - begun) / 1e6);
    return 0;
}
