-- The project's acceptance vectors (tests/cases, whose README describes the format) through ipgate.lua, without nginx:
-- luajit cases.lua FOLDER, with LD_LIBRARY_PATH and LUA_PATH set. Says what it skips and why.
--
-- A gate of one list is what Lua has, so cases with a policy, and those that set the clock, lints or limits are not run.

local ffi = require "ffi"

-- What ipgate.lua asks of nginx; the cases need no timer.
local logged = {}
ngx = {
    ERR = "error", NOTICE = "notice",
    log = function(_, ...) logged[#logged + 1] = table.concat({ ... }) end,
    timer = { every = function() return true end },
}
local ipgate = require "ipgate"

ffi.cdef [[
int inet_pton(int family, const char *text, void *address);
const char *inet_ntop(int family, const void *address, char *text, unsigned int size);
]]
local INET, INET6 = 2, 10

-- Lines that say what is expected of parsing alone; the command and the C interface run them.
local UNSUPPORTED_LINES = {
    error = true, warning = true, token = true, suggest = true, canonical = true, format = true,
    ["mode-setting"] = true, ["enforce-setting"] = true,
}
-- Lua has no sites yet: a case that begins with this line is skipped whole.
local SITE = "site"
local UNSUPPORTED_CASES = { default = true, mode = true, enforce = true, now = true }
local OTHERS = { list = true, options = true, rejected = true }

local PLAIN = { n = "\n", r = "\r", t = "\t", ["0"] = "\0", s = " ", ["\\"] = "\\" }

local function unescape(text)
    local parts, at = {}, 1
    while true do
        local from = text:find("\\", at, true)
        parts[#parts + 1] = text:sub(at, (from or 0) - 1)
        if not from then return table.concat(parts) end
        local hex = text:match("^x(%x%x)", from + 1)
        local escape = text:sub(from + 1, from + 1)
        parts[#parts + 1] = hex and string.char(tonumber(hex, 16)) or assert(PLAIN[escape], "no escape: " .. text)
        at = from + (hex and 4 or 2)
    end
end

-- The cases of a file: name, given and expected lines.
local function read(path)
    local cases, case = {}, nil
    for line in io.lines(path) do
        if line ~= "" and line:sub(1, 1) ~= "#" then
            local key, value = line:match("^([^:]+): ?(.*)$")
            assert(key, path .. ": " .. line)
            if key == "case" then
                case = { name = value, checks = {} }
                cases[#cases + 1] = case
            elseif key == SITE then
                case[SITE] = true
            elseif case[SITE] then
                -- what it says is for those who have sites
            elseif key == "check" then
                local address, decision, prefix, label = value:match("^(%S+) (%S+) (%S+) (.+)$")
                assert(address, path .. ": " .. line)
                case.checks[#case.checks + 1] = { address = address, decision = decision, prefix = prefix,
                    label = label ~= "-" and unescape(label) or nil }
            elseif key == "reason" then
                case.checks[#case.checks].reason = value
            else
                local known = UNSUPPORTED_LINES[key] or UNSUPPORTED_CASES[key] or OTHERS[key]
                assert(known, path .. ": no such key: " .. key)
                case[key] = case[key] or value
            end
        end
    end
    assert(#cases > 0, path .. " has no cases")
    return cases
end

-- The bytes of an address, as nginx has them; none for one that cannot be read.
local function bytes(text)
    local address = ffi.new("uint8_t[16]")
    if ffi.C.inet_pton(INET, text, address) == 1 then return ffi.string(address, 4) end
    if ffi.C.inet_pton(INET6, text, address) == 1 then return ffi.string(address, 16) end
    return ""
end

-- The prefix that decided, in canonical text with its length.
local function prefix(verdict)
    local family = verdict.prefix.family
    if family == 0 then return "-" end
    local text = ffi.new("char[64]")
    ffi.C.inet_ntop(family == 4 and INET or INET6, verdict.prefix.address, text, 64)
    return ffi.string(text) .. "/" .. verdict.prefix.length
end

local function why_not(case)
    if case[SITE] then return SITE end
    for key in pairs(UNSUPPORTED_CASES) do
        if case[key] then return key end
    end
    if not case.list then return "no list" end
    for option in (case.options or ""):gmatch("%S+") do
        if option ~= "lenient" and option ~= "lint" then return option end
    end
end

local work = assert(os.tmpname())
local ran, checked, skipped, failures = 0, 0, {}, 0

local function run(file, case)
    local function fail(what)
        failures = failures + 1
        io.stderr:write(file, ": ", case.name, ": ", what, "\n")
    end
    local out = assert(io.open(work, "wb"))
    out:write(unescape(case.list))
    out:close()
    logged = {}
    local lenient = (case.options or ""):find("lenient", 1, true) ~= nil
    local gate = assert(ipgate.open(work, { interval = 0, lenient = lenient }))
    ran = ran + 1
    if case.rejected or (case.error and not lenient) then
        local verdict = gate:explain(bytes("10.0.0.1"))
        if #logged == 0 then fail("nothing was said of a list that is rejected") end
        if verdict.allowed or verdict.reason ~= "no-list" then fail("rejected, and " .. verdict.reason) end
        return
    end
    if #logged > 0 then fail(logged[1]) end
    for _, check in ipairs(case.checks) do
        checked = checked + 1
        local verdict = gate:explain(bytes(check.address))
        local found = { decision = verdict.allowed and "allow" or "deny", label = verdict.label,
            prefix = prefix(gate.verdict), reason = check.reason and verdict.reason }
        for _, key in ipairs { "decision", "prefix", "label", "reason" } do
            if found[key] ~= check[key] then
                fail(check.address .. ": " .. key .. " is " .. tostring(found[key]) .. ", not " .. tostring(check[key]))
            end
        end
    end
end

local files = assert(io.popen('ls "' .. arg[1] .. '"/*.case'))
for file in files:lines() do
    for _, case in ipairs(read(file)) do
        for key in pairs(case) do
            if UNSUPPORTED_LINES[key] then skipped["lines of " .. key] = (skipped["lines of " .. key] or 0) + 1 end
        end
        local reason = why_not(case)
        if reason then
            skipped["cases with " .. reason] = (skipped["cases with " .. reason] or 0) + 1
        else
            run(file, case)
        end
    end
end
os.remove(work)
for what, count in pairs(skipped) do print("lua: skipped " .. count .. " " .. what) end
print("lua: " .. ran .. " cases and " .. checked .. " checks, " .. failures .. " failures")
os.exit(ran > 0 and checked > 0 and failures == 0 and 0 or 1)
