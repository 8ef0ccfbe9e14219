/* Following a file by polling: with and without a thread, and everything that may be wrong with a file. */
#include "test.h"

#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

/* Polls until something other than "pending" comes of it; never longer than a minute. */
static int settle(ipgate_gate *gate, uint32_t flags, ipgate_error **error)
{
    for (int i = 0; i < 6000; i++) {
        int outcome = ipgate_gate_poll(gate, flags, error);
        if (outcome != IPGATE_POLL_PENDING)
            return outcome;
        usleep(10000);
    }
    CHECK(!"the poll is pending for ever");
    return -1;
}

/* A file that was written anew is noticed by the next poll. */
static int changed(ipgate_gate *gate, uint32_t flags, ipgate_error **error)
{
    int outcome = settle(gate, flags, error);
    for (int i = 0; i < 100 && outcome == IPGATE_POLL_UNCHANGED; i++) {
        usleep(10000);
        outcome = settle(gate, flags, error);
    }
    return outcome;
}

static uint64_t failures(const ipgate_gate *gate)
{
    ipgate_stats stats = IPGATE_STATS_INIT;
    CHECK_OK(ipgate_gate_stats(gate, &stats));
    return stats.failures;
}

/* Looks until the file that was written anew has settled. */
static int looked(ipgate_gate *gate, uint32_t flags)
{
    int outcome = IPGATE_POLL_UNCHANGED;
    for (int i = 0; i < 6000 && (outcome == IPGATE_POLL_UNCHANGED || outcome == IPGATE_POLL_PENDING); i++) {
        usleep(10000);
        outcome = ipgate_gate_poll(gate, flags | IPGATE_POLL_LOOK, NULL);
    }
    return outcome;
}

/* A look begins nothing: who else loads says when. */
static void a_look_loads_nothing(uint32_t flags)
{
    ipgate_gate *gate = NULL;
    ipgate_reader *reader;
    int outcome;

    write_file("look.list", "10.0.0.0/8:corp\n");
    CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
    CHECK(ipgate_gate_poll(gate, flags | IPGATE_POLL_LOOK, NULL) == IPGATE_POLL_UNCHANGED);
    CHECK_OK(ipgate_gate_replace_file(gate, "look.list", NULL, NULL));
    reader = reader_of(gate);
    CHECK(ipgate_gate_poll(gate, flags | IPGATE_POLL_LOOK, NULL) == IPGATE_POLL_UNCHANGED);

    write_file("look.list", "192.0.2.0/24:new\n");
    CHECK(looked(gate, flags) == IPGATE_POLL_READY);
    CHECK(looked(gate, flags) == IPGATE_POLL_READY); /* as often as it is asked */
    CHECK(allows(reader, "10.0.0.1") && ipgate_gate_generation(gate) == 2);

    /* What was begun without it is ended with it. */
    outcome = ipgate_gate_poll(gate, flags, NULL);
    if (flags & IPGATE_POLL_THREAD) {
        CHECK(outcome == IPGATE_POLL_PENDING);
        while ((outcome = ipgate_gate_poll(gate, flags | IPGATE_POLL_LOOK, NULL)) == IPGATE_POLL_PENDING)
            usleep(1000);
    }
    CHECK(outcome == IPGATE_POLL_SWAPPED && allows(reader, "192.0.2.1") && ipgate_gate_generation(gate) == 3);
    CHECK(ipgate_gate_poll(gate, flags | IPGATE_POLL_LOOK, NULL) == IPGATE_POLL_UNCHANGED);

    /* A file that is gone is found by a look, and told by a load. */
    CHECK(unlink("look.list") == 0);
    CHECK(looked(gate, flags) == IPGATE_POLL_READY && failures(gate) == 0);
    CHECK(settle(gate, flags, NULL) == IPGATE_POLL_FAILED && failures(gate) == 1);

    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

static void a_file_is_followed(uint32_t flags)
{
    ipgate_gate *gate = NULL;
    ipgate_reader *reader;
    ipgate_error *error = NULL;
    ipgate_guard guard = IPGATE_GUARD_INIT;

    write_file("poll.list", "10.0.0.0/8:corp\n");
    CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
    CHECK(ipgate_gate_poll(gate, flags, &error) == IPGATE_POLL_UNCHANGED); /* nothing to look at */
    CHECK_OK(ipgate_gate_replace_file(gate, "poll.list", NULL, &error));
    reader = reader_of(gate);
    CHECK(allows(reader, "10.0.0.1"));
    CHECK(settle(gate, flags, &error) == IPGATE_POLL_UNCHANGED && ipgate_gate_generation(gate) == 2);

    write_file("poll.list", "192.0.2.0/24:new\n");
    CHECK(changed(gate, flags, &error) == IPGATE_POLL_SWAPPED && error == NULL);
    CHECK(!allows(reader, "10.0.0.1") && allows(reader, "192.0.2.1") && ipgate_gate_generation(gate) == 3);

    /* Rejected: told once, counted, and the last good list stays. */
    write_file("poll.list", "192.0.2.0/33\n");
    CHECK(changed(gate, flags, &error) == IPGATE_POLL_FAILED);
    CHECK(ipgate_error_status(error) == IPGATE_ERROR_LIST && ipgate_error_diagnostics(error) == 1);
    CHECK(strstr(ipgate_error_message(error), "poll.list") != NULL);
    ipgate_error_free(error);
    error = NULL;
    CHECK(settle(gate, flags, &error) == IPGATE_POLL_UNCHANGED && error == NULL);
    CHECK(allows(reader, "192.0.2.1") && failures(gate) == 1);

    /* Missing. */
    CHECK(unlink("poll.list") == 0);
    CHECK(changed(gate, flags, &error) == IPGATE_POLL_FAILED);
    CHECK(ipgate_error_status(error) == IPGATE_ERROR_IO);
    ipgate_error_free(error);
    error = NULL;
    CHECK(settle(gate, flags, &error) == IPGATE_POLL_UNCHANGED && allows(reader, "192.0.2.1"));
    CHECK(failures(gate) >= 2);

    /* Not a file. */
    CHECK(mkdir("poll.list", 0700) == 0);
    CHECK(changed(gate, flags, &error) == IPGATE_POLL_FAILED && allows(reader, "192.0.2.1"));
    ipgate_error_free(error);
    error = NULL;
    CHECK(rmdir("poll.list") == 0);

    /* Back, with what is in force: nothing is swapped, and all is well. */
    write_file("poll.list", "192.0.2.0/24:new\n");
    for (int i = 0; i < 200 && failures(gate) > 0; i++) {
        settle(gate, flags, NULL);
        usleep(10000);
    }
    CHECK(failures(gate) == 0 && ipgate_gate_generation(gate) == 3);

    /* Refused by the guard, until that is changed. */
    guard.refuse_empty = 1;
    CHECK_OK(ipgate_gate_set_guard(gate, &guard, NULL));
    settle(gate, flags, NULL);
    write_file("poll.list", "# nothing\n");
    CHECK(changed(gate, flags, &error) == IPGATE_POLL_FAILED);
    CHECK(ipgate_error_status(error) == IPGATE_ERROR_REFUSED && allows(reader, "192.0.2.1"));
    ipgate_error_free(error);
    error = NULL;
    guard.refuse_empty = 0;
    CHECK_OK(ipgate_gate_set_guard(gate, &guard, NULL));
    CHECK(changed(gate, flags, &error) == IPGATE_POLL_SWAPPED && !allows(reader, "192.0.2.1"));

    /* A list from elsewhere ends the following. */
    CHECK_OK(ipgate_gate_replace_text(gate, "198.51.100.7", 12, NULL, NULL));
    write_file("poll.list", "10.0.0.0/8\n");
    usleep(200000);
    CHECK(settle(gate, flags, &error) == IPGATE_POLL_UNCHANGED && allows(reader, "198.51.100.7"));
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
    CHECK(unlink("poll.list") == 0);
}

/* A gate may be made while its file is missing: it denies, and gets its list later. */
static void a_file_may_come_later(uint32_t flags)
{
    ipgate_gate *gate = NULL;
    ipgate_reader *reader;
    CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
    CHECK(ipgate_gate_replace_file(gate, "later.list", NULL, NULL) == IPGATE_ERROR_IO);
    reader = reader_of(gate);
    CHECK(!allows(reader, "10.0.0.1"));
    CHECK(settle(gate, flags, NULL) == IPGATE_POLL_UNCHANGED && failures(gate) >= 1);
    write_file("later.list", "10.0.0.0/8\n");
    CHECK(changed(gate, flags, NULL) == IPGATE_POLL_SWAPPED);
    CHECK(allows(reader, "10.0.0.1") && failures(gate) == 0);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
    CHECK(unlink("later.list") == 0);
}

/* What master and workers of a proxy do: the list is taken as it is, whoever changed the directory since. */
static void a_relative_path_stays_what_it_was(void)
{
    ipgate_gate *gate = NULL;
    ipgate_reader *reader;
    char directory[4096];
    CHECK(getcwd(directory, sizeof directory) != NULL);
    write_file("relative.list", "10.0.0.0/8\n");
    CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
    CHECK_OK(ipgate_gate_replace_file(gate, "relative.list", NULL, NULL));
    CHECK(chdir("/") == 0);
    CHECK(settle(gate, 0, NULL) == IPGATE_POLL_UNCHANGED && failures(gate) == 0);
    CHECK(chdir(directory) == 0);
    reader = reader_of(gate);
    CHECK(allows(reader, "10.0.0.1"));
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
    CHECK(unlink("relative.list") == 0);
}

static void expired_entries_are_dropped(uint32_t flags)
{
    ipgate_gate *gate;
    ipgate_stats stats = IPGATE_STATS_INIT;
    ipgate_reader *reader;
    char list[128];
    struct tm utc;
    time_t soon = time(NULL) + 2;

    CHECK(gmtime_r(&soon, &utc) != NULL);
    CHECK(strftime(list, sizeof list, "10.0.0.0/8,192.0.2.7;until=%Y-%m-%dT%H:%M:%SZ", &utc) > 0);
    gate = gate_of(list);
    reader = reader_of(gate);
    CHECK(allows(reader, "192.0.2.7"));
    while (time(NULL) < soon + 1)
        usleep(50000);
    CHECK(!allows(reader, "192.0.2.7") && allows(reader, "10.0.0.1"));
    CHECK_OK(ipgate_gate_stats(gate, &stats));
    CHECK(stats.entries == 2 && stats.generation == 2);
    for (int i = 0; i < 500 && stats.entries == 2; i++) {
        settle(gate, flags, NULL);
        CHECK_OK(ipgate_gate_stats(gate, &stats));
        usleep(10000);
    }
    CHECK(stats.entries == 1 && stats.generation == 3 && allows(reader, "10.0.0.1"));
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

/* Freed while a thread loads: the thread is waited for. */
static void a_gate_is_freed_while_it_loads(void)
{
    for (int i = 0; i < rounds(20, 3); i++) {
        ipgate_gate *gate = NULL;
        FILE *file;
        write_file("busy.list", "10.0.0.0/8\n");
        CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
        CHECK_OK(ipgate_gate_replace_file(gate, "busy.list", NULL, NULL));
        file = fopen("busy.new", "w");
        CHECK(file != NULL);
        for (int line = 0; line < 5000; line++)
            fprintf(file, "10.%d.%d.0/24:label%d\n", line / 256, line % 256, line);
        CHECK(fclose(file) == 0 && rename("busy.new", "busy.list") == 0);
        usleep(120000);
        ipgate_gate_poll(gate, IPGATE_POLL_THREAD, NULL);
        usleep(120000);
        ipgate_gate_poll(gate, IPGATE_POLL_THREAD, NULL);
        ipgate_gate_free(gate);
    }
    CHECK(unlink("busy.list") == 0);
}

int main(void)
{
    ipgate_error *error = NULL;
    ipgate_gate *gate = gate_of("10.0.0.0/8");
    CHECK(ipgate_gate_poll(NULL, 0, &error) == IPGATE_POLL_FAILED);
    CHECK(ipgate_error_status(error) == IPGATE_ERROR_NULL);
    ipgate_error_free(error);
    CHECK(ipgate_gate_poll(gate, 6, NULL) == IPGATE_POLL_FAILED);
    ipgate_gate_free(gate);

    for (uint32_t flags = 0; flags <= IPGATE_POLL_THREAD; flags++) {
        a_look_loads_nothing(flags);
        a_file_is_followed(flags);
        a_file_may_come_later(flags);
        expired_entries_are_dropped(flags);
    }
    a_relative_path_stays_what_it_was();
    a_gate_is_freed_while_it_loads();
    puts("ok");
    return 0;
}
