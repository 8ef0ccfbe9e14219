/*
 * ipgate 0.2.0: filters requests by client address, with labelled allow and deny lists of IP prefixes that
 * are looked up in nanoseconds and swapped under load.
 *
 * A list becomes a table, a gate holds the current table, and each thread checks through a reader of its own:
 *
 *     #include <ipgate.h>
 *     #include <stdio.h>
 *     #include <string.h>
 *
 *     int main(int argc, char **argv)
 *     {
 *         const char *list = "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ";
 *         const char *client = argc > 1 ? argv[1] : "10.0.1.7";
 *         ipgate_gate *gate = NULL;
 *         ipgate_reader *reader = NULL;
 *         ipgate_error *error = NULL;
 *         ipgate_verdict verdict = IPGATE_VERDICT_INIT;
 *
 *         ipgate_gate_new(NULL, &gate, &error);
 *         ipgate_gate_replace_text(gate, list, strlen(list), NULL, error ? NULL : &error);
 *         ipgate_reader_new(gate, &reader);
 *         if (error) // whatever it is, every check denies
 *             fprintf(stderr, "%s\n", ipgate_error_message(error));
 *         ipgate_check_text(reader, client, strlen(client), &verdict);
 *         printf("%s %.*s\n", verdict.decision ? "allow" : "deny", (int)verdict.label_len, verdict.label);
 *         ipgate_reader_free(reader);
 *         ipgate_gate_free(gate);
 *         ipgate_error_free(error);
 *         return verdict.decision == IPGATE_ALLOW ? 0 : 1;
 *     }
 *
 *     cc check.c $(pkg-config --cflags --libs ipgate) -o check
 *
 * RULES. They hold for every function; what a function says itself comes on top.
 *
 * Denial. 0 is deny, and every failure denies: a NULL reader, an address that is none, a wrong size, an internal
 * error. Memory that is all zeros is a denial. What a list does not allow is denied.
 *
 * Pointers. Each is checked for NULL, and NULL is IPGATE_ERROR_NULL, a denial, or 0, unless it is said to be
 * fine. A pointer that is not NULL must point to what its type says, for the length that is given with it, and
 * nothing else may write there during the call. A length of 0 needs no pointer.
 *
 * Outputs are written only on success, and `error` only on failure. It may be NULL; what is written there is
 * freed by the caller with ipgate_error_free(). Two exceptions, so that nobody takes an old answer for a new one:
 * a check writes its verdict also where it fails, as a denial, and a text for a buffer is empty where there is
 * none.
 *
 * Ownership. Whatever a function makes (`**`) belongs to the caller, who frees it once with the _free function
 * of its type; that of NULL is fine. Handles may be freed in any order: each keeps what it needs alive. Nothing
 * that is passed to a function is needed after it returns.
 *
 * Structs that may grow begin with their size, which the caller sets: initialise each with its _INIT macro. A
 * program that was built with an older header than the library goes on working, and one with a newer header gets
 * an error only where it sets what the library does not know.
 *
 * Threads. Lists, gates, sites and errors may be used by any number of threads at the same time, a gate or a site
 * also while it is changed; a policy, a reader or an app by one thread at a time. No handle may be freed while
 * another thread uses it. After a swap has returned, every check that begins on any thread sees the new table or a
 * newer one; after a change of a site, the site as it is then or a newer one.
 *
 * Labels and other texts of a verdict or an entry live until the next call with the reader that gave them, the ones
 * that pause and free it included, and not a moment longer: copy them (ipgate_verdict_label()) to keep them. They
 * have no NUL behind them. Texts of type `const char *` in errors and diagnostics end with a NUL and live as long as
 * the error.
 *
 * Manners. Nothing is printed, no signal handler is set, no environment is read, and no thread is started unless
 * asked (IPGATE_POLL_THREAD, ipgate_gate_follow()), and such a thread takes no signals. Panics do not leave the
 * library: a caught one is a denial or IPGATE_ERROR_PANIC, and shows in ipgate_gate_last_error(), or that of a site.
 *
 * Processes. The library may be loaded, and handles made, before fork(), and used by parent and children after it,
 * each with its own copy: a swap in one is not seen by the others. Fork while no other thread of the program is
 * inside the library; its own threads are no obstacle, and do not exist in the child. After dlclose() nothing runs,
 * once every handle is freed.
 *
 * Stability. Names, values and meanings of this header hold for all versions with the same IPGATE_ABI_VERSION,
 * which is the number in libipgate.so's name. Values may be added to enums: treat an unknown reason as what the
 * decision says.
 *
 * Made from the Rust sources by cbindgen; see capi/README.md.
 */

#ifndef IPGATE_H
#define IPGATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define IPGATE_VERSION "0.2.0"
#define IPGATE_VERSION_MAJOR 0
#define IPGATE_VERSION_MINOR 2
#define IPGATE_VERSION_PATCH 0
#define IPGATE_ABI_VERSION 0


// Bad entries are left out, reported and counted (ipgate_gate_warnings()). Without it any error rejects the whole
// list. A list whose every entry is bad is rejected either way, and so is one of which more than max_bad_percent is
// bad.
#define IPGATE_LENIENT 1

// Any warning rejects the list, those of IPGATE_LINT included.
#define IPGATE_DENY_WARNINGS 2

// Warn also of duplicates, shadowed entries, wide prefixes and whatever else is legal but probably not meant.
#define IPGATE_LINT 4

// Read, parse and compile on a thread, instead of the calling one. It also frees the table that was replaced, at the
// next poll, and ends.
#define IPGATE_POLL_THREAD 1

// Begin no load, and say IPGATE_POLL_READY where there is one to begin. For programs of several processes that are
// to load one after the other, since loading takes more memory than what is loaded. A load that was begun before
// is ended, and IPGATE_POLL_PENDING stands for it, and for a file that is being written.
#define IPGATE_POLL_LOOK 2

// Find also the entry that decided: prefix and until_micros of a verdict. Costs another search.
#define IPGATE_WANT_ENTRY 1

// Count the decision of a site: see ipgate_site_reader_counts(). Those of gates and policies are counted by
// ipgate_admit().
#define IPGATE_WANT_COUNT 2

// In the place of an app's ipgate_mode: that of its site, whatever it is.
#define IPGATE_MODE_OF_SITE -1

// Lets a change pass after which more apps have no list than the site's guard allows.
#define IPGATE_PERMIT_REMOVAL 1

// Lets a change pass after which lists are no longer required, although the site's guard is to keep that.
#define IPGATE_PERMIT_ENFORCE_OFF 2

// How many reasons there is room for in counts.
#define IPGATE_REASONS 8

// What a call that may fail came to. Values never change; new ones may come.
enum ipgate_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // It did what it says.
  IPGATE_OK = 0,
  // A pointer that must not be NULL is NULL.
  IPGATE_ERROR_NULL = 1,
  // An argument has a value that it must not have.
  IPGATE_ERROR_ARGUMENT = 2,
  // A list has errors, or warnings where these are denied.
  IPGATE_ERROR_LIST = 3,
  // A file cannot be read.
  IPGATE_ERROR_IO = 4,
  // A compiled image is damaged or of another format.
  IPGATE_ERROR_IMAGE = 5,
  // The gate's guard refused the swap.
  IPGATE_ERROR_REFUSED = 6,
  // No thread could be started.
  IPGATE_ERROR_THREAD = 7,
  // The library caught a panic of its own: a bug worth reporting.
  IPGATE_ERROR_PANIC = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_status ipgate_status;
#else
typedef int32_t ipgate_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a poll came to.
enum ipgate_poll
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Nothing new; also where what is wrong with the file has been reported already.
  IPGATE_POLL_UNCHANGED = 0,
  // A new list is being loaded on a thread, or the file is being written: poll again soon.
  IPGATE_POLL_PENDING = 1,
  // A new list is in force.
  IPGATE_POLL_SWAPPED = 2,
  // There is a new list and it was not taken, or the call failed. The last good list stays.
  IPGATE_POLL_FAILED = 3,
  // There is something to load, and IPGATE_POLL_LOOK said not to: poll without it.
  IPGATE_POLL_READY = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_poll ipgate_poll;
#else
typedef int32_t ipgate_poll;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Whether a client may pass.
enum ipgate_decision
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // No.
  IPGATE_DENY = 0,
  // Yes.
  IPGATE_ALLOW = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_decision ipgate_decision;
#else
typedef int32_t ipgate_decision;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How much a diagnostic weighs.
enum ipgate_severity
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Legal, but probably not meant.
  IPGATE_WARNING = 1,
  // Rejects the list, or with IPGATE_LENIENT the entry.
  IPGATE_ERROR = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_severity ipgate_severity;
#else
typedef int32_t ipgate_severity;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How an app list combines with the default list.
enum ipgate_mode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Both lists together, longest prefix over both; on equal prefixes the app list wins.
  IPGATE_EXTEND = 0,
  // The app list alone.
  IPGATE_OVERRIDE = 1,
  // The app list wherever an entry of it covers the client, by the longest prefix of its own; the default list
  // elsewhere.
  IPGATE_PRECEDE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_mode ipgate_mode;
#else
typedef int32_t ipgate_mode;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Why.
enum ipgate_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Denied: the check failed (a NULL pointer, a wrong size, a caught panic).
  IPGATE_REASON_FAILED = 0,
  // Denied: the client has no usable IP address.
  IPGATE_REASON_NO_ADDRESS = 1,
  // Denied: a list is required, and none is set.
  IPGATE_REASON_NO_LIST = 2,
  // Denied: no entry covers the address.
  IPGATE_REASON_NO_ENTRY = 3,
  // Denied: a deny entry decides, in general that of the longest prefix that covers the address.
  IPGATE_REASON_DENY_ENTRY = 4,
  // Allowed: an allow entry decides, in general that of the longest prefix that covers the address.
  IPGATE_REASON_ALLOW_ENTRY = 5,
  // Allowed: no list is set, and none is required.
  IPGATE_REASON_NO_GATE = 6,
  // Denied by the program, and never by a check: the site does not name the app, and the program lets nobody in to
  // such a one.
  IPGATE_REASON_UNKNOWN_APP = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_reason ipgate_reason;
#else
typedef int32_t ipgate_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which list of a policy an entry comes from.
enum ipgate_origin
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // No entry, so no list.
  IPGATE_ORIGIN_NONE = 0,
  // The default list.
  IPGATE_ORIGIN_DEFAULT = 1,
  // The app list; also the one list of a gate without a policy.
  IPGATE_ORIGIN_APP = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_origin ipgate_origin;
#else
typedef int32_t ipgate_origin;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What stands in the place of an app's list.
enum ipgate_list_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // No list.
  IPGATE_LIST_UNSET = 0,
  // A list is to come; until then everyone is denied about whom it may decide.
  IPGATE_LIST_WAITING = 1,
  // A list.
  IPGATE_LIST_SET = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_list_state ipgate_list_state;
#else
typedef int32_t ipgate_list_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Whose decisions are asked for.
enum ipgate_counted
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Those about the clients of one app, which is named.
  IPGATE_COUNTED_APP = 0,
  // Those about the clients of all apps that the site does not name.
  IPGATE_COUNTED_UNNAMED = 1,
  // Those about the clients of all apps that are gone from the site. One that comes again begins anew.
  IPGATE_COUNTED_GONE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_counted ipgate_counted;
#else
typedef int32_t ipgate_counted;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How a report is written.
enum ipgate_report_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // JSON.
  IPGATE_REPORT_JSON = 0,
  // The text format of Prometheus, version 0.0.4, for "text/plain; version=0.0.4; charset=utf-8". No label holds an
  // address, but for names of lists and sites, which are the program's. The first 100 labels of a list are told apart,
  // the first 20 of an app, and the apps of the page; all others are "other".
  IPGATE_REPORT_PROMETHEUS = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ipgate_report_format ipgate_report_format;
#else
typedef int32_t ipgate_report_format;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// An app that is asked for again and again, as that of a location in a proxy's configuration: it is looked up by
// its name once, and anew after names of the site have changed.
//
// One thread at a time; take one for each thread. It is of no site: whichever is asked may name it or not, and may
// come to name it later.
typedef struct ipgate_app ipgate_app;

// Why a call failed, or what a list that was taken has to be warned of: a status, a message, and for lists
// every error and warning with its place.
//
// Immutable: any number of threads may read one at the same time. Everything that is read from it lives until
// ipgate_error_free().
typedef struct ipgate_error ipgate_error;

// A file that is followed into a gate by a thread.
//
// To be freed by one thread, and by the process that made it; one that was forked since frees it without
// effect, and follows the file anew if it wants to.
typedef struct ipgate_follower ipgate_follower;

// The holder of the current table, which is swapped while readers check.
//
// Any number of threads may use one at the same time, except to free it. Swaps exclude each other: one waits
// for the other. A swap that fails, for whatever reason, changes nothing but ipgate_gate_stats() and
// ipgate_gate_last_error().
typedef struct ipgate_gate ipgate_gate;

// A list that was taken, with its warnings.
//
// Immutable: any number of threads may use one at the same time. What was made from it does not need it any more.
typedef struct ipgate_list ipgate_list;

// A default list and an app list, each of which may be unset; how they combine; and whether everyone or no
// one is allowed where neither is set.
//
//     default  app    mode      enforce  allowed
//     -        -      any       off      everyone (no gate)
//     -        -      any       on       no one
//     D        -      any       any      D
//     -        A      any       any      A
//     D        A      extend    any      D and A together
//     D        A      override  any      A
//     D        A      precede   any      A where an entry of A covers the client, D elsewhere
//
// A list that is set but empty is set: nobody matches it. Each place holds a list, or a gate whose current
// table then counts, so that many policies can share lists that are swapped.
//
// One thread at a time. Gates and readers that were made from a policy do not need it any more, and do not
// see later changes of it.
typedef struct ipgate_policy ipgate_policy;

// A thread's handle for checks. A check takes no lock, does not wait and does not allocate.
//
// One thread at a time; take one for each thread. It may outlive the gate or policy that it was made from,
// and then goes on with the last table. An idle reader keeps the table of its last check alive: see
// ipgate_reader_pause().
typedef struct ipgate_reader ipgate_reader;

// A report for operators: what a program has in force, and what its readers have decided. Begun by
// ipgate_report_new(), filled by the functions that add lists, sites and decisions, in this order, and written by
// ipgate_report_text(). What is added is looked at then and there.
//
// One thread at a time.
typedef struct ipgate_report ipgate_report;

// The holder of all that one fleet of routers enforces: a default list, how the lists of apps combine with it,
// whether lists are required, and the apps, each with a list, a mode and hosts of its own where it has them. For
// each app the table of ipgate_policy holds; an app that the site does not name has no list.
//
// The default list is compiled and held once, however many apps there are. Changing an app compiles its list alone,
// and a check sees the site as it was before a change or as it is after it.
//
// Any number of threads may use one at the same time, except to free it. Changes exclude each other: one waits for
// the other. A change that fails, for whatever reason, changes nothing but ipgate_site_get_stats() and
// ipgate_site_last_error().
typedef struct ipgate_site ipgate_site;

// Apps of a site as they were at one moment, to be walked through.
//
// Immutable: any number of threads may read one at the same time. It keeps that state of the site alive.
typedef struct ipgate_site_page ipgate_site_page;

// A thread's handle for checks of a site. A check takes no lock, does not wait and does not allocate.
//
// One thread at a time; take one for each thread. It may outlive the site, and then goes on with what that was. An
// idle reader keeps the site as it was at its last check alive: see ipgate_site_reader_pause().
typedef struct ipgate_site_reader ipgate_site_reader;

// One error or warning of a list. Its texts end with a NUL and live as long as the ipgate_error that it
// was read from.
typedef struct {
  // sizeof(ipgate_diagnostic), set by the caller: IPGATE_DIAGNOSTIC_INIT.
  size_t size;
  // An ipgate_severity.
  int32_t severity;
  // The line, counted from 1; 0 where it is about the whole text.
  uint32_t line;
  // The column in characters, counted from 1; 0 where it is about the whole text.
  uint32_t column;
  // Unused.
  uint32_t reserved;
  // What it is about: a stable name for programs, such as "leading-zero".
  const char *code;
  // What is wrong, without its place.
  const char *message;
  // What to write instead; NULL where there is nothing to suggest.
  const char *suggestion;
  // The text that it is about.
  const char *token;
} ipgate_diagnostic;

// How a list is taken. Initialise it with IPGATE_OPTIONS_INIT. Where a call takes options, NULL stands for
// strict, without lints, the default limits.
typedef struct {
  // sizeof(ipgate_options), set by the caller: IPGATE_OPTIONS_INIT.
  size_t size;
  // IPGATE_LENIENT, IPGATE_DENY_WARNINGS, IPGATE_LINT, or'ed.
  uint32_t flags;
  // How many errors, and how many warnings, are kept whole; 0 for 100. The others are counted.
  uint32_t max_diagnostics;
  // The most entries; 0 for 16 Mi.
  uint64_t max_entries;
  // The most bytes of text; 0 for 1 GiB.
  uint64_t max_bytes;
  // The name under which a list that is given as text is shown; NULL for none. Files have their path.
  const char *source;
  // The most bytes of an image, in the place of a file with a list; 0 for what two lists within the other limits
  // are compiled to at the most, which is 12 GiB where those are the defaults.
  uint64_t max_image_bytes;
  // With IPGATE_LENIENT, the most pieces of a text that are left out, in percent, up to 100; 0 for 50. More bad ones
  // than that reject the list: it is some other file.
  uint32_t max_bad_percent;
  // 0.
  uint32_t reserved;
} ipgate_options;

// Conditions under which a gate refuses to swap a valid list in. Initialise it with IPGATE_GUARD_INIT,
// which refuses nothing.
typedef struct {
  // sizeof(ipgate_guard), set by the caller: IPGATE_GUARD_INIT.
  size_t size;
  // Refuse a swap that drops more than this percentage of the allowed addresses of either family, or of
  // the entries. Negative: no limit.
  double max_shrink_percent;
  // Refuse (any number but 0) a swap that leaves no entries.
  int32_t refuse_empty;
  // Refuse a swap that adds an allowed IPv4 prefix shorter than this; 0: no limit.
  uint8_t widest_v4;
  // The same for IPv6.
  uint8_t widest_v6;
  // Unused; zero.
  uint16_t reserved;
  // Refuse a swap that would deny any of these addresses: text, separated by commas; NULL: none.
  const char *must_allow;
} ipgate_guard;

// Is told of each new list: IPGATE_POLL_SWAPPED, with the list's warnings as `report`, or
// IPGATE_POLL_FAILED, with the error. Runs on the following thread; `report` lives until it returns, and is
// not to be freed. It must not free the follower.
typedef void (*ipgate_callback)(void *data, ipgate_poll outcome, const ipgate_error *report);

// A gate in figures. Initialise it with IPGATE_STATS_INIT. Times are microseconds since 1970 UTC.
typedef struct {
  // sizeof(ipgate_stats), set by the caller: IPGATE_STATS_INIT.
  size_t size;
  // Entries of the current table.
  uint64_t entries;
  // Bytes of memory that it takes.
  uint64_t bytes;
  // Its generation: 1 for a new gate, and one more with every swap.
  uint64_t generation;
  // When it was swapped in.
  int64_t last_swap_micros;
  // The last time that a new list was not taken; 0 for never.
  int64_t last_failure_micros;
  // How often that happened since the current table, or a look at its unchanged file, was good; 0 while
  // what is in force is what there is.
  uint64_t failures;
  // When its next entry ceases to hold; 0 for never.
  int64_t next_expiry_micros;
  // SHA-256 of the list's text (`sha256sum` prints the same), of the app list's where there are two; of an
  // image, that of the text it was compiled from. Zeros without a text.
  uint8_t digest[32];
} ipgate_stats;

// A prefix. Will never grow.
typedef struct {
  // 4, 6, or 0 for none.
  uint8_t family;
  // Bits: at most 32 or 128.
  uint8_t length;
  // In network order; of an IPv4 prefix the first four bytes.
  uint8_t address[16];
} ipgate_prefix;

// The answer for one client. Initialise it with IPGATE_VERDICT_INIT, which is a denial and wants everything;
// with `want` 0 it is faster, and has all but the prefix and until_micros.
//
// `label` lives until the next call with the reader that gave the verdict; ipgate_verdict_label() copies it.
typedef struct {
  // sizeof(ipgate_verdict), set by the caller: IPGATE_VERDICT_INIT.
  size_t size;
  // IPGATE_WANT_ENTRY and IPGATE_WANT_COUNT, or 0, set by the caller.
  uint32_t want;
  // An ipgate_decision; the same that the call returns.
  int32_t decision;
  // An ipgate_reason.
  int32_t reason;
  // An ipgate_origin: whose entry decided.
  int32_t origin;
  // The generation of the table that decided; of a policy with gates, one more for each of their swaps; of a site,
  // that of the site with which the list that decided came into force.
  uint64_t generation;
  // The label of the entry that decided, without a NUL behind it; empty where there is none, never NULL.
  const char *label;
  // Bytes of the label; 0 where there is none.
  size_t label_len;
  // When the entry that decided ceases to hold, in microseconds since 1970 UTC; 0 for never. Only if
  // wanted.
  int64_t until_micros;
  // The prefix of the entry that decided; family 0 where none did. Only if wanted.
  ipgate_prefix prefix;
  // Unused.
  uint8_t reserved[6];
  // The name of the app that a site was asked about, without a NUL behind it; NULL where the site does not name
  // it, and for gates and policies. Lives as long as the label.
  const char *app;
  // Bytes of the name; 0 without one.
  size_t app_len;
  // The generation of the site; 0 for gates and policies.
  uint64_t site_generation;
} ipgate_verdict;

// Decisions of one kind. Initialise the first of an array with IPGATE_COUNT_INIT.
//
// `label` lives until the next call with the reader that gave the count.
typedef struct {
  // sizeof(ipgate_count), set by the caller: IPGATE_COUNT_INIT.
  size_t size;
  // An ipgate_origin: the list that they count for. IPGATE_ORIGIN_NONE for a gate without a policy, and for an app.
  int32_t origin;
  // 1 for labels beyond those that are told apart, 0 otherwise.
  int32_t others;
  // The label of the entries that decided, without a NUL behind it; empty for entries without a label and where
  // no entry decided, never NULL.
  const char *label;
  // Bytes of the label; 0 where there is none.
  size_t label_len;
  // How many were allowed.
  uint64_t allowed;
  // How many were denied.
  uint64_t denied;
} ipgate_count;

// One entry of a list. Initialise it, or the first of an array, with IPGATE_ENTRY_INIT.
//
// `label` and `source` live until the next call with the reader that gave the entry.
typedef struct {
  // sizeof(ipgate_entry), set by the caller: IPGATE_ENTRY_INIT.
  size_t size;
  // What the entry does: an ipgate_decision.
  int32_t action;
  // An ipgate_origin.
  int32_t origin;
  // The label, without a NUL behind it; empty where there is none, never NULL.
  const char *label;
  // Bytes of the label; 0 where there is none.
  size_t label_len;
  // The name of the entry's list, usually a path, without a NUL behind it; empty where it has none.
  const char *source;
  // Bytes of the source.
  size_t source_len;
  // When the entry ceases to hold, in microseconds since 1970 UTC; 0 for never.
  int64_t until_micros;
  // The line of the list on which it stands, counted from 1; 0 where that is not known.
  uint32_t line;
  // The prefix.
  ipgate_prefix prefix;
  // Unused.
  uint8_t reserved[2];
} ipgate_entry;

// Conditions under which a site refuses a valid change. Initialise it with IPGATE_SITE_GUARD_INIT, which refuses
// nothing.
typedef struct {
  // sizeof(ipgate_site_guard), set by the caller: IPGATE_SITE_GUARD_INIT.
  size_t size;
  // Refuse a change after which more than this percentage of the apps with lists have none. Negative: no limit.
  double max_removed_percent;
  // Refuse (any number but 0) a change after which lists are no longer required.
  int32_t keep_enforced;
  // Unused; zero.
  uint32_t reserved;
  // What holds for each new default list, and where it is unset; NULL: nothing.
  const ipgate_guard *default_guard;
  // What holds for each new list of an app; NULL: nothing.
  const ipgate_guard *app_guard;
} ipgate_site_guard;

// What there is to say of an app. Initialise it with IPGATE_APP_SETTINGS_INIT: no list of its own, the mode of its
// site, no hosts.
typedef struct {
  // sizeof(ipgate_app_settings), set by the caller: IPGATE_APP_SETTINGS_INIT.
  size_t size;
  // How its list combines with the default list: an ipgate_mode, or IPGATE_MODE_OF_SITE.
  int32_t mode;
  // Any number but 0, and no text: it is to have a list, which cannot be had yet. Until then everyone is denied
  // about whom that list may decide.
  int32_t waiting;
  // Its list as text, which need not end with a NUL; NULL: it has none. A text of no bytes is a list that is set:
  // nobody matches it.
  const char *text;
  // Bytes of the text.
  size_t text_len;
  // Names that end with a NUL: the hosts under which it is asked for, such as "shop.example.com", or
  // "*.shop.example.com" for all that are below. NULL where there are none.
  const char *const *hosts;
  // How many hosts there are.
  size_t host_count;
} ipgate_app_settings;

// A site in figures. Initialise it with IPGATE_SITE_STATS_INIT. Times are microseconds since 1970 UTC.
typedef struct {
  // sizeof(ipgate_site_stats), set by the caller: IPGATE_SITE_STATS_INIT.
  size_t size;
  // Its generation: 1 for a new site, and one more with every change that came into force.
  uint64_t generation;
  // Apps that it names.
  uint64_t apps;
  // Of these, those with a list of their own, or one to come.
  uint64_t lists;
  // Entries of all lists, the default list's included.
  uint64_t entries;
  // Bytes of memory that their tables take.
  uint64_t bytes;
  // When the last change came into force.
  int64_t last_change_micros;
  // The last time that a change was not taken; 0 for never.
  int64_t last_failure_micros;
  // How often that happened since a change was taken.
  uint64_t failures;
} ipgate_site_stats;

// An app of a site in figures. Initialise the first of an array with IPGATE_APP_STATS_INIT.
typedef struct {
  // sizeof(ipgate_app_stats), set by the caller: IPGATE_APP_STATS_INIT.
  size_t size;
  // Its name, without a NUL behind it. Lives until ipgate_site_page_free().
  const char *name;
  // Bytes of the name.
  size_t name_len;
  // The generation of the site with which its list came into force, or with which it was said to come; 0 without
  // one.
  uint64_t list_generation;
  // Entries of its list.
  uint64_t entries;
  // How many hosts it has.
  uint64_t hosts;
  // The ipgate_mode that holds for it: its own, or that of its site.
  int32_t mode;
  // An ipgate_list_state.
  int32_t list;
} ipgate_app_stats;

// Decisions about the clients of one app. Initialise it with IPGATE_APP_COUNTS_INIT.
typedef struct {
  // sizeof(ipgate_app_counts), set by the caller: IPGATE_APP_COUNTS_INIT.
  size_t size;
  // How many were allowed.
  uint64_t allowed;
  // How many were denied.
  uint64_t denied;
  // All of these, by ipgate_reason.
  uint64_t reasons[IPGATE_REASONS];
} ipgate_app_counts;

// The process that reports. Initialise it with IPGATE_REPORT_PROGRAM_INIT.
typedef struct {
  // sizeof(ipgate_report_program), set by the caller: IPGATE_REPORT_PROGRAM_INIT.
  size_t size;
  // The program, such as "nginx": the key of its version in JSON.
  const char *name;
  // Its version.
  const char *version;
  // The number of the process.
  int64_t pid;
  // Which of the program's workers it is: a label of all metrics, because each process counts by itself.
  uint64_t worker;
  // Whether (any number but 0) it is about to end.
  int32_t exiting;
  // Unused; zero.
  uint32_t reserved;
} ipgate_report_program;

// A list or a site, as a configuration names it. Initialise it with IPGATE_REPORT_SOURCE_INIT.
typedef struct {
  // sizeof(ipgate_report_source), set by the caller: IPGATE_REPORT_SOURCE_INIT.
  size_t size;
  // Its name.
  const char *name;
  // Bytes of the name.
  size_t name_len;
  // Where it is read from.
  const char *path;
  // Bytes of the path; 0 for what stands in the configuration itself.
  size_t path_len;
  // How often the path is looked at, in milliseconds.
  uint64_t interval_millis;
} ipgate_report_source;

// Which lists a reader combines, by their names. Initialise it with IPGATE_REPORT_LISTS_INIT, for none.
typedef struct {
  // sizeof(ipgate_report_lists), set by the caller: IPGATE_REPORT_LISTS_INIT.
  size_t size;
  // The app list, or the one of a gate without a policy; NULL: none.
  const char *app;
  // Bytes of its name.
  size_t app_len;
  // The default list; NULL: none.
  const char *fallback;
  // Bytes of its name.
  size_t fallback_len;
  // Whether (any number but 0) what the reader denies is denied in a dry run only.
  int32_t dry_run;
  // Unused; zero.
  uint32_t reserved;
  // How many clients without an address the program has let in although the reader denied them.
  uint64_t let_in;
} ipgate_report_lists;

// Which apps of a site are shown. Initialise it with IPGATE_REPORT_PAGE_INIT, for the first hundred.
typedef struct {
  // sizeof(ipgate_report_page), set by the caller: IPGATE_REPORT_PAGE_INIT.
  size_t size;
  // Part of the name, or of a host, of the apps that are wanted, as for ipgate_site_page_new(). What is not UTF-8 is part
  // of none.
  const char *text;
  // Bytes of the text; 0 for all apps.
  size_t text_len;
  // How many of them are skipped.
  size_t from;
  // How many are shown.
  size_t count;
} ipgate_report_page;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// A status in words.
//
// Any thread. The text lives as long as the library is loaded, and is never NULL, whatever the number.
const char *ipgate_strerror(int32_t status);

// The version of the library that is loaded, such as "0.1.0"; IPGATE_VERSION is that of the header.
//
// Any thread. The text lives as long as the library is loaded.
const char *ipgate_version(void);

// The ABI of the library that is loaded. A program that loads it by hand compares this with
// IPGATE_ABI_VERSION and uses it only where the two are equal.
//
// Any thread.
uint32_t ipgate_abi_version(void);

// Why it failed; IPGATE_OK where the error holds the warnings of a list that was taken, or is NULL.
ipgate_status ipgate_error_status(const ipgate_error *error);

// The whole story in one line, for a log. Never NULL: without an error it says so.
const char *ipgate_error_message(const ipgate_error *error);

// How many errors a list has, kept or not. 0 for errors that are not about a list, and for NULL.
size_t ipgate_error_count_errors(const ipgate_error *error);

// How many warnings a list has, kept or not. 0 for errors that are not about a list, and for NULL.
size_t ipgate_error_count_warnings(const ipgate_error *error);

// How many diagnostics can be walked: the first errors and the first warnings of a list
// (ipgate_options.max_diagnostics of each). 0 for NULL.
size_t ipgate_error_diagnostics(const ipgate_error *error);

// Writes a diagnostic, counted from 0 in the order of the text.
//
// Fails with IPGATE_ERROR_ARGUMENT where `index` is not below ipgate_error_diagnostics().
ipgate_status ipgate_error_diagnostic(const ipgate_error *error, size_t index, ipgate_diagnostic *diagnostic);

// Frees an error. NULL is fine.
void ipgate_error_free(ipgate_error *error);

// Takes a list from text, such as "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ".
//
// The text need not end with a NUL and is not needed afterwards. `options` may be NULL.
// Fails with IPGATE_ERROR_LIST, and an error that has every complaint with line and column.
ipgate_status ipgate_list_parse(const char *text,
                                size_t len,
                                const ipgate_options *options,
                                ipgate_list **list,
                                ipgate_error **error);

// Takes a list from a text file. `options` may be NULL. A compiled image is for gates alone.
//
// Fails with IPGATE_ERROR_IO or IPGATE_ERROR_LIST.
ipgate_status ipgate_list_read(const char *path,
                               const ipgate_options *options,
                               ipgate_list **list,
                               ipgate_error **error);

// The number of entries. 0 for NULL.
size_t ipgate_list_len(const ipgate_list *list);

// Gives the warnings of a list, and with IPGATE_LENIENT the errors for which entries were left out: an
// ipgate_error whose status is IPGATE_OK, to be freed by the caller. It may hold nothing.
ipgate_status ipgate_list_warnings(const ipgate_list *list, ipgate_error **warnings);

// Frees a list. NULL is fine.
void ipgate_list_free(ipgate_list *list);

// Makes a policy without lists: mode IPGATE_EXTEND, enforced, so that it allows no one until a list is set.
ipgate_status ipgate_policy_new(ipgate_policy **policy);

// Sets the default list. The list may be freed afterwards.
ipgate_status ipgate_policy_set_default(ipgate_policy *policy, const ipgate_list *list);

// Sets the app list. The list may be freed afterwards.
ipgate_status ipgate_policy_set_app(ipgate_policy *policy, const ipgate_list *list);

// Makes the gate's current table, whatever it is at the time of a check, the default list. The handle may be
// freed afterwards.
ipgate_status ipgate_policy_set_default_gate(ipgate_policy *policy, const ipgate_gate *gate);

// Makes the gate's current table, whatever it is at the time of a check, the app list. The handle may be
// freed afterwards.
ipgate_status ipgate_policy_set_app_gate(ipgate_policy *policy, const ipgate_gate *gate);

// Sets an ipgate_mode.
ipgate_status ipgate_policy_set_mode(ipgate_policy *policy, int32_t mode);

// Sets whether no one (any number but 0) or everyone (0) is allowed where no list is set.
ipgate_status ipgate_policy_set_enforce(ipgate_policy *policy, int32_t enforce);

// Frees a policy. NULL is fine.
void ipgate_policy_free(ipgate_policy *policy);

// Makes a gate at generation 1: with what `policy` allows, or where that is NULL with no list yet, so that
// everyone is denied until one is swapped in. A policy that holds gates is refused.
ipgate_status ipgate_gate_new(const ipgate_policy *policy, ipgate_gate **gate, ipgate_error **error);

// Gives another handle on the same gate, to be freed like the first. The gate lives until the last of its
// handles, and of its readers, is freed.
ipgate_status ipgate_gate_share(const ipgate_gate *gate, ipgate_gate **share);

// Guards swaps from now on; the last call counts. The strings in `guard` are not needed afterwards.
//
// Fails with IPGATE_ERROR_ARGUMENT; the guard stays what it was then.
ipgate_status ipgate_gate_set_guard(ipgate_gate *gate, const ipgate_guard *guard, ipgate_error **error);

// Swaps a list in. Fails with IPGATE_ERROR_REFUSED.
ipgate_status ipgate_gate_replace(ipgate_gate *gate, const ipgate_list *list, ipgate_error **error);

// Swaps in what a policy allows, which must not hold gates. Fails with IPGATE_ERROR_REFUSED.
ipgate_status ipgate_gate_replace_policy(ipgate_gate *gate,
                                         const ipgate_policy *policy,
                                         ipgate_error **error);

// Swaps in a list that is given as text, which need not end with a NUL and is not needed afterwards.
// `options` may be NULL. Fails with IPGATE_ERROR_LIST or IPGATE_ERROR_REFUSED.
ipgate_status ipgate_gate_replace_text(ipgate_gate *gate,
                                       const char *text,
                                       size_t len,
                                       const ipgate_options *options,
                                       ipgate_error **error);

// Swaps in a compiled image, which is copied, so that it is not needed afterwards. Everything that checks
// rely on is verified. Fails with IPGATE_ERROR_IMAGE or IPGATE_ERROR_REFUSED.
ipgate_status ipgate_gate_replace_image(ipgate_gate *gate,
                                        const uint8_t *image,
                                        size_t len,
                                        ipgate_error **error);

// Swaps in the list that a file holds, text or compiled image, and makes it the file that
// ipgate_gate_poll() looks at from then on, whether or not this first load succeeds. `options` may be NULL,
// and is for text.
//
// Reads, parses and compiles on the calling thread, and waits for at most 10 s where the file is being
// written or was a moment ago. Fails with IPGATE_ERROR_IO, IPGATE_ERROR_LIST,
// IPGATE_ERROR_IMAGE or IPGATE_ERROR_REFUSED.
ipgate_status ipgate_gate_replace_file(ipgate_gate *gate,
                                       const char *path,
                                       const ipgate_options *options,
                                       ipgate_error **error);

// Frees a handle of a gate. NULL is fine. Waits, with the last handle, until a load that
// ipgate_gate_poll() started on a thread has ended. Readers go on with the table that the gate had.
void ipgate_gate_free(ipgate_gate *gate);

// Looks whether the file of the last ipgate_gate_replace_file() has changed, and swaps its list in if so.
// For an event loop's timer: where nothing has changed this is one stat(), and with IPGATE_POLL_THREAD in
// `flags` it is never much more. Returns an ipgate_poll, with an error for IPGATE_POLL_FAILED.
//
// The same failure is reported once, and then counted in ipgate_gate_stats(). A file that cannot be read is
// tried again each time; one that was rejected or refused, when it changes. Without a file there is nothing
// to do. Also drops expired entries, which have ceased to hold long before, and takes those in again that hold
// once more because the clock was set back.
//
// In a process that was forked while a load was pending the next poll begins anew.
ipgate_poll ipgate_gate_poll(ipgate_gate *gate,
                             uint32_t flags,
                             ipgate_error **error);

// Loads a file as ipgate_gate_replace_file() does, and polls it from then on every `interval_ms`
// milliseconds (at least 10; 0 for 1000) on a thread of its own, until the follower is freed. `callback` may
// be NULL; it is called for what comes after the first load. `data` is passed to it as it is.
//
// Fails as ipgate_gate_replace_file() does, or with IPGATE_ERROR_THREAD. Nothing is followed then.
ipgate_status ipgate_gate_follow(ipgate_gate *gate,
                                 const char *path,
                                 const ipgate_options *options,
                                 uint32_t interval_ms,
                                 ipgate_callback callback,
                                 void *data,
                                 ipgate_follower **follower,
                                 ipgate_error **error);

// Loads a site as ipgate_site_replace_file() does, and polls it from then on, as ipgate_gate_follow() does a file.
//
// Fails as ipgate_site_replace_file() does, or with IPGATE_ERROR_THREAD. Nothing is followed then.
ipgate_status ipgate_site_follow(ipgate_site *site,
                                 const char *path,
                                 const ipgate_options *options,
                                 uint32_t interval_ms,
                                 ipgate_callback callback,
                                 void *data,
                                 ipgate_follower **follower,
                                 ipgate_error **error);

// Ends the following and waits until the thread has ended; the gate keeps what it has. NULL is fine.
void ipgate_follower_free(ipgate_follower *follower);

// Writes a gate's figures.
ipgate_status ipgate_gate_stats(const ipgate_gate *gate, ipgate_stats *stats);

// The generation of a gate's current table; 0 for NULL. Takes no lock.
uint64_t ipgate_gate_generation(const ipgate_gate *gate);

// Copies the name of what the current table was made from, usually a path, as snprintf() would: as much as
// fits, always with a NUL behind it, and returns the bytes of the whole name. 0 where it has none.
size_t ipgate_gate_source(const ipgate_gate *gate, char *buffer, size_t capacity);

// Gives the warnings of the list in force, as ipgate_list_warnings() does for a list. It may hold nothing.
ipgate_status ipgate_gate_warnings(const ipgate_gate *gate, ipgate_error **warnings);

// Gives a copy of the last failure since the last swap; its status is IPGATE_OK where there was none. What
// checks have to report, caught panics, is here too.
ipgate_status ipgate_gate_last_error(const ipgate_gate *gate, ipgate_error **error);

// Takes a reader of a gate.
ipgate_status ipgate_reader_new(const ipgate_gate *gate, ipgate_reader **reader);

// Takes a reader of a policy as it is now. The gates in it go on being swapped.
//
// With two gates and IPGATE_EXTEND a check looks into both tables. Until a gate has its first list, such a
// policy denies everyone: what that list will deny is not known.
ipgate_status ipgate_reader_new_policy(const ipgate_policy *policy, ipgate_reader **reader);

// Checks a socket address: AF_INET or AF_INET6 is looked up, everything else is a client without an IP
// address. Writes the verdict unless it is NULL.
ipgate_decision ipgate_check(ipgate_reader *reader,
                             const struct sockaddr *address,
                             socklen_t len,
                             ipgate_verdict *verdict);

// Decides about a socket address as ipgate_check() does without a verdict, and counts the decision: see
// ipgate_reader_counts(). What a program asks that filters every request and wants to report.
ipgate_decision ipgate_admit(ipgate_reader *reader, const struct sockaddr *address, socklen_t len);

// Checks a socket address as ipgate_check() does, verdict included, and counts the decision.
ipgate_decision ipgate_admit_verdict(ipgate_reader *reader,
                                     const struct sockaddr *address,
                                     socklen_t len,
                                     ipgate_verdict *verdict);

// The same with an address as text, as ipgate_check_text() has it. Writes the verdict unless it is NULL.
ipgate_decision ipgate_admit_text(ipgate_reader *reader,
                                  const char *address,
                                  size_t len,
                                  ipgate_verdict *verdict);

// Writes how many decisions ipgate_admit() has made with this reader, by list and label, as many counts as there is
// room for, and returns how many there are. Labels are counted across swaps by their texts; at most 4,096 of a list
// are told apart, the others are counted together. `counts` may be NULL where `capacity` is 0; otherwise the first
// element says how long each is. Allocates.
size_t ipgate_reader_counts(ipgate_reader *reader,
                            ipgate_count *counts,
                            size_t capacity);

// Checks an address of 4 bytes (IPv4) or 16 (IPv6) in network order. Any other length is a client without
// an IP address. Writes the verdict unless it is NULL.
ipgate_decision ipgate_check_bytes(ipgate_reader *reader,
                                   const uint8_t *address,
                                   size_t len,
                                   ipgate_verdict *verdict);

// Checks an address as text, such as "10.0.1.7" or "2001:db8::7", which need not end with a NUL. What is no
// IP address is a client without one. Writes the verdict unless it is NULL.
ipgate_decision ipgate_check_text(ipgate_reader *reader,
                                  const char *address,
                                  size_t len,
                                  ipgate_verdict *verdict);

// Checks `count` addresses of 16 bytes each in network order, IPv4 as ::ffff:a.b.c.d, and writes an
// ipgate_decision of one byte for each. Returns how many are allowed. A swap may come between two answers,
// never into one. Where it fails nothing is allowed: it returns 0, and every decision is a denial.
size_t ipgate_check_batch(ipgate_reader *reader, const uint8_t *addresses, size_t count, uint8_t *decisions);

// Explains a decision: writes the entries that cover an address, the one that decides first, as many as
// there is room for, and returns how many there are. The address is as for ipgate_check_bytes().
//
// `entries` may be NULL where `capacity` is 0; otherwise the first element says how long each is. Allocates.
size_t ipgate_explain(ipgate_reader *reader,
                      const uint8_t *address,
                      size_t len,
                      ipgate_entry *entries,
                      size_t capacity);

// Writes the entries that cease to hold at or before an instant (microseconds since 1970 UTC), the soonest
// first, as many as there is room for, and returns how many there are. Looks at every entry of a table that
// has such entries. `entries` as for ipgate_explain(). Allocates.
size_t ipgate_expiring(ipgate_reader *reader, int64_t until_micros, ipgate_entry *entries, size_t capacity);

// Lets go of the table, so that an idle reader keeps no old one alive; the next check takes the current one.
// Ends the life of labels that the reader gave. NULL is fine.
void ipgate_reader_pause(ipgate_reader *reader);

// Frees a reader. NULL is fine. Ends the life of labels that the reader gave.
void ipgate_reader_free(ipgate_reader *reader);

// The name of an ipgate_reason, such as "no-entry"; "failed" for every other number.
//
// Any thread. The text lives as long as the library is loaded.
const char *ipgate_reason_name(int32_t reason);

// Copies the label of a verdict as snprintf() would: as much as fits, always with a NUL behind it, and
// returns the bytes of the whole label. 0 for NULL or where there is none. `buffer` may be NULL where
// `capacity` is 0.
//
// To be called before the next call with the verdict's reader.
size_t ipgate_verdict_label(const ipgate_verdict *verdict, char *buffer, size_t capacity);

// Writes the entry that decided as list text, such as "10.0.1.0/24:office_ABC", in the manner of
// ipgate_verdict_label().
size_t ipgate_verdict_entry(const ipgate_verdict *verdict, char *buffer, size_t capacity);

// Writes a prefix as text, such as "10.0.1.0/24", in the manner of ipgate_verdict_label(). Nothing for
// NULL and family 0.
size_t ipgate_prefix_text(const ipgate_prefix *prefix, char *buffer, size_t capacity);

// Writes a text, such as the name of a file, as messages show it, in the manner of ipgate_verdict_label(): what cannot
// be seen, or changes how the rest is seen, is written out ("\u{1b}", "\n"), all else stands as it is, and bytes that
// are no UTF-8 become U+FFFD. Messages of this library are written so already. Nothing for NULL.
size_t ipgate_shown(const char *text,
                    size_t len,
                    char *buffer,
                    size_t capacity);

// Makes a site at generation 1: no lists, no apps, mode IPGATE_EXTEND, enforced, so that it denies everyone until
// there is a list.
ipgate_status ipgate_site_new(ipgate_site **site,
                              ipgate_error **error);

// Gives another handle on the same site, to be freed like the first. The site lives until the last of its handles,
// and of its readers, is freed.
ipgate_status ipgate_site_share(const ipgate_site *site,
                                ipgate_site **share);

// Guards changes from now on; the last call counts. What `guard` points to is not needed afterwards.
//
// Fails with IPGATE_ERROR_ARGUMENT; the guard stays what it was then.
ipgate_status ipgate_site_set_guard(ipgate_site *site, const ipgate_site_guard *guard, ipgate_error **error);

// Puts an app in the place of whatever has its name, with all that `settings` say. A name is a text of 1 to 253
// bytes, such as "shop" or "deis/deis-controller"; it need not end with a NUL. `options` are for the list's text
// and may be NULL; `permits` are IPGATE_PERMIT_REMOVAL or 0. A list that the app has already is not compiled again.
//
// Fails with IPGATE_ERROR_ARGUMENT, IPGATE_ERROR_LIST, or IPGATE_ERROR_REFUSED, which it is too where another app
// has one of the hosts.
ipgate_status ipgate_site_set_app(ipgate_site *site,
                                  const char *name,
                                  size_t len,
                                  const ipgate_app_settings *settings,
                                  const ipgate_options *options,
                                  uint32_t permits,
                                  ipgate_error **error);

// Removes an app: from then on it is one that the site does not name, about whose clients the default list decides.
// One that is not there is fine. `permits` are IPGATE_PERMIT_REMOVAL or 0.
//
// Fails with IPGATE_ERROR_ARGUMENT or IPGATE_ERROR_REFUSED.
ipgate_status ipgate_site_remove_app(ipgate_site *site,
                                     const char *name,
                                     size_t len,
                                     uint32_t permits,
                                     ipgate_error **error);

// Puts a default list in the place of the current one, for all apps in one step. The text need not end with a NUL;
// NULL is no list, and a text of no bytes is a list that is set: nobody matches it. `options` may be NULL.
//
// Fails with IPGATE_ERROR_LIST or IPGATE_ERROR_REFUSED.
ipgate_status ipgate_site_set_default(ipgate_site *site,
                                      const char *text,
                                      size_t len,
                                      const ipgate_options *options,
                                      ipgate_error **error);

// Says that there is to be a default list, which cannot be had yet: until then everyone is denied about whom that list
// may decide, as with `waiting` of an app.
//
// Fails with IPGATE_ERROR_REFUSED.
ipgate_status ipgate_site_await_default(ipgate_site *site,
                                        ipgate_error **error);

// Sets how app lists combine with the default list, an ipgate_mode, which holds for apps without one of their own,
// and whether no one (any number but 0) or everyone (0) is allowed where no list is set. `permits` are
// IPGATE_PERMIT_ENFORCE_OFF or 0.
//
// Fails with IPGATE_ERROR_ARGUMENT or IPGATE_ERROR_REFUSED.
ipgate_status ipgate_site_set_rules(ipgate_site *site,
                                    int32_t mode,
                                    int32_t enforce,
                                    uint32_t permits,
                                    ipgate_error **error);

// Frees a handle of a site. NULL is fine. Readers go on with the site as it is then.
void ipgate_site_free(ipgate_site *site);

// Loads a site, a folder or an image, whatever stands at the path, and makes it what ipgate_site_poll() looks at from then
// on, whether or not this first load succeeds. `options` may be NULL, and are for the texts of lists.
//
// A folder has `site.toml`, `default.list`, `apps/NAME.list` and `hosts`, of which some may be missing; an image is made of
// one by `ipgate compile --site`. A list that is bad touches its app alone, which denies everyone until it has a good one:
// ipgate_site_poll() reports it next.
//
// Reads, parses and compiles on the calling thread, and waits for at most 10 s where something is being written or was a
// moment ago. Fails with IPGATE_ERROR_IO, IPGATE_ERROR_LIST (the default list), IPGATE_ERROR_IMAGE or
// IPGATE_ERROR_REFUSED; the site is what it was then.
ipgate_status ipgate_site_replace_file(ipgate_site *site,
                                       const char *path,
                                       const ipgate_options *options,
                                       ipgate_error **error);

// Puts the site of an image in the place of the current one. The image is copied, so that it is not needed afterwards;
// everything that checks rely on is verified. Fails with IPGATE_ERROR_IMAGE or IPGATE_ERROR_REFUSED.
ipgate_status ipgate_site_replace_image(ipgate_site *site,
                                        const uint8_t *image,
                                        size_t len,
                                        ipgate_error **error);

// Looks whether the folder or image of the last ipgate_site_replace_file() has changed, and brings what is new into force.
// For an event loop's timer, with the flags of ipgate_gate_poll() and an ipgate_poll as the result, with an error for
// IPGATE_POLL_FAILED. Of an image a look is one stat(). Of a folder it is one for each file, which with IPGATE_POLL_THREAD
// are made on the thread too; IPGATE_POLL_LOOK says IPGATE_POLL_READY of a folder, whatever is in it.
//
// Every list is followed by itself: what is good comes into force, and what is bad stays as it was. Where several
// come of one look, IPGATE_POLL_SWAPPED is the result, and each of the next polls reports an IPGATE_POLL_FAILED. A list
// that is gone is unset when it has been gone for 2 s. The same failure is reported once, and then counted.
ipgate_poll ipgate_site_poll(ipgate_site *site,
                             uint32_t flags,
                             ipgate_error **error);

// Writes a site's figures. Looks at each app.
ipgate_status ipgate_site_get_stats(const ipgate_site *site, ipgate_site_stats *stats);

// The generation of a site; 0 for NULL. Takes no lock.
uint64_t ipgate_site_generation(const ipgate_site *site);

// Gives the warnings of the list that was taken last, the default list or an app's, as ipgate_list_warnings() does
// for a list. It may hold nothing.
ipgate_status ipgate_site_warnings(const ipgate_site *site,
                                   ipgate_error **warnings);

// Gives a copy of the last failure since the last change; its status is IPGATE_OK where there was none. What checks
// have to report, caught panics, is here too.
ipgate_status ipgate_site_last_error(const ipgate_site *site,
                                     ipgate_error **error);

// Finds the apps whose name, or a host of which, contains a text, in any case of ASCII letters; all apps where it
// has no bytes. They are sorted by name, and stay what they are whatever becomes of the site. Looks at each app.
//
// Fails with IPGATE_ERROR_ARGUMENT where the text is not UTF-8.
ipgate_status ipgate_site_page_new(const ipgate_site *site,
                                   const char *text,
                                   size_t len,
                                   ipgate_site_page **page,
                                   ipgate_error **error);

// Writes the apps from `offset` on, counted from 0, as many as there is room for, and returns how many were found
// in all; 0 where it fails. `apps` may be NULL where `capacity` is 0; otherwise the first element says how long
// each is.
size_t ipgate_site_page_apps(const ipgate_site_page *page,
                             size_t offset,
                             ipgate_app_stats *apps,
                             size_t capacity);

// The generation of the site when the apps were found. 0 for NULL.
uint64_t ipgate_site_page_generation(const ipgate_site_page *page);

// Frees what was found. NULL is fine. Ends the life of the names in it.
void ipgate_site_page_free(ipgate_site_page *page);

// Takes an app by its name. Fails with IPGATE_ERROR_ARGUMENT.
ipgate_status ipgate_app_new(const char *name, size_t len, ipgate_app **app, ipgate_error **error);

// Frees an app. NULL is fine.
void ipgate_app_free(ipgate_app *app);

// Takes a reader of a site.
ipgate_status ipgate_site_reader_new(const ipgate_site *site,
                                     ipgate_site_reader **reader,
                                     ipgate_error **error);

// Lets go of the site as it was, so that an idle reader keeps no old lists alive; the next check takes it as it is
// then. Ends the life of labels and names that the reader gave. NULL is fine.
void ipgate_site_reader_pause(ipgate_site_reader *reader);

// Frees a reader. NULL is fine. Ends the life of labels and names that the reader gave.
void ipgate_site_reader_free(ipgate_site_reader *reader);

// Checks a client of the app of that name, which the site may name or not, with a socket address as ipgate_check()
// has it. Writes the verdict unless it is NULL. What is no UTF-8 is the name of no app.
ipgate_decision ipgate_site_check_name(ipgate_site_reader *reader,
                                       const char *name,
                                       size_t name_len,
                                       const struct sockaddr *address,
                                       socklen_t len,
                                       ipgate_verdict *verdict);

// The same with an address of 4 or 16 bytes, as ipgate_check_bytes() has it.
ipgate_decision ipgate_site_check_name_bytes(ipgate_site_reader *reader,
                                             const char *name,
                                             size_t name_len,
                                             const uint8_t *address,
                                             size_t len,
                                             ipgate_verdict *verdict);

// The same with an address as text, as ipgate_check_text() has it.
ipgate_decision ipgate_site_check_name_text(ipgate_site_reader *reader,
                                            const char *name,
                                            size_t name_len,
                                            const char *address,
                                            size_t len,
                                            ipgate_verdict *verdict);

// Checks a client of the app to which a request's host belongs: that of this very host, or of the longest "*."
// above it; in any case, with or without a dot at its end and a port. A host that the site does not name, an empty
// one among them, is of an app that it does not name. The address is as for ipgate_check(). Writes the verdict
// unless it is NULL.
ipgate_decision ipgate_site_check_host(ipgate_site_reader *reader,
                                       const char *host,
                                       size_t host_len,
                                       const struct sockaddr *address,
                                       socklen_t len,
                                       ipgate_verdict *verdict);

// The same with an address of 4 or 16 bytes, as ipgate_check_bytes() has it.
ipgate_decision ipgate_site_check_host_bytes(ipgate_site_reader *reader,
                                             const char *host,
                                             size_t host_len,
                                             const uint8_t *address,
                                             size_t len,
                                             ipgate_verdict *verdict);

// The same with an address as text, as ipgate_check_text() has it.
ipgate_decision ipgate_site_check_host_text(ipgate_site_reader *reader,
                                            const char *host,
                                            size_t host_len,
                                            const char *address,
                                            size_t len,
                                            ipgate_verdict *verdict);

// Checks a client of an app, with a socket address as ipgate_check() has it. Writes the verdict unless it is NULL.
// The fastest way where one app is asked for again and again.
ipgate_decision ipgate_site_check_app(ipgate_site_reader *reader,
                                      ipgate_app *app,
                                      const struct sockaddr *address,
                                      socklen_t len,
                                      ipgate_verdict *verdict);

// The same with an address of 4 or 16 bytes, as ipgate_check_bytes() has it.
ipgate_decision ipgate_site_check_app_bytes(ipgate_site_reader *reader,
                                            ipgate_app *app,
                                            const uint8_t *address,
                                            size_t len,
                                            ipgate_verdict *verdict);

// The same with an address as text, as ipgate_check_text() has it.
ipgate_decision ipgate_site_check_app_text(ipgate_site_reader *reader,
                                           ipgate_app *app,
                                           const char *address,
                                           size_t len,
                                           ipgate_verdict *verdict);

// Writes how many decisions about the clients of an app were counted with this reader, because a verdict said
// IPGATE_WANT_COUNT. `whose` is an ipgate_counted; the name is for IPGATE_COUNTED_APP alone. Of an app that is none of
// the site's there are none: those of apps that are gone are kept together.
//
// The reader takes the site as it is: see ipgate_site_reader_pause(). Fails with IPGATE_ERROR_ARGUMENT.
ipgate_status ipgate_site_reader_counts(ipgate_site_reader *reader,
                                        int32_t whose,
                                        const char *name,
                                        size_t len,
                                        ipgate_app_counts *counts);

// Writes the same by label, as ipgate_reader_counts() does, and returns how many there are. Labels of the app's list
// and of the default list are not told apart (`origin` is IPGATE_ORIGIN_NONE). At most 4,096 of an app and 65,536 of
// all apps are; the others of an app are counted together.
size_t ipgate_site_reader_labels(ipgate_site_reader *reader,
                                 int32_t whose,
                                 const char *name,
                                 size_t len,
                                 ipgate_count *counts,
                                 size_t capacity);

// Begins a report. `error` may say why not: the program's name is NULL or empty, or its version NULL.
ipgate_status ipgate_report_new(const ipgate_report_program *program,
                                ipgate_report **report,
                                ipgate_error **error);

// Adds a list: the gate's figures, and with a reader of that gate alone the entries that cease to hold within 30 days.
// `gate` may be NULL, for a list that was never loaded, and so may `reader`, which lets go of its table afterwards as
// with ipgate_reader_pause().
//
// Fails with IPGATE_ERROR_ARGUMENT where there is a list of that name already.
ipgate_status ipgate_report_add_list(ipgate_report *report,
                                     const ipgate_report_source *source,
                                     const ipgate_gate *gate,
                                     ipgate_reader *reader,
                                     ipgate_error **error);

// Adds the decisions that ipgate_reader_counts() has for a reader, to the lists that it combines. What no entry
// decided counts for the app list, or where there is none for the default list; without either it is listed apart.
//
// Fails with IPGATE_ERROR_ARGUMENT where there is no list of one of the names.
ipgate_status ipgate_report_add_decisions(ipgate_report *report,
                                          const ipgate_report_lists *lists,
                                          ipgate_reader *reader,
                                          ipgate_error **error);

// Adds a site: its figures, and a page of its apps with the decisions that were counted about each because a verdict
// said IPGATE_WANT_COUNT, by a reader and by another one whose denials are those of a dry run. Either may be NULL, and
// so may `site`, for one that was never loaded. Looks at each app.
//
// Fails with IPGATE_ERROR_ARGUMENT where there is a site of that name already.
ipgate_status ipgate_report_add_site(ipgate_report *report,
                                     const ipgate_report_source *source,
                                     const ipgate_site *site,
                                     ipgate_site_reader *reader,
                                     ipgate_site_reader *dry_run,
                                     const ipgate_report_page *page,
                                     ipgate_error **error);

// Adds to a site what the program has decided with it, as the program counts it: all its decisions, those about
// names that are no app's, and clients without an address that it lets in. `dry_run` says (any number but 0) that
// what it denied was denied in a dry run only. Of a site that was never loaded nothing is shown.
//
// Fails with IPGATE_ERROR_ARGUMENT where there is no site of that name.
ipgate_status ipgate_report_add_site_decisions(ipgate_report *report,
                                               const char *name,
                                               size_t len,
                                               int32_t dry_run,
                                               const ipgate_app_counts *counts,
                                               ipgate_error **error);

// Writes a report, and gives the text, which is UTF-8, belongs to the report, and lives until it is written again or
// freed. A NUL is behind it. `format` is an ipgate_report_format.
//
// Fails with IPGATE_ERROR_ARGUMENT for a format that is none.
ipgate_status ipgate_report_text(ipgate_report *report,
                                 int32_t format,
                                 const char **text,
                                 size_t *len,
                                 ipgate_error **error);

// Frees a report, and its text. NULL is fine.
void ipgate_report_free(ipgate_report *report);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* IPGATE_H */

// Initialisers for the structs that carry their size.
#define IPGATE_OPTIONS_INIT { sizeof(ipgate_options), 0, 0, 0, 0, NULL, 0, 0, 0 }
#define IPGATE_GUARD_INIT { sizeof(ipgate_guard), -1.0, 0, 0, 0, 0, NULL }
#define IPGATE_VERDICT_INIT { sizeof(ipgate_verdict), IPGATE_WANT_ENTRY, 0, 0, 0, 0, "", 0, 0, { 0, 0, { 0 } }, { 0 }, NULL, 0, 0 }
#define IPGATE_ENTRY_INIT { sizeof(ipgate_entry), 0, 0, "", 0, "", 0, 0, 0, { 0, 0, { 0 } }, { 0 } }
#define IPGATE_COUNT_INIT { sizeof(ipgate_count), 0, 0, "", 0, 0, 0 }
#define IPGATE_DIAGNOSTIC_INIT { sizeof(ipgate_diagnostic), 0, 0, 0, 0, NULL, NULL, NULL, NULL }
#define IPGATE_STATS_INIT { sizeof(ipgate_stats), 0, 0, 0, 0, 0, 0, 0, { 0 } }
#define IPGATE_SITE_GUARD_INIT { sizeof(ipgate_site_guard), -1.0, 0, 0, NULL, NULL }
#define IPGATE_APP_SETTINGS_INIT { sizeof(ipgate_app_settings), IPGATE_MODE_OF_SITE, 0, NULL, 0, NULL, 0 }
#define IPGATE_SITE_STATS_INIT { sizeof(ipgate_site_stats), 0, 0, 0, 0, 0, 0, 0, 0 }
#define IPGATE_APP_STATS_INIT { sizeof(ipgate_app_stats), NULL, 0, 0, 0, 0, 0, 0 }
#define IPGATE_APP_COUNTS_INIT { sizeof(ipgate_app_counts), 0, 0, { 0 } }
#define IPGATE_REPORT_PROGRAM_INIT { sizeof(ipgate_report_program), NULL, NULL, 0, 0, 0, 0 }
#define IPGATE_REPORT_SOURCE_INIT { sizeof(ipgate_report_source), NULL, 0, NULL, 0, 0 }
#define IPGATE_REPORT_LISTS_INIT { sizeof(ipgate_report_lists), NULL, 0, NULL, 0, 0, 0, 0 }
#define IPGATE_REPORT_PAGE_INIT { sizeof(ipgate_report_page), NULL, 0, 0, 100 }
