/* Loaded and used before fork() and after it: parent and child each have their own gate. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether children of this process lack a thread that it has, with what only that thread could free. */
static int threads_run;

/* AddressSanitizer's allocator, before that of GCC 14, is not unlocked in a child of a process with threads: the
 * child would wait for it for ever, whatever the library does. */
#if defined(__SANITIZE_ADDRESS__) && __GNUC__ < 14
#define FORKS_BESIDE_THREADS 0
#else
#define FORKS_BESIDE_THREADS 1
#endif

/* Runs a test in a child process that must not hang. */
static void in_child(void (*test)(ipgate_gate *, ipgate_reader *), ipgate_gate *gate, ipgate_reader *reader)
{
    int status = -1;
    pid_t child;
    if (threads_run && !FORKS_BESIDE_THREADS)
        return;
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
        test(gate, reader);
        if (threads_run)
            _exit(0); /* without the sanitizer's look for leaks */
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void swap_and_free(ipgate_gate *gate, ipgate_reader *reader)
{
    CHECK(allows(reader, "10.0.0.1"));
    CHECK_OK(ipgate_gate_replace_text(gate, "192.0.2.7", 9, NULL, NULL));
    CHECK(!allows(reader, "10.0.0.1") && allows(reader, "192.0.2.7"));
    ipgate_reader_free(reader);
    reader = reader_of(gate);
    CHECK(allows(reader, "192.0.2.7"));
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

static void begin_anew(ipgate_gate *unused, ipgate_reader *nothing)
{
    ipgate_gate *gate = gate_of("10.0.0.0/8");
    ipgate_reader *reader = reader_of(gate);
    (void)unused;
    (void)nothing;
    swap_and_free(gate, reader);
}

/* A load was pending on a thread that this process does not have: the next poll begins anew. */
static void poll_on(ipgate_gate *gate, ipgate_reader *reader)
{
    int outcome = IPGATE_POLL_PENDING;
    for (int i = 0; i < 3000 && outcome != IPGATE_POLL_SWAPPED; i++) {
        outcome = ipgate_gate_poll(gate, IPGATE_POLL_THREAD, NULL);
        usleep(10000);
    }
    CHECK(outcome == IPGATE_POLL_SWAPPED && allows(reader, "10.7.7.7"));
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

static void free_pending(ipgate_gate *gate, ipgate_reader *reader)
{
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

static ipgate_follower *follower;

static void free_follower(ipgate_gate *gate, ipgate_reader *reader)
{
    CHECK(allows(reader, "10.0.0.1"));
    ipgate_follower_free(follower);
    follower = NULL;
    CHECK_OK(ipgate_gate_follow(gate, "fork.list", NULL, 10, NULL, NULL, &follower, NULL));
    ipgate_follower_free(follower);
    free_pending(gate, reader);
}

/* A list that takes a while to load. */
static void write_long_list(const char *label)
{
    FILE *file = fopen("fork.new", "w");
    CHECK(file != NULL);
    for (int line = 0; line < 20000; line++)
        fprintf(file, "10.%d.%d.0/24:%s%d\n", line / 256, line % 256, label, line);
    CHECK(fclose(file) == 0 && rename("fork.new", "fork.list") == 0);
}

/* The library's threads leave the program's signals alone. */
static volatile sig_atomic_t signalled_here;
static pthread_t main_thread;

static void on_signal(int number)
{
    (void)number;
    signalled_here = pthread_equal(pthread_self(), main_thread);
}

static void threads_take_no_signals(ipgate_gate *gate)
{
    main_thread = pthread_self();
    signal(SIGUSR1, on_signal);
    CHECK_OK(ipgate_gate_follow(gate, "fork.list", NULL, 10, NULL, NULL, &follower, NULL));
    for (int i = 0; i < 20; i++) {
        signalled_here = 0;
        CHECK(kill(getpid(), SIGUSR1) == 0);
        for (int wait = 0; wait < 1000 && !signalled_here; wait++)
            usleep(1000);
        CHECK(signalled_here);
    }
}

int main(void)
{
    ipgate_gate *gate = NULL, *pending = NULL;
    ipgate_reader *reader, *of_pending;

    in_child(begin_anew, NULL, NULL);
    gate = gate_of("10.0.0.0/8");
    reader = reader_of(gate);
    in_child(swap_and_free, gate, reader);
    CHECK(allows(reader, "10.0.0.1") && !allows(reader, "192.0.2.7")); /* the parent's is its own */
    in_child(swap_and_free, gate, reader);
    in_child(begin_anew, NULL, NULL);

    write_file("fork.list", "10.0.0.0/16\n");
    CHECK_OK(ipgate_gate_new(NULL, &pending, NULL));
    CHECK_OK(ipgate_gate_replace_file(pending, "fork.list", NULL, NULL));
    of_pending = reader_of(pending);
    CHECK(allows(of_pending, "10.0.0.1"));
    write_long_list("label");
    CHECK(ipgate_gate_poll(pending, IPGATE_POLL_THREAD, NULL) == IPGATE_POLL_PENDING);
    usleep(150000);
    CHECK(ipgate_gate_poll(pending, IPGATE_POLL_THREAD, NULL) == IPGATE_POLL_PENDING);
    threads_run = 1;
    if (!FORKS_BESIDE_THREADS)
        puts("skipped: forks beside threads, which this compiler's AddressSanitizer does not survive");
    in_child(poll_on, pending, of_pending);
    in_child(free_pending, pending, of_pending);
    poll_on(pending, of_pending);

    CHECK_OK(ipgate_gate_replace_text(gate, "10.0.0.0/8", 10, NULL, NULL));
    threads_take_no_signals(gate);
    for (int i = 0; i < rounds(50, 5); i++) { /* while the thread waits, loads, and swaps */
        write_long_list(i % 2 ? "odd" : "even");
        usleep((useconds_t)(3001 * i));
        in_child(free_follower, gate, reader);
    }
    ipgate_follower_free(follower);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
    CHECK(unlink("fork.list") == 0);
    puts("ok");
    return 0;
}
