-- The project's acceptance vectors (tests/cases, whose README describes the format) through ipgate.lua, without nginx:
-- luajit cases.lua FOLDER WORK, with LD_LIBRARY_PATH and LUA_PATH set, and an empty folder to work in. Says what it skips
-- and why.

-- What ipgate.lua asks of nginx; the cases need no timer.
local logged
ngx = {
    ERR = "error", NOTICE = "notice",
    log = function(_, ...) logged[#logged + 1] = table.concat({ ... }) end,
    timer = { every = function() return true end },
}
local case_file = require "case_file"
local lists, sites = require "list_cases", require "site_cases"

local skipped, failures = {}, 0

local function new_tally(what)
    local tally = { what = what, ran = 0, checked = 0 }
    function tally.skip(reason) skipped[reason] = (skipped[reason] or 0) + 1 end
    function tally.fail(why)
        failures = failures + 1
        io.stderr:write(tally.place, ": ", why, "\n")
    end
    -- What is logged from now on.
    function tally.log_anew()
        logged = {}
        return logged
    end
    return tally
end

local of_lists, of_sites = new_tally("lists"), new_tally("sites")
-- What was written a moment ago is waited for, so all cases are written before the first one is run.
local prepared, work = {}, assert(arg[2])
local files = assert(io.popen('ls "' .. arg[1] .. '"/*.case'))
for path in files:lines() do
    for _, case in ipairs(case_file.read(path)) do
        local is_site = case.lines[1] and case.lines[1][1] == "site"
        local tally, of = is_site and of_sites or of_lists, is_site and sites or lists
        tally.place = case.place
        local run = of.prepare(case, work .. "/" .. #prepared, tally)
        if run then prepared[#prepared + 1] = { place = case.place, run = run, tally = tally } end
    end
end
for _, case in ipairs(prepared) do
    case.tally.place, case.tally.ran = case.place, case.tally.ran + 1
    case.run()
end
for what, count in pairs(skipped) do print("lua: skipped " .. count .. " " .. what) end
for _, tally in ipairs { of_lists, of_sites } do
    print("lua: " .. tally.ran .. " cases of " .. tally.what .. " and " .. tally.checked .. " checks")
    if tally.ran == 0 or tally.checked == 0 then failures = failures + 1 end
end
print("lua: " .. failures .. " failures")
os.exit(failures == 0 and 0 or 1)
