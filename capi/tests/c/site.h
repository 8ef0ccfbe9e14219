/* What the tests of sites share. */
#ifndef SITE_H
#define SITE_H

#include "test.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* A site that has nothing yet. */
static inline ipgate_site *site_of_nothing(void)
{
    ipgate_site *site = NULL;
    CHECK_OK(ipgate_site_new(&site, NULL));
    return site;
}

static inline ipgate_site_reader *site_reader_of(const ipgate_site *site)
{
    ipgate_site_reader *reader = NULL;
    CHECK_OK(ipgate_site_reader_new(site, &reader, NULL));
    return reader;
}

/* Sets an app with a list and a host, each of which may be NULL. */
static inline ipgate_status try_app(ipgate_site *site, const char *name, const char *text, const char *host)
{
    ipgate_app_settings settings = IPGATE_APP_SETTINGS_INIT;
    settings.text = text;
    settings.text_len = text ? strlen(text) : 0;
    settings.hosts = &host;
    settings.host_count = host ? 1 : 0;
    return ipgate_site_set_app(site, name, strlen(name), &settings, NULL, 0, NULL);
}

static inline void set_app(ipgate_site *site, const char *name, const char *text)
{
    CHECK_OK(try_app(site, name, text, NULL));
}

static inline void set_default(ipgate_site *site, const char *text)
{
    CHECK_OK(ipgate_site_set_default(site, text, text ? strlen(text) : 0, NULL, NULL));
}

static inline void remove_app(ipgate_site *site, const char *name)
{
    CHECK_OK(ipgate_site_remove_app(site, name, strlen(name), 0, NULL));
}

/* What a site says of a client of an app. */
static inline ipgate_verdict asked(ipgate_site_reader *reader, const char *app, const char *client)
{
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    int decision = ipgate_site_check_name_text(reader, app, strlen(app), client, strlen(client), &verdict);
    CHECK(decision == verdict.decision);
    CHECK(decision == ipgate_site_check_name_text(reader, app, strlen(app), client, strlen(client), NULL));
    return verdict;
}

/* Whether a text with a length is that one; NULL is none. */
static inline int is_text(const char *text, size_t len, const char *expected)
{
    if (expected == NULL)
        return text == NULL && len == 0;
    return text != NULL && len == strlen(expected) && memcmp(text, expected, len) == 0;
}

#endif
