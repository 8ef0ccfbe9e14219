-- libipgate for LuaJIT: what its header declares, and what gates and sites do alike with it.

local ffi = require "ffi"

-- From ipgate.h, whose rules hold; test.sh compares the two.
ffi.cdef [[
typedef struct ipgate_error ipgate_error;
typedef struct ipgate_gate ipgate_gate;
typedef struct ipgate_reader ipgate_reader;
typedef struct ipgate_policy ipgate_policy;
typedef struct ipgate_site ipgate_site;
typedef struct ipgate_site_reader ipgate_site_reader;
typedef struct ipgate_app ipgate_app;
typedef int32_t ipgate_status;
typedef int32_t ipgate_decision;
typedef int32_t ipgate_poll;
typedef struct {
  size_t size;
  uint32_t flags;
  uint32_t max_diagnostics;
  uint64_t max_entries;
  uint64_t max_bytes;
  const char *source;
  uint64_t max_image_bytes;
  uint32_t max_bad_percent;
  uint32_t reserved;
} ipgate_options;
typedef struct {
  size_t size;
  double max_shrink_percent;
  int32_t refuse_empty;
  uint8_t widest_v4;
  uint8_t widest_v6;
  uint16_t reserved;
  const char *must_allow;
} ipgate_guard;
typedef struct {
  uint8_t family;
  uint8_t length;
  uint8_t address[16];
} ipgate_prefix;
typedef struct {
  size_t size;
  uint32_t want;
  int32_t decision;
  int32_t reason;
  int32_t origin;
  uint64_t generation;
  const char *label;
  size_t label_len;
  int64_t until_micros;
  ipgate_prefix prefix;
  uint8_t reserved[6];
  const char *app;
  size_t app_len;
  uint64_t site_generation;
} ipgate_verdict;
typedef struct {
  size_t size;
  uint64_t entries;
  uint64_t bytes;
  uint64_t generation;
  int64_t last_swap_micros;
  int64_t last_failure_micros;
  uint64_t failures;
  int64_t next_expiry_micros;
  uint8_t digest[32];
} ipgate_stats;
typedef struct {
  size_t size;
  double max_removed_percent;
  int32_t keep_enforced;
  uint32_t reserved;
  const ipgate_guard *default_guard;
  const ipgate_guard *app_guard;
} ipgate_site_guard;
typedef struct {
  size_t size;
  uint64_t generation;
  uint64_t apps;
  uint64_t lists;
  uint64_t entries;
  uint64_t bytes;
  int64_t last_change_micros;
  int64_t last_failure_micros;
  uint64_t failures;
} ipgate_site_stats;
uint32_t ipgate_abi_version(void);
const char *ipgate_version(void);
const char *ipgate_error_message(const ipgate_error *error);
void ipgate_error_free(ipgate_error *error);
ipgate_status ipgate_gate_new(const ipgate_policy *policy, ipgate_gate **gate, ipgate_error **error);
ipgate_status ipgate_gate_set_guard(ipgate_gate *gate, const ipgate_guard *guard, ipgate_error **error);
ipgate_status ipgate_gate_replace_file(ipgate_gate *gate, const char *path, const ipgate_options *options, ipgate_error **error);
ipgate_poll ipgate_gate_poll(ipgate_gate *gate, uint32_t flags, ipgate_error **error);
ipgate_status ipgate_gate_stats(const ipgate_gate *gate, ipgate_stats *stats);
ipgate_status ipgate_gate_warnings(const ipgate_gate *gate, ipgate_error **warnings);
size_t ipgate_error_count_errors(const ipgate_error *error);
void ipgate_gate_free(ipgate_gate *gate);
ipgate_status ipgate_reader_new(const ipgate_gate *gate, ipgate_reader **reader);
ipgate_decision ipgate_check_bytes(ipgate_reader *reader, const uint8_t *address, size_t len, ipgate_verdict *verdict);
const char *ipgate_reason_name(int32_t reason);
size_t ipgate_verdict_entry(const ipgate_verdict *verdict, char *buffer, size_t capacity);
size_t ipgate_shown(const char *text, size_t len, char *buffer, size_t capacity);
void ipgate_reader_free(ipgate_reader *reader);
ipgate_status ipgate_site_new(ipgate_site **site, ipgate_error **error);
ipgate_status ipgate_site_set_guard(ipgate_site *site, const ipgate_site_guard *guard, ipgate_error **error);
ipgate_status ipgate_site_replace_file(ipgate_site *site, const char *path, const ipgate_options *options, ipgate_error **error);
ipgate_poll ipgate_site_poll(ipgate_site *site, uint32_t flags, ipgate_error **error);
ipgate_status ipgate_site_get_stats(const ipgate_site *site, ipgate_site_stats *stats);
void ipgate_site_free(ipgate_site *site);
ipgate_status ipgate_app_new(const char *name, size_t len, ipgate_app **app, ipgate_error **error);
void ipgate_app_free(ipgate_app *app);
ipgate_status ipgate_site_reader_new(const ipgate_site *site, ipgate_site_reader **reader, ipgate_error **error);
void ipgate_site_reader_free(ipgate_site_reader *reader);
ipgate_decision ipgate_site_check_name_bytes(ipgate_site_reader *reader, const char *name, size_t name_len, const uint8_t *address, size_t len, ipgate_verdict *verdict);
ipgate_decision ipgate_site_check_host_bytes(ipgate_site_reader *reader, const char *host, size_t host_len, const uint8_t *address, size_t len, ipgate_verdict *verdict);
ipgate_decision ipgate_site_check_app_bytes(ipgate_site_reader *reader, ipgate_app *app, const uint8_t *address, size_t len, ipgate_verdict *verdict);
]]

local ABI, LENIENT = 0, 1
local ALLOW = 1

local library = ffi.load("libipgate.so." .. ABI)
if library.ipgate_abi_version() ~= ABI then
    error("libipgate has another ABI than ipgate.lua was written for")
end

-- Takes the error out of its place, as text.
local function message(place)
    local text = ffi.string(library.ipgate_error_message(place[0]))
    library.ipgate_error_free(place[0])
    place[0] = nil
    return text
end

-- The name of a file as log lines show it: nothing in it moves the cursor of the terminal that reads them.
local function shown(path)
    local length = tonumber(library.ipgate_shown(path, #path, nil, 0))
    local buffer = ffi.new("char[?]", length + 1)
    library.ipgate_shown(path, #path, buffer, length + 1)
    return ffi.string(buffer, length)
end

local function log(level, ...)
    ngx.log(level, "ipgate: ", ...)
end

local function new_verdict()
    return ffi.new("ipgate_verdict", { size = ffi.sizeof("ipgate_verdict") })
end

local function guard_of(shrink, keep)
    return ffi.new("ipgate_guard", {
        size = ffi.sizeof("ipgate_guard"),
        max_shrink_percent = shrink or -1,
        must_allow = keep,
    })
end

local function parsing_of(options)
    return ffi.new("ipgate_options", {
        size = ffi.sizeof("ipgate_options"),
        flags = options.lenient and LENIENT or 0,
        max_bad_percent = options.max_bad or 0,
    })
end

-- Polls by a timer, if at all; returns what is polled, or nil and a message.
local function follow(self, options)
    local interval = options.interval or 1
    if interval > 0 then
        local ok, why = ngx.timer.every(interval, function(premature)
            if not premature then self:poll() end
        end)
        if not ok then return nil, why end
    end
    return self
end

-- The label of a verdict, or nil.
local function label_of(verdict)
    if verdict.label_len > 0 then
        return ffi.string(verdict.label, verdict.label_len)
    end
end

-- All that a verdict says, as a table.
local function explained(verdict)
    local buffer = ffi.new("char[512]")
    library.ipgate_verdict_entry(verdict, buffer, 512)
    return {
        allowed = verdict.decision == ALLOW,
        label = label_of(verdict),
        entry = ffi.string(buffer),
        reason = ffi.string(library.ipgate_reason_name(verdict.reason)),
        generation = tonumber(verdict.generation),
    }
end

return {
    library = library,
    OK = 0,
    ALLOW = ALLOW,
    POLL_THREAD = 1,
    POLL_SWAPPED = 2,
    POLL_FAILED = 3,
    WANT_ENTRY = 1,
    message = message,
    shown = shown,
    log = log,
    new_verdict = new_verdict,
    guard_of = guard_of,
    parsing_of = parsing_of,
    follow = follow,
    label_of = label_of,
    explained = explained,
}
