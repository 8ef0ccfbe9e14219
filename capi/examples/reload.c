/* A server's skeleton: threads that check while a file is followed and swapped under them.
 *
 *     cc reload.c $(pkg-config --cflags --libs ipgate) -lpthread -o reload && ./reload office.list
 *
 * Edit the file while it runs. Ends after the given number of seconds (10). */
#include <ipgate.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static ipgate_gate *gate;
static time_t end;

static void told(void *data, ipgate_poll outcome, const ipgate_error *report)
{
    (void)data;
    if (outcome == IPGATE_POLL_SWAPPED)
        printf("generation %llu is in force (%s)\n", (unsigned long long)ipgate_gate_generation(gate),
               ipgate_error_message(report));
    else
        printf("the last good list stays: %s\n", ipgate_error_message(report));
}

/* A worker: a reader of its own, and a check for each request. */
static void *serve(void *unused)
{
    ipgate_reader *reader = NULL; /* if there is none, every check denies */
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    unsigned long allowed = 0, denied = 0;
    uint8_t client[4] = { 10, 0, 0, 0 };
    (void)unused;
    ipgate_reader_new(gate, &reader);
    while (time(NULL) < end) {
        for (int request = 0; request < 100000; request++) {
            client[1] = (uint8_t)(request >> 12);
            client[2] = (uint8_t)(request >> 4);
            *(ipgate_check_bytes(reader, client, sizeof client, &verdict) == IPGATE_ALLOW ? &allowed : &denied) += 1;
        }
    }
    printf("allowed %lu, denied %lu, last by generation %llu\n", allowed, denied,
           (unsigned long long)verdict.generation);
    ipgate_reader_free(reader);
    return NULL;
}

int main(int argc, char **argv)
{
    ipgate_follower *follower = NULL;
    ipgate_error *error = NULL;
    pthread_t workers[2];

    if (argc < 2 || ipgate_gate_new(NULL, &gate, &error) != IPGATE_OK
        || ipgate_gate_follow(gate, argv[1], NULL, 100, told, NULL, &follower, &error) != IPGATE_OK) {
        fprintf(stderr, "%s\n", argc < 2 ? "usage: reload LIST [SECONDS]" : ipgate_error_message(error));
        return 1;
    }
    end = time(NULL) + (argc > 2 ? atoi(argv[2]) : 10);
    for (int i = 0; i < 2; i++)
        if (pthread_create(&workers[i], NULL, serve, NULL) != 0)
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(workers[i], NULL);
    ipgate_follower_free(follower);
    ipgate_gate_free(gate);
    return 0;
}
