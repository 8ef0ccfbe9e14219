/* Checks that are counted: ipgate_admit() and its kin, and what ipgate_reader_counts() tells of them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "test.h"

static int admits(ipgate_reader *reader, const char *client)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    memset(&in, 0, sizeof in);
    memset(&in6, 0, sizeof in6);
    in.sin_family = AF_INET;
    in6.sin6_family = AF_INET6;

    if (inet_pton(AF_INET, client, &in.sin_addr) == 1)
        return ipgate_admit(reader, (struct sockaddr *)&in, sizeof in);

    CHECK(inet_pton(AF_INET6, client, &in6.sin6_addr) == 1);
    return ipgate_admit(reader, (struct sockaddr *)&in6, sizeof in6);
}

/* Whether so many decisions were counted for a label ("" for none) of a list. */
static int counted(ipgate_reader *reader, int origin, const char *label, unsigned allowed, unsigned denied)
{
    ipgate_count counts[16] = { IPGATE_COUNT_INIT };
    size_t n = ipgate_reader_counts(reader, counts, 16);

    CHECK(n <= 16);
    for (size_t i = 0; i < n; i++) {
        CHECK(counts[i].size == sizeof(ipgate_count) && counts[i].label != NULL && counts[i].others == 0);
        if (counts[i].origin == origin && counts[i].label_len == strlen(label)
            && memcmp(counts[i].label, label, counts[i].label_len) == 0)
            return counts[i].allowed == allowed && counts[i].denied == denied;
    }
    return allowed == 0 && denied == 0;
}

static void one_list(void)
{
    ipgate_gate *gate = gate_of("10.0.0.0/8:a\n!10.9.0.0/16:b\n192.0.2.0/24\n2001:db8::/32:six");
    ipgate_reader *reader = reader_of(gate), *other = reader_of(gate);
    ipgate_count counts[2] = { IPGATE_COUNT_INIT };
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    struct sockaddr_un un;

    CHECK(ipgate_reader_counts(reader, NULL, 0) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(admits(reader, "10.1.1.1") && !admits(reader, "10.9.1.1") && admits(reader, "192.0.2.1"));
        CHECK(!admits(reader, "198.51.100.1") && admits(reader, "2001:db8::1") && !admits(reader, "::1"));
    }
    CHECK(admits(reader, "::ffff:10.1.1.1"));
    memset(&un, 0, sizeof un);
    un.sun_family = AF_UNIX;
    CHECK(ipgate_admit(reader, (struct sockaddr *)&un, sizeof un) == IPGATE_DENY);
    CHECK(ipgate_check_text(reader, "10.1.1.1", 8, NULL) == IPGATE_ALLOW); /* a check is not counted */

    CHECK(ipgate_admit_text(reader, "10.1.1.1", 8, &verdict) == IPGATE_ALLOW);
    CHECK(verdict.reason == IPGATE_REASON_ALLOW_ENTRY && verdict.prefix.length == 8);
    CHECK(ipgate_admit_text(reader, "nobody", 6, NULL) == IPGATE_DENY);
    CHECK(ipgate_admit_verdict(reader, (struct sockaddr *)&un, sizeof un, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ADDRESS);

    CHECK(counted(reader, IPGATE_ORIGIN_NONE, "a", 5, 0) && counted(reader, IPGATE_ORIGIN_NONE, "b", 0, 3));
    CHECK(counted(reader, IPGATE_ORIGIN_NONE, "six", 3, 0) && counted(reader, IPGATE_ORIGIN_NONE, "", 3, 9));
    CHECK(ipgate_reader_counts(other, NULL, 0) == 0); /* each reader counts its own */

    /* other labels, and other numbers for them; an idle reader loses nothing */
    CHECK_OK(ipgate_gate_replace_text(gate, "10.9.0.0/16:b\n10.0.0.0/8:new", 28, NULL, NULL));
    CHECK(admits(reader, "10.9.1.1") && admits(reader, "10.1.1.1"));
    ipgate_reader_pause(reader);
    CHECK(admits(reader, "10.9.1.1"));
    CHECK(counted(reader, IPGATE_ORIGIN_NONE, "a", 5, 0) && counted(reader, IPGATE_ORIGIN_NONE, "b", 2, 3));
    CHECK(counted(reader, IPGATE_ORIGIN_NONE, "new", 1, 0));

    /* whatever takes the new table first */
    CHECK_OK(ipgate_gate_replace_text(gate, "10.0.0.0/8:c\n10.9.0.0/16:b", 26, NULL, NULL));
    CHECK(ipgate_check_text(reader, "10.1.1.1", 8, &verdict) == IPGATE_ALLOW);
    CHECK(admits(reader, "10.1.1.1"));
    CHECK_OK(ipgate_gate_replace_text(gate, "10.9.0.0/16:b\n10.0.0.0/8:new", 28, NULL, NULL));
    CHECK(ipgate_check_text(reader, "10.1.1.1", 8, NULL) == IPGATE_ALLOW);
    CHECK(counted(reader, IPGATE_ORIGIN_NONE, "b", 2, 3) && counted(reader, IPGATE_ORIGIN_NONE, "c", 1, 0));
    CHECK(admits(reader, "10.1.1.1"));
    CHECK_OK(ipgate_gate_replace_text(gate, "10.0.0.0/8:c\n10.9.0.0/16:b", 26, NULL, NULL));
    CHECK(ipgate_expiring(reader, 0, NULL, 0) == 0);
    CHECK(counted(reader, IPGATE_ORIGIN_NONE, "new", 2, 0) && counted(reader, IPGATE_ORIGIN_NONE, "c", 1, 0));

    /* entries that expire are looked at by the clock, and counted as well */
    CHECK_OK(ipgate_gate_replace_text(gate, "10.0.0.0/8:new;until=2999-12-31", 31, NULL, NULL));
    CHECK(admits(reader, "10.1.1.1") && !admits(reader, "11.1.1.1"));
    CHECK(counted(reader, IPGATE_ORIGIN_NONE, "new", 3, 0) && counted(reader, IPGATE_ORIGIN_NONE, "", 3, 10));

    /* as many as there is room for, and how many there are */
    CHECK(ipgate_reader_counts(reader, counts, 2) == 6);
    CHECK(counts[1].size == sizeof(ipgate_count));
    counts[0].size = 3;
    CHECK(ipgate_reader_counts(reader, counts, 2) == 0);
    CHECK(ipgate_reader_counts(reader, NULL, 2) == 0);
    CHECK(ipgate_reader_counts(NULL, counts, 2) == 0);
    ipgate_reader_free(other);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

static void two_lists(void)
{
    ipgate_gate *d = gate_of("10.0.0.0/8:corp"), *a = gate_of("!10.9.0.0/16:lab,192.0.2.0/24:corp");
    ipgate_policy *policy = NULL;
    ipgate_reader *reader = NULL;

    CHECK_OK(ipgate_policy_new(&policy));
    CHECK_OK(ipgate_policy_set_default_gate(policy, d));
    CHECK_OK(ipgate_policy_set_app_gate(policy, a));
    CHECK_OK(ipgate_reader_new_policy(policy, &reader));
    CHECK(admits(reader, "10.1.1.1") && !admits(reader, "10.9.1.1") && admits(reader, "192.0.2.1"));
    CHECK(!admits(reader, "198.51.100.1") && admits(reader, "10.1.1.2"));
    CHECK(counted(reader, IPGATE_ORIGIN_DEFAULT, "corp", 2, 0) && counted(reader, IPGATE_ORIGIN_APP, "corp", 1, 0));
    CHECK(counted(reader, IPGATE_ORIGIN_APP, "lab", 0, 1) && counted(reader, IPGATE_ORIGIN_APP, "", 0, 1));
    CHECK_OK(ipgate_gate_replace_text(d, "10.0.0.0/8:other", 16, NULL, NULL));
    CHECK(admits(reader, "10.1.1.1"));
    CHECK(counted(reader, IPGATE_ORIGIN_DEFAULT, "corp", 2, 0) && counted(reader, IPGATE_ORIGIN_DEFAULT, "other", 1, 0));
    ipgate_reader_free(reader);
    ipgate_policy_free(policy);
    ipgate_gate_free(d);
    ipgate_gate_free(a);
}

static void more_labels_than_are_told_apart(void)
{
    size_t labels = 5000, length = 0, n, others = 0, sum = 0;
    char *text = (char *)malloc(labels * 32), client[32];
    ipgate_count *counts = (ipgate_count *)calloc(labels, sizeof *counts);
    ipgate_gate *gate;
    ipgate_reader *reader;

    CHECK(text != NULL && counts != NULL);
    for (size_t i = 0; i < labels; i++)
        length += (size_t)sprintf(text + length, "10.%zu.%zu.0/24:l%zu\n", i >> 8, i & 255, i);
    gate = gate_of(text);
    reader = reader_of(gate);
    for (size_t i = 0; i < labels; i++) {
        sprintf(client, "10.%zu.%zu.7", i >> 8, i & 255);
        CHECK(admits(reader, client));
    }
    counts[0].size = sizeof *counts;
    n = ipgate_reader_counts(reader, counts, labels);
    CHECK(n == 4097); /* 4,096 labels, and the others */
    for (size_t i = 0; i < n; i++) {
        sum += counts[i].allowed;
        others += counts[i].others ? counts[i].allowed : 0;
    }
    CHECK(sum == labels && others == labels - 4096);
    free(counts);
    free(text);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

static void wrong_input(void)
{
    ipgate_gate *gate = gate_of("0.0.0.0/0,::/0");
    ipgate_reader *reader = reader_of(gate);
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    struct sockaddr_in in;
    struct sockaddr *address = (struct sockaddr *)&in;

    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    CHECK(ipgate_admit(reader, address, sizeof in) == IPGATE_ALLOW);
    for (socklen_t len = 0; len < sizeof in; len++)
        CHECK(ipgate_admit(reader, address, len) == IPGATE_DENY);
    CHECK(ipgate_admit(reader, NULL, sizeof in) == IPGATE_DENY);
    CHECK(ipgate_admit(NULL, address, sizeof in) == IPGATE_DENY);
    verdict.decision = IPGATE_ALLOW; /* an old answer */
    CHECK(ipgate_admit_verdict(NULL, address, sizeof in, &verdict) == IPGATE_DENY);
    CHECK(verdict.decision == IPGATE_DENY && verdict.reason == IPGATE_REASON_FAILED);
    verdict.decision = IPGATE_ALLOW;
    CHECK(ipgate_admit_verdict(reader, NULL, sizeof in, &verdict) == IPGATE_DENY);
    CHECK(verdict.decision == IPGATE_DENY && verdict.reason == IPGATE_REASON_FAILED);
    verdict.size = 1; /* was never initialised */
    CHECK(ipgate_admit_verdict(reader, address, sizeof in, &verdict) == IPGATE_DENY);
    CHECK(ipgate_admit_text(reader, NULL, 7, NULL) == IPGATE_DENY);
    CHECK(ipgate_admit_text(NULL, "1.2.3.4", 7, NULL) == IPGATE_DENY);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

int main(void)
{
    one_list();
    two_lists();
    more_labels_than_are_told_apart();
    wrong_input();
    puts("admit: ok");
    return 0;
}
