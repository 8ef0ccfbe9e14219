-- A site: many apps beside one default list, which a worker follows.

local ffi = require "ffi"
local ipgate = require "ipgate.library"

local library, message, label_of = ipgate.library, ipgate.message, ipgate.label_of
local OK, ALLOW, WANT_ENTRY = ipgate.OK, ipgate.ALLOW, ipgate.WANT_ENTRY

local LISTS = { [1] = "default", [2] = "app" } -- by ipgate_origin
-- How many apps a site keeps at hand; those beyond are looked up by name each time. Names may come with requests.
local APPS_AT_HAND = 1024

local Site = {}
Site.__index = Site

-- A site with all that stands at `path`, a folder or an image, which is followed from then on. Options as for open():
-- `shrink` is for each list, `keep` for the default list. And
--   removed       percent of the apps with lists that a change may leave without one at the most
--   keep_enforced refuse a change after which lists are no longer required
-- What cannot be taken as a whole is logged, and everyone is denied until it can. A list of an app that is bad touches
-- that app alone. Returns nil and a message for options that make no sense.
local function open(path, options)
    options = options or {}
    local site, reader, failure =
        ffi.new("ipgate_site *[1]"), ffi.new("ipgate_site_reader *[1]"), ffi.new("ipgate_error *[1]")
    if library.ipgate_site_new(site, failure) ~= OK then
        return nil, message(failure)
    end
    local handle = ffi.gc(site[0], library.ipgate_site_free)
    if library.ipgate_site_reader_new(handle, reader, failure) ~= OK then
        return nil, message(failure)
    end
    local self = setmetatable({
        shown = ipgate.shown(path),
        site = handle,
        reader = ffi.gc(reader[0], library.ipgate_site_reader_free),
        verdict = ipgate.new_verdict(),
        failure = failure,
        deny_status = options.deny_status or 403,
        apps = {},
        room = APPS_AT_HAND,
    }, Site)
    local default_guard, app_guard = ipgate.guard_of(options.shrink, options.keep), ipgate.guard_of(options.shrink, nil)
    local guard = ffi.new("ipgate_site_guard", {
        size = ffi.sizeof("ipgate_site_guard"),
        max_removed_percent = options.removed or -1,
        keep_enforced = options.keep_enforced and 1 or 0,
        default_guard = default_guard,
        app_guard = app_guard,
    })
    if library.ipgate_site_set_guard(handle, guard, failure) ~= OK then
        return nil, message(failure)
    end
    if library.ipgate_site_replace_file(handle, path, ipgate.parsing_of(options), failure) ~= OK then
        ipgate.log(ngx.ERR, message(failure), "; everyone is denied until it is good")
    end
    return ipgate.follow(self, options)
end

-- Looks whether anything of the site has changed, and brings it into force; looks, reads and compiles on a thread of the
-- library's. The same failure is logged once.
function Site:poll()
    local outcome = library.ipgate_site_poll(self.site, ipgate.POLL_THREAD, self.failure)
    if outcome == ipgate.POLL_SWAPPED then
        local stats = self:stats()
        ipgate.log(ngx.NOTICE, self.shown, ": generation ", stats.generation, " is in force with ", stats.apps, " apps and ",
            stats.entries, " entries")
    elseif outcome == ipgate.POLL_FAILED then
        ipgate.log(ngx.ERR, message(self.failure), "; what was good stays")
    end
end

-- The app of that name for fast checks; nil where there is no room for another one, and where no app has such a name.
local function app_at_hand(self, name)
    local app = self.apps[name]
    if app or self.room == 0 then return app end
    local place = ffi.new("ipgate_app *[1]")
    if library.ipgate_app_new(name, #name, place, nil) ~= OK then return nil end
    app = ffi.gc(place[0], library.ipgate_app_free)
    self.apps[name], self.room = app, self.room - 1
    return app
end

-- What the last check of a site came to: whether the client may pass, the label of the entry that decided, or nil, and
-- the name of the app, or nil where the site does not name it.
local function answer(verdict, decision)
    local app
    if verdict.app_len > 0 then app = ffi.string(verdict.app, verdict.app_len) end
    return decision == ALLOW, label_of(verdict), app
end

-- Whether a client of an app may pass, with the label and the app. An app that the site does not name has the default list.
-- The address is as for gates.
function Site:check(app, address)
    local verdict, handle = self.verdict, app_at_hand(self, app)
    if handle then
        return answer(verdict, library.ipgate_site_check_app_bytes(self.reader, handle, address, #address, verdict))
    end
    return answer(verdict, library.ipgate_site_check_name_bytes(self.reader, app, #app, address, #address, verdict))
end

-- The same for the app to which a request's host belongs, in any case, with or without a port.
function Site:check_host(host, address)
    local verdict = self.verdict
    return answer(verdict, library.ipgate_site_check_host_bytes(self.reader, host, #host, address, #address, verdict))
end

local function explain(self, check, asked, address)
    self.verdict.want = WANT_ENTRY
    local _, _, app = check(self, asked, address)
    self.verdict.want = 0
    local told = ipgate.explained(self.verdict)
    told.app = app
    told.list = LISTS[self.verdict.origin]
    told.site_generation = tonumber(self.verdict.site_generation)
    return told
end

-- The same with everything there is to know, for logs and pages.
function Site:explain(app, address) return explain(self, self.check, app, address) end
function Site:explain_host(host, address) return explain(self, self.check_host, host, address) end

local function admit(self, allowed, label, app)
    ngx.ctx.ipgate_label, ngx.ctx.ipgate_app = label, app
    if not allowed then
        return ngx.exit(self.deny_status)
    end
end

-- For access_by_lua: ends the request of a client that may not pass, and puts label and app into ngx.ctx for logs.
function Site:access(app)
    return admit(self, self:check(app, ngx.var.binary_remote_addr or ""))
end

-- The same for the app to which a host belongs; without one, to which that of the request does.
function Site:access_host(host)
    return admit(self, self:check_host(host or ngx.var.host or "", ngx.var.binary_remote_addr or ""))
end

-- Figures of the site in this worker.
function Site:stats()
    local stats = ffi.new("ipgate_site_stats", { size = ffi.sizeof("ipgate_site_stats") })
    library.ipgate_site_get_stats(self.site, stats)
    return {
        generation = tonumber(stats.generation),
        apps = tonumber(stats.apps),
        lists = tonumber(stats.lists),
        entries = tonumber(stats.entries),
        bytes = tonumber(stats.bytes),
        failures = tonumber(stats.failures),
        last_change = tonumber(stats.last_change_micros) / 1e6,
    }
end

return { open = open }
