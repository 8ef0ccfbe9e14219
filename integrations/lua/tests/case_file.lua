-- What all acceptance vectors share (tests/cases/README.md has the format): files of lines, escapes, expected verdicts.

local ffi = require "ffi"

ffi.cdef [[
int inet_pton(int family, const char *text, void *address);
const char *inet_ntop(int family, const void *address, char *text, unsigned int size);
]]
local INET, INET6 = 2, 10

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

-- The cases of a file, each with its name and its lines, which are pairs of key and value.
local function read(path)
    local cases = {}
    for line in io.lines(path) do
        if line ~= "" and line:sub(1, 1) ~= "#" then
            local key, value = line:match("^([^:]+): ?(.*)$")
            assert(key, path .. ": " .. line)
            if key == "case" then
                cases[#cases + 1] = { name = value, place = path .. ": " .. value, lines = {} }
            else
                local lines = assert(cases[#cases], path .. ": a line of no case").lines
                lines[#lines + 1] = { key, value }
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

-- An expected verdict, of ADDRESS DECISION PREFIX LABEL.
local function check(address, decision, prefix_text, label)
    return { address = address, decision = decision, prefix = prefix_text, label = label ~= "-" and unescape(label) or nil }
end

-- Says where what a gate or a site explains, with the verdict behind it, is not what is expected.
local function compare(expected, told, verdict, fail)
    local found = { decision = told.allowed and "allow" or "deny", label = told.label,
        prefix = prefix(verdict), reason = expected.reason and told.reason }
    for _, key in ipairs { "decision", "prefix", "label", "reason" } do
        if found[key] ~= expected[key] then
            fail(expected.address .. ": " .. key .. " is " .. tostring(found[key]) .. ", not " .. tostring(expected[key]))
        end
    end
end

return { unescape = unescape, read = read, bytes = bytes, check = check, compare = compare }
