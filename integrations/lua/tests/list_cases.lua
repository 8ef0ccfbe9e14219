-- Cases of lists.
--
-- A gate of one list is what Lua has of these, so cases with a policy, and those that set the clock, lints or limits are
-- not run.

local file = require "case_file"
local ipgate = require "ipgate"

-- Lines that say what is expected of parsing alone; the command and the C interface run them.
local UNSUPPORTED_LINES = {
    error = true, warning = true, token = true, suggest = true, canonical = true, format = true,
    ["mode-setting"] = true, ["enforce-setting"] = true,
}
local UNSUPPORTED_CASES = { default = true, mode = true, enforce = true, now = true }
local OTHERS = { list = true, options = true, rejected = true }

-- What the lines of a case say.
local function parse(case)
    local said = { checks = {} }
    for _, line in ipairs(case.lines) do
        local key, value = line[1], line[2]
        if key == "check" then
            local address, decision, prefix, label = value:match("^(%S+) (%S+) (%S+) (.+)$")
            assert(address, case.place .. ": " .. value)
            said.checks[#said.checks + 1] = file.check(address, decision, prefix, label)
        elseif key == "reason" then
            said.checks[#said.checks].reason = value
        else
            assert(UNSUPPORTED_LINES[key] or UNSUPPORTED_CASES[key] or OTHERS[key], case.place .. ": no such key: " .. key)
            said[key] = said[key] or value
        end
    end
    return said
end

local function why_not(said)
    for key in pairs(UNSUPPORTED_CASES) do
        if said[key] then return key end
    end
    if not said.list then return "no list" end
    for option in (said.options or ""):gmatch("%S+") do
        if option ~= "lenient" and option ~= "lint" then return option end
    end
end

-- Writes a case's list to a file, and returns what runs the case; nil where it is skipped. `tally` counts and hears what is
-- wrong.
local function prepare(case, path, tally)
    local said = parse(case)
    for key in pairs(said) do
        if UNSUPPORTED_LINES[key] then tally.skip("lines of " .. key) end
    end
    local reason = why_not(said)
    if reason then return tally.skip("cases with " .. reason) end
    local out = assert(io.open(path, "wb"))
    out:write(file.unescape(said.list))
    out:close()
    return function()
        local logged = tally.log_anew()
        local lenient = (said.options or ""):find("lenient", 1, true) ~= nil
        local gate = assert(ipgate.open(path, { interval = 0, lenient = lenient }))
        if said.rejected or (said.error and not lenient) then
            local told = gate:explain(file.bytes("10.0.0.1"))
            if #logged == 0 then tally.fail("nothing was said of a list that is rejected") end
            if told.allowed or told.reason ~= "no-list" then tally.fail("rejected, and " .. told.reason) end
            return
        end
        if #logged > 0 then tally.fail(logged[1]) end
        for _, check in ipairs(said.checks) do
            tally.checked = tally.checked + 1
            file.compare(check, gate:explain(file.bytes(check.address)), gate.verdict, tally.fail)
        end
    end
end

return { prepare = prepare }
