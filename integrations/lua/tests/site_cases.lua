-- Cases of sites, each as a folder.

local ffi = require "ffi"
local file = require "case_file"
local ipgate = require "ipgate"

ffi.cdef [[
int mkdir(const char *path, unsigned int mode);
int usleep(unsigned int micros);
]]

-- What follows an app in a check, and what follows a host.
local OF_APP = "^(%S+) (%S+) (%S+) (%S+) (%S+) (.+)$"
local OF_HOST = "^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (.+)$"

local function check_of_app(value)
    local app, address, decision, list, prefix, label = value:match(OF_APP)
    assert(app, value)
    local check = file.check(address, decision, prefix, label)
    check.app, check.list = file.unescape(app), list
    return check
end

local function check_of_host(value)
    local host, address, app, decision, list, prefix, label = value:match(OF_HOST)
    assert(host, value)
    local check = file.check(address, decision, prefix, label)
    check.host, check.app, check.list = file.unescape(host), app ~= "-" and file.unescape(app) or nil, list
    return check
end

-- What the lines of a case say.
local function parse(case)
    local said = { apps = {}, names = {}, checks = {} }
    local function app() return assert(said.apps[#said.apps], case.place .. ": a line of no app") end
    local readers = {
        site = function() end,
        default = function(value) said.default = file.unescape(value) end,
        ["default-rejected"] = function() said.is_default_rejected = true end,
        mode = function(value) said.mode = value end,
        enforce = function(value) said.enforce = value end,
        app = function(value)
            local name = file.unescape(value)
            assert(not said.names[name], case.place .. ": a second app " .. name)
            said.names[name] = true
            said.apps[#said.apps + 1] = { name = name, hosts = {} }
        end,
        ["app-list"] = function(value) app().list = file.unescape(value) end,
        ["app-rejected"] = function() app().is_rejected = true end,
        ["app-mode"] = function(value) app().mode = value end,
        ["app-host"] = function(value) table.insert(app().hosts, file.unescape(value)) end,
        ["check-app"] = function(value) table.insert(said.checks, check_of_app(value)) end,
        ["check-host"] = function(value) table.insert(said.checks, check_of_host(value)) end,
        reason = function(value) said.checks[#said.checks].reason = value end,
    }
    for _, line in ipairs(case.lines) do
        assert(readers[line[1]], case.place .. ": no such key: " .. line[1])(line[2])
    end
    assert(#said.checks > 0, case.place .. " expects nothing")
    return said
end

-- Writes a file with the folders in which it stands.
local function write(folder, path, text)
    for at in path:gmatch("()/") do
        ffi.C.mkdir(folder .. "/" .. path:sub(1, at - 1), 511)
    end
    local out = assert(io.open(folder .. "/" .. path, "wb"))
    out:write(text)
    out:close()
end

-- Writes a site as people do, and returns its settings.
local function write_site(folder, said)
    local settings, hosts = {}, {}
    if said.mode then table.insert(settings, 'mode = "' .. said.mode .. '"') end
    if said.enforce then table.insert(settings, "enforce = " .. said.enforce) end
    for _, app in ipairs(said.apps) do
        table.insert(settings, '[apps."' .. app.name:gsub('[\\"]', "\\%0") .. '"]')
        if app.mode then table.insert(settings, 'mode = "' .. app.mode .. '"') end
        for _, host in ipairs(app.hosts) do table.insert(hosts, host .. " " .. app.name) end
        if app.list then write(folder, "apps/" .. app.name .. ".list", app.list) end
    end
    if said.default then write(folder, "default.list", said.default) end
    write(folder, "hosts", table.concat(hosts, "\n") .. "\n")
    settings = table.concat(settings, "\n") .. "\n"
    write(folder, "site.toml", settings)
    return settings
end

-- Brings a site into force whose default list is bad: until another file changes, all of it is refused.
local function take_without_default(site, folder, settings, said, tally)
    for _, check in ipairs(said.checks) do
        local told = site:explain(check.app or "", file.bytes(check.address))
        if told.allowed or told.reason ~= "no-list" then tally.fail("nothing is in force, and " .. told.reason) end
    end
    write(folder, "site.toml", settings .. "# the same\n")
    for _ = 1, 6000 do
        site:poll()
        if site:stats().generation > 1 then return end
        ffi.C.usleep(10000)
    end
    tally.fail("the rest does not come into force")
end

-- Each list that is rejected is told, and nothing else is; beside a default list, that alone may be.
local function check_logged(told, folder, said, tally)
    local rejected = 0
    local function named(path)
        rejected = rejected + 1
        if not told:find(folder .. "/" .. path .. ": list rejected", 1, true) then
            tally.fail(path .. " is rejected and not told, but: " .. told)
        end
    end
    if said.is_default_rejected then
        named("default.list")
    else
        for _, app in ipairs(said.apps) do
            if app.is_rejected then named("apps/" .. app.name .. ".list") end
        end
    end
    if rejected == 0 and told ~= "" then tally.fail(told) end
end

local function run_check(site, check, said, tally)
    local function compare(told)
        tally.checked = tally.checked + 1
        local function fail(what) tally.fail((check.host or check.app) .. ": " .. what) end
        file.compare(check, told, site.verdict, fail)
        if (told.list or "-") ~= check.list then fail("the list is " .. tostring(told.list)) end
        local app = said.names[check.app] and check.app
        if told.app ~= (app or nil) then fail("the app is " .. tostring(told.app)) end
    end
    local address = file.bytes(check.address)
    if check.host then compare(site:explain_host(check.host, address)) end
    if check.app then
        compare(site:explain(check.app, address))
        compare(site:explain(check.app, address)) -- now it is at hand
        site.apps, site.room = {}, 0
        compare(site:explain(check.app, address)) -- and now there is no room for it
        site.room = 1
    end
end

-- Writes a case's site into a folder, and returns what runs the case. `tally` counts and hears what is wrong.
local function prepare(case, folder, tally)
    local said = parse(case)
    ffi.C.mkdir(folder, 511)
    local settings = write_site(folder, said)
    return function()
        local logged = tally.log_anew()
        local site = assert(ipgate.open_site(folder, { interval = 0 }))
        if said.is_default_rejected then
            take_without_default(site, folder, settings, said, tally)
        else
            for _ = 0, #said.apps do site:poll() end -- a message each
        end
        check_logged(table.concat(logged, "\n"), folder, said, tally)
        for _, check in ipairs(said.checks) do run_check(site, check, said, tally) end
    end
end

return { prepare = prepare }
