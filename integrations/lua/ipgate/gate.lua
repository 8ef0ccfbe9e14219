-- A gate: one list, which a worker follows.

local ffi = require "ffi"
local ipgate = require "ipgate.library"

local library, message, label_of = ipgate.library, ipgate.message, ipgate.label_of
local OK, ALLOW, WANT_ENTRY = ipgate.OK, ipgate.ALLOW, ipgate.WANT_ENTRY

local Gate = {}
Gate.__index = Gate

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
        shown = ipgate.shown(path),
        gate = handle,
        reader = ffi.gc(reader[0], library.ipgate_reader_free),
        verdict = ipgate.new_verdict(),
        failure = failure,
        deny_status = options.deny_status or 403,
    }, Gate)
    if options.shrink or options.keep then
        if library.ipgate_gate_set_guard(handle, ipgate.guard_of(options.shrink, options.keep), failure) ~= OK then
            return nil, message(failure)
        end
    end
    if library.ipgate_gate_replace_file(handle, path, ipgate.parsing_of(options), failure) ~= OK then
        ipgate.log(ngx.ERR, message(failure), "; everyone is denied until it is good")
    end
    return ipgate.follow(self, options)
end

-- Looks whether the file has changed, and swaps it in; reads and compiles on a thread of the library's. The
-- same failure is logged once.
function Gate:poll()
    local outcome = library.ipgate_gate_poll(self.gate, ipgate.POLL_THREAD, self.failure)
    if outcome == ipgate.POLL_SWAPPED then
        local stats = self:stats()
        ipgate.log(ngx.NOTICE, self.shown, ": generation ", stats.generation, " is in force with ", stats.entries,
            " entries; errors for which others are left out: ", stats.left_out)
    elseif outcome == ipgate.POLL_FAILED then
        ipgate.log(ngx.ERR, message(self.failure), "; the last good list stays")
    end
end

-- Whether a client of that address, 4 or 16 bytes as in ngx.var.binary_remote_addr, may pass; and the label of
-- the entry that decided, or nil.
function Gate:check(address)
    local verdict = self.verdict
    local decision = library.ipgate_check_bytes(self.reader, address, #address, verdict)
    return decision == ALLOW, label_of(verdict)
end

-- The same with everything there is to know, for logs and pages.
function Gate:explain(address)
    self.verdict.want = WANT_ENTRY
    self:check(address)
    self.verdict.want = 0
    return ipgate.explained(self.verdict)
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

return { open = open }
