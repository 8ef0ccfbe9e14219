/* Checks of sites: which app, which list, which verdict. */
#include "site.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

static const uint8_t partner[4] = { 192, 0, 2, 7 };

/* One row of the policy's table: D is 10.0.0.0/8, A is 192.0.2.7. */
static void row(int has_default, int has_app, int mode, int enforce, const char *expected)
{
    const char *clients[] = { "10.0.0.1", "192.0.2.7", "203.0.113.9" };
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_app_settings settings = IPGATE_APP_SETTINGS_INIT;
    CHECK_OK(ipgate_site_set_rules(site, mode, enforce, 0, NULL));
    set_default(site, has_default ? "10.0.0.0/8:corp" : NULL);
    set_app(site, "shop", has_app ? "192.0.2.7:partner" : NULL);
    for (int i = 0; i < 3; i++)
        CHECK(asked(reader, "shop", clients[i]).decision == (expected[i] == '1'));
    /* The same, where the app has the mode and the site another. */
    settings.mode = mode;
    settings.text = has_app ? "192.0.2.7:partner" : NULL;
    settings.text_len = has_app ? strlen(settings.text) : 0;
    CHECK_OK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, NULL));
    CHECK_OK(ipgate_site_set_rules(site, (mode + 1) % 3, enforce, 0, NULL));
    for (int i = 0; i < 3; i++)
        CHECK(asked(reader, "shop", clients[i]).decision == (expected[i] == '1'));
    ipgate_site_free(site);
    ipgate_site_reader_free(reader);
}

static void policies(void)
{
    for (int mode = IPGATE_EXTEND; mode <= IPGATE_PRECEDE; mode++) {
        for (int enforce = 0; enforce < 2; enforce++) {
            row(0, 0, mode, enforce, enforce ? "000" : "111");
            row(1, 0, mode, enforce, "100");
            row(0, 1, mode, enforce, "010");
            row(1, 1, mode, enforce, mode == IPGATE_OVERRIDE ? "010" : "110");
        }
    }
}

static void a_new_site_denies_everyone(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_verdict verdict = asked(reader, "shop", "10.0.0.1");
    CHECK(verdict.decision == IPGATE_DENY && verdict.reason == IPGATE_REASON_NO_LIST);
    CHECK(verdict.app == NULL && verdict.app_len == 0);
    CHECK(verdict.site_generation == 1 && ipgate_site_generation(site) == 1);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

static void verdicts_are_filled(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_gate *gate = gate_of("10.0.0.0/8:other");
    ipgate_reader *of_gate = reader_of(gate);
    ipgate_verdict verdict;
    char text[64];

    set_default(site, "10.0.0.0/8:corp");          /* 2 */
    set_app(site, "shop", "192.0.2.0/24:partner"); /* 3 */
    set_app(site, "blog", NULL);                   /* 4 */
    verdict = asked(reader, "shop", "192.0.2.7");
    CHECK(verdict.decision == IPGATE_ALLOW && verdict.reason == IPGATE_REASON_ALLOW_ENTRY);
    CHECK(verdict.origin == IPGATE_ORIGIN_APP && is_text(verdict.label, verdict.label_len, "partner"));
    CHECK(is_text(verdict.app, verdict.app_len, "shop"));
    CHECK(verdict.generation == 3 && verdict.site_generation == 4);
    CHECK(ipgate_verdict_entry(&verdict, text, sizeof text) == strlen("192.0.2.0/24:partner"));
    CHECK_TEXT(text, "192.0.2.0/24:partner");
    verdict = asked(reader, "shop", "10.1.1.1");
    CHECK(verdict.origin == IPGATE_ORIGIN_DEFAULT && is_text(verdict.label, verdict.label_len, "corp"));
    CHECK(is_text(verdict.app, verdict.app_len, "shop") && verdict.generation == 2 && verdict.site_generation == 4);
    verdict = asked(reader, "blog", "10.1.1.1");
    CHECK(is_text(verdict.app, verdict.app_len, "blog") && verdict.generation == 2);
    verdict = asked(reader, "nobody's", "10.1.1.1");
    CHECK(verdict.decision == IPGATE_ALLOW && is_text(verdict.app, verdict.app_len, NULL));
    verdict = asked(reader, "shop", "203.0.113.9");
    CHECK(verdict.reason == IPGATE_REASON_NO_ENTRY && verdict.origin == IPGATE_ORIGIN_NONE);
    CHECK(is_text(verdict.app, verdict.app_len, "shop") && verdict.label_len == 0);

    /* The same place for a gate's verdict has nothing of the site's in it. */
    CHECK(ipgate_check_text(of_gate, "10.1.1.1", 8, &verdict) == IPGATE_ALLOW);
    CHECK(is_text(verdict.app, verdict.app_len, NULL) && verdict.site_generation == 0 && verdict.generation == 2);
    ipgate_reader_free(of_gate);
    ipgate_gate_free(gate);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

/* A program that was built when verdicts ended before the app. */
static void older_verdicts(void)
{
    const size_t old = offsetof(ipgate_verdict, app);
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_gate *gate = gate_of("192.0.2.7:gate");
    ipgate_reader *of_gate = reader_of(gate);
    const char *const sentinel = "not to be touched";
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;

    CHECK(old == 80);
    set_app(site, "shop", "192.0.2.7:partner");
    verdict.size = old;
    verdict.app = sentinel;
    verdict.site_generation = 77;
    CHECK(ipgate_site_check_name_bytes(reader, "shop", 4, partner, 4, &verdict) == IPGATE_ALLOW);
    CHECK(is_text(verdict.label, verdict.label_len, "partner") && verdict.prefix.length == 32);
    CHECK(ipgate_check_bytes(of_gate, partner, 4, &verdict) == IPGATE_ALLOW);
    CHECK(is_text(verdict.label, verdict.label_len, "gate") && verdict.prefix.length == 32);
    CHECK(verdict.size == old && verdict.app == sentinel && verdict.site_generation == 77);
    for (size_t wrong = 0; wrong < old; wrong += old - 1) {
        verdict.size = wrong;
        CHECK(ipgate_site_check_name_bytes(reader, "shop", 4, partner, 4, &verdict) == IPGATE_DENY);
    }
    ipgate_reader_free(of_gate);
    ipgate_gate_free(gate);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

static int is_host_of(ipgate_site_reader *reader, const char *host, const char *app)
{
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    ipgate_decision decision =
            ipgate_site_check_host_bytes(reader, host, strlen(host), partner, 4, &verdict);
    CHECK(decision == (app != NULL)); /* only apps of the site have a list */
    CHECK(ipgate_site_check_host_bytes(reader, host, strlen(host), partner, 4, NULL) == decision);
    return is_text(verdict.app, verdict.app_len, app);
}

static void hosts(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    char longest[300];
    CHECK_OK(try_app(site, "shop", "192.0.2.7", "shop.example.com"));
    CHECK_OK(try_app(site, "all", "192.0.2.7", "*.example.com"));
    CHECK_OK(try_app(site, "eu", "192.0.2.7", "*.eu.example.com"));
    CHECK(is_host_of(reader, "shop.example.com", "shop"));
    CHECK(is_host_of(reader, "Shop.Example.COM.", "shop"));
    CHECK(is_host_of(reader, "shop.example.com:8443", "shop"));
    CHECK(is_host_of(reader, "blog.example.com", "all"));
    CHECK(is_host_of(reader, "a.eu.example.com:80", "eu"));
    CHECK(is_host_of(reader, "eu.example.com", "all"));
    CHECK(is_host_of(reader, "example.com", NULL));
    CHECK(is_host_of(reader, "", NULL));
    CHECK(is_host_of(reader, "\xff\xfe", NULL));
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    CHECK(is_host_of(reader, longest, NULL));
    CHECK(ipgate_site_check_host_text(reader, NULL, 0, "192.0.2.7", 9, NULL) == IPGATE_DENY);
    set_default(site, "192.0.2.7"); /* which decides about apps that the site does not name */
    CHECK(ipgate_site_check_host_text(reader, NULL, 0, "192.0.2.7", 9, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_site_check_host_text(reader, NULL, 1, "192.0.2.7", 9, NULL) == IPGATE_DENY);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

/* One client in all forms of addresses, by all that says which app. */
static void addresses(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_app *app = NULL;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    const struct sockaddr *const sockets[] = { (struct sockaddr *)&in, (struct sockaddr *)&in6 };
    const socklen_t lens[] = { sizeof in, sizeof in6 };
    const uint8_t mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7 };
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;

    memset(&in, 0, sizeof in);
    memset(&in6, 0, sizeof in6);
    memset(&un, 0, sizeof un);
    in.sin_family = AF_INET;
    memcpy(&in.sin_addr, partner, 4);
    in6.sin6_family = AF_INET6;
    memcpy(&in6.sin6_addr, mapped, 16);
    un.sun_family = AF_UNIX;
    CHECK_OK(try_app(site, "shop", "192.0.2.7", "shop.example"));
    CHECK_OK(ipgate_app_new("shop", 4, &app, NULL));
    for (int i = 0; i < 2; i++) {
        CHECK(ipgate_site_check_name(reader, "shop", 4, sockets[i], lens[i], NULL) == IPGATE_ALLOW);
        CHECK(ipgate_site_check_host(reader, "shop.example", 12, sockets[i], lens[i], NULL) == IPGATE_ALLOW);
        CHECK(ipgate_site_check_app(reader, app, sockets[i], lens[i], &verdict) == IPGATE_ALLOW);
        CHECK(is_text(verdict.app, verdict.app_len, "shop") && verdict.prefix.length == 32);
    }
    CHECK(ipgate_site_check_name_bytes(reader, "shop", 4, mapped, 16, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_site_check_host_bytes(reader, "shop.example", 12, mapped, 16, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_site_check_app_bytes(reader, app, mapped, 16, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_site_check_app_bytes(reader, app, partner, 4, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_site_check_host_text(reader, "shop.example", 12, "192.0.2.7", 9, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_site_check_app_text(reader, app, "192.0.2.7", 9, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_site_check_app_text(reader, app, "192.0.2.8", 9, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ENTRY);

    /* Clients without an address. */
    CHECK(ipgate_site_check_name(reader, "shop", 4, (struct sockaddr *)&un, sizeof un, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ADDRESS && is_text(verdict.app, verdict.app_len, "shop"));
    CHECK(ipgate_site_check_host_bytes(reader, "shop.example", 12, mapped, 5, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ADDRESS && is_text(verdict.app, verdict.app_len, "shop"));
    CHECK(ipgate_site_check_app_text(reader, app, "nonsense", 8, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ADDRESS && is_text(verdict.app, verdict.app_len, "shop"));

    /* What is missing is a denial that failed, and no old answer stays. */
    verdict.decision = IPGATE_ALLOW;
    CHECK(ipgate_site_check_name(reader, "shop", 4, NULL, 0, &verdict) == IPGATE_DENY);
    CHECK(verdict.decision == IPGATE_DENY && verdict.reason == IPGATE_REASON_FAILED);
    CHECK(is_text(verdict.app, verdict.app_len, NULL) && verdict.site_generation == 0);
    verdict.decision = IPGATE_ALLOW;
    CHECK(ipgate_site_check_app_bytes(reader, NULL, partner, 4, &verdict) == IPGATE_DENY);
    CHECK(verdict.decision == IPGATE_DENY && verdict.reason == IPGATE_REASON_FAILED);
    verdict.decision = IPGATE_ALLOW;
    CHECK(ipgate_site_check_app_bytes(NULL, app, partner, 4, &verdict) == IPGATE_DENY);
    CHECK(verdict.decision == IPGATE_DENY && verdict.reason == IPGATE_REASON_FAILED);
    CHECK(ipgate_site_check_name_bytes(reader, NULL, 4, partner, 4, NULL) == IPGATE_DENY);
    CHECK(ipgate_site_check_name_bytes(reader, "shop", 4, NULL, 4, NULL) == IPGATE_DENY);
    CHECK(ipgate_site_check_name_text(reader, "shop", 4, NULL, 9, NULL) == IPGATE_DENY);
    CHECK(ipgate_site_check_name_text(NULL, "shop", 4, "192.0.2.7", 9, NULL) == IPGATE_DENY);
    ipgate_app_free(app);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

static int is_let_in(ipgate_site_reader *reader, ipgate_app *app)
{
    return ipgate_site_check_app_bytes(reader, app, partner, 4, NULL);
}

/* An app is found anew when names change, and stands for no other app. */
static void apps_are_looked_up(void)
{
    ipgate_site *site = site_of_nothing(), *other = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site), *of_other = site_reader_of(other);
    ipgate_app *app = NULL, *none = NULL;
    ipgate_error *error = NULL;

    CHECK_OK(ipgate_app_new("shop", 4, &app, NULL));
    CHECK(!is_let_in(reader, app)); /* the site does not name it yet */
    set_app(site, "shop", "192.0.2.7");
    CHECK(is_let_in(reader, app));
    CHECK(!is_let_in(of_other, app) && is_let_in(reader, app));
    remove_app(site, "shop");
    set_app(site, "blog", "192.0.2.7"); /* at the number that was free */
    CHECK(!is_let_in(reader, app));
    set_app(site, "shop", "192.0.2.7");
    CHECK(is_let_in(reader, app));

    CHECK(ipgate_app_new("../etc", 6, &none, &error) == IPGATE_ERROR_ARGUMENT && none == NULL);
    CHECK_TEXT(ipgate_error_message(error),
               "`../etc` is no name of an app: it is a path with an empty part, `.` or `..`");
    ipgate_error_free(error);
    CHECK(ipgate_app_new("\xff", 1, &none, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_app_new("", 0, &none, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_app_new(NULL, 4, &none, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_app_new("shop", 4, NULL, NULL) == IPGATE_ERROR_NULL && none == NULL);
    ipgate_app_free(NULL);
    ipgate_app_free(app);
    ipgate_site_reader_free(of_other);
    ipgate_site_reader_free(reader);
    ipgate_site_free(other);
    ipgate_site_free(site);
}

int main(void)
{
    policies();
    a_new_site_denies_everyone();
    verdicts_are_filled();
    older_verdicts();
    hosts();
    addresses();
    apps_are_looked_up();
    puts("ok");
    return 0;
}
