-- ipgate for nginx's Lua module and OpenResty: a gate for each worker, swapped while it serves.
--
--     init_worker_by_lua_block {
--         office = assert(require "ipgate").open("/etc/nginx/office.list", { interval = 1 })
--     }
--     access_by_lua_block { office:access() }
--
-- Everything denies until it works: a file that cannot be taken leaves a gate that lets nobody in (and takes the
-- file as soon as it is good), and an address that is none is denied.

local ffi = require "ffi"

-- From ipgate.h, whose rules hold; test.sh compares the two.
ffi.cdef [[
typedef struct ipgate_error ipgate_error;
typedef struct ipgate_gate ipgate_gate;
typedef struct ipgate_reader ipgate_reader;
typedef struct ipgate_policy ipgate_policy;
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
]]

local ABI, LENIENT, POLL_THREAD, WANT_ENTRY = 0, 1, 1, 1
local OK, ALLOW, POLL_SWAPPED, POLL_FAILED = 0, 1, 2, 3

local library = ffi.load("libipgate.so." .. ABI)
if library.ipgate_abi_version() ~= ABI then
    error("libipgate has another ABI than ipgate.lua was written for")
end

local Gate = {}
Gate.__index = Gate

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

-- A gate with the list in `path`, which is followed from then on. Options:
--   interval      seconds between two looks at the file (1); 0: never, the caller calls poll()
--   lenient       bad entries are left out and counted instead of rejecting the whole list
--   max_bad       percent of the pieces of a list that lenient leaves out at the most (50)
--   shrink        percent of the list that a swap may drop at the most
--   keep          addresses that a swap must not lock out, separated by commas
--   deny_status   what access() answers to those it keeps out (403)
-- A file that cannot be taken is logged, and everyone is denied until it can. Returns nil and a message for
-- options that make no sense.
local function open(path, options)
    options = options or {}
    local gate, reader, failure = ffi.new("ipgate_gate *[1]"), ffi.new("ipgate_reader *[1]"), ffi.new("ipgate_error *[1]")
    if library.ipgate_gate_new(nil, gate, failure) ~= OK then
        return nil, message(failure)
    end
    local handle = ffi.gc(gate[0], library.ipgate_gate_free)
    if library.ipgate_reader_new(handle, reader) ~= OK then
        return nil, "no reader"
    end
    local self = setmetatable({
        path = path,
        shown = shown(path),
        gate = handle,
        reader = ffi.gc(reader[0], library.ipgate_reader_free),
        verdict = ffi.new("ipgate_verdict", { size = ffi.sizeof("ipgate_verdict") }),
        failure = failure,
        deny_status = options.deny_status or 403,
    }, Gate)
    if options.shrink or options.keep then
        local guard = ffi.new("ipgate_guard", {
            size = ffi.sizeof("ipgate_guard"),
            max_shrink_percent = options.shrink or -1,
            must_allow = options.keep,
        })
        if library.ipgate_gate_set_guard(handle, guard, failure) ~= OK then
            return nil, message(failure)
        end
    end
    local parsing = ffi.new("ipgate_options", {
        size = ffi.sizeof("ipgate_options"),
        flags = options.lenient and LENIENT or 0,
        max_bad_percent = options.max_bad or 0,
    })
    if library.ipgate_gate_replace_file(handle, path, parsing, failure) ~= OK then
        log(ngx.ERR, message(failure), "; everyone is denied until it is good")
    end
    local interval = options.interval or 1
    if interval > 0 then
        local ok, why = ngx.timer.every(interval, function(premature)
            if not premature then self:poll() end
        end)
        if not ok then return nil, why end
    end
    return self
end

-- Looks whether the file has changed, and swaps it in; reads and compiles on a thread of the library's. The
-- same failure is logged once.
function Gate:poll()
    local outcome = library.ipgate_gate_poll(self.gate, POLL_THREAD, self.failure)
    if outcome == POLL_SWAPPED then
        local stats = self:stats()
        log(ngx.NOTICE, self.shown, ": generation ", stats.generation, " is in force with ", stats.entries,
            " entries; errors for which others are left out: ", stats.left_out)
    elseif outcome == POLL_FAILED then
        log(ngx.ERR, message(self.failure), "; the last good list stays")
    end
end

-- Whether a client of that address, 4 or 16 bytes as in ngx.var.binary_remote_addr, may pass; and the label of
-- the entry that decided, or nil.
function Gate:check(address)
    local verdict = self.verdict
    local decision = library.ipgate_check_bytes(self.reader, address, #address, verdict)
    if verdict.label_len > 0 then
        return decision == ALLOW, ffi.string(verdict.label, verdict.label_len)
    end
    return decision == ALLOW, nil
end

-- The same with everything there is to know, for logs and pages.
function Gate:explain(address)
    self.verdict.want = WANT_ENTRY
    local allowed, label = self:check(address)
    self.verdict.want = 0
    local buffer = ffi.new("char[512]")
    library.ipgate_verdict_entry(self.verdict, buffer, 512)
    return {
        allowed = allowed,
        label = label,
        entry = ffi.string(buffer),
        reason = ffi.string(library.ipgate_reason_name(self.verdict.reason)),
        generation = tonumber(self.verdict.generation),
    }
end

-- For access_by_lua: ends the request of a client that may not pass, and puts the label into ngx.ctx for logs.
function Gate:access()
    local allowed, label = self:check(ngx.var.binary_remote_addr or "")
    ngx.ctx.ipgate_label = label
    if not allowed then
        return ngx.exit(self.deny_status)
    end
end

-- Figures of the gate in this worker.
function Gate:stats()
    local stats = ffi.new("ipgate_stats", { size = ffi.sizeof("ipgate_stats") })
    library.ipgate_gate_stats(self.gate, stats)
    local warnings, left_out = ffi.new("ipgate_error *[1]"), 0
    if library.ipgate_gate_warnings(self.gate, warnings) == OK then
        left_out = tonumber(library.ipgate_error_count_errors(warnings[0]))
        library.ipgate_error_free(warnings[0])
    end
    return {
        entries = tonumber(stats.entries),
        left_out = left_out,
        bytes = tonumber(stats.bytes),
        generation = tonumber(stats.generation),
        failures = tonumber(stats.failures),
        last_swap = tonumber(stats.last_swap_micros) / 1e6,
    }
end

return { open = open, _VERSION = ffi.string(library.ipgate_version()) }
