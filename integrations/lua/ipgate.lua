-- ipgate for nginx's Lua module and OpenResty: a gate or a site for each worker, swapped while it serves.
--
--     init_worker_by_lua_block {
--         local ipgate = require "ipgate"
--         office = assert(ipgate.open("/etc/nginx/office.list", { interval = 1 }))
--         fleet = assert(ipgate.open_site("/etc/nginx/fleet", { interval = 1 }))
--     }
--     access_by_lua_block { office:access() }    # or fleet:access("shop"), or fleet:access_host()
--
-- Everything denies until it works: a file that cannot be taken leaves a gate or a site that lets nobody in (and takes
-- the file as soon as it is good), and an address that is none is denied.

local library = require "ipgate.library".library

return {
    open = require "ipgate.gate".open,
    open_site = require "ipgate.site".open,
    _VERSION = require "ffi".string(library.ipgate_version()),
}
