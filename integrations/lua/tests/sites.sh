#!/bin/sh
# Sites of ipgate.lua in a real nginx: an app by its name and by host, apps that the site does not name, that appear without
# a reload, and whose lists are bad; the guard; an image; a site that comes later.
# Usage: sites.sh PREFIX SITE-IMAGE; test.sh runs it.
set -eu
prefix=$1 image=$2
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/tests/serve.sh"

{
    begin_conf
    cat << CONF
    init_worker_by_lua_block {
        local open_site = require "ipgate".open_site
        fleet = assert(open_site("$work/fleet", { interval = 0.05, keep = "10.1.1.1", removed = 60, keep_enforced = true }))
        image = assert(open_site("$work/site.image", { interval = 0.05, deny_status = 401 }))
        later = assert(open_site("$work/later", { interval = 0.05 }))
        nonsense, nonsense_why = open_site("$work/fleet", { interval = 0, keep = "foobar" })
    }
    log_format labelled "\$status \$label \$found";
    server {
        listen unix:$work/socket;
        set_real_ip_from unix:;
        real_ip_header X-Real-IP;
        set \$label "-";
        set \$found "-";
        location /shop {
            access_by_lua_block { fleet:access("shop") }
            log_by_lua_block {
                ngx.var.label = ngx.ctx.ipgate_label or "-"
                ngx.var.found = ngx.ctx.ipgate_app or "-"
            }
            access_log labelled.log labelled;
            empty_gif;
        }
        location ~ ^/of/(.*)\$ { set \$app \$1; access_by_lua_block { fleet:access(ngx.var.app) } empty_gif; }
        location /host { access_by_lua_block { fleet:access_host() } empty_gif; }
        location /given { access_by_lua_block { fleet:access_host("shop.example:443") } empty_gif; }
        location /image { access_by_lua_block { image:access("shop") } empty_gif; }
        location /later { access_by_lua_block { later:access("shop") } empty_gif; }
        location /nobody { access_by_lua_block { fleet:access(nil) } empty_gif; }
        location /explain {
            content_by_lua_block {
                local told = fleet:explain_host(ngx.var.host, ngx.var.binary_remote_addr)
                ngx.say(tostring(told.allowed), " ", told.entry, " ", told.reason, " ", tostring(told.list), " ", tostring(told.app))
            }
        }
        location /check {
            content_by_lua_block {
                local address = ngx.var.binary_remote_addr
                ngx.say(table.concat({ tostring(fleet:check("shop", address)), tostring(fleet:check_host("x.blog.example", address)) }, " "))
            }
        }
        # More names than are kept at hand, some of which no app can have.
        location /many {
            content_by_lua_block {
                local address, wrong, count = ngx.var.binary_remote_addr, 0, 0
                for i = 1, 3000 do
                    if fleet:check("nobody-" .. i, address) or fleet:check("/" .. i, address) then wrong = wrong + 1 end
                end
                for _ in pairs(fleet.apps) do count = count + 1 end
                ngx.say(wrong, " ", count, " ", tostring(fleet:check("shop", address)))
            }
        }
        location /stats {
            content_by_lua_block { local stats = fleet:stats() ngx.say(stats.apps, " ", stats.lists, " ", stats.entries, " ", stats.failures) }
        }
        location /nonsense { content_by_lua_block { ngx.say(tostring(nonsense), " ", nonsense_why) } }
    }
}
CONF
} > "$work/nginx.conf"

mkdir -p "$work/fleet/apps"
put fleet/site.toml 'enforce = true\n'
put fleet/default.list '10.0.0.0/8:corp\n'
put fleet/apps/shop.list '192.0.2.7:partner\n'
put fleet/hosts 'shop.example shop\n*.blog.example blog\n'
cp "$image" "$work/site.image"
start_nginx "$work" env LD_LIBRARY_PATH="$prefix/lib" nginx

# By name: what the app lets in, what the default list does, and nobody else.
until_all /shop 192.0.2.7 200
expect /shop 10.1.1.1 200
expect /shop 203.0.113.9 403
grep -q '^200 partner shop$' "$work/labelled.log" || fail "label and app are not in the log"
grep -q '^403 - shop$' "$work/labelled.log" || fail "the app of a client that is kept out is not in the log"
test "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$work/socket" http://gate/shop)" = 403 ||
    fail "a client without an address got in"
# An app that the site does not name has the default list; no name at all is a mistake, and closed.
expect /of/nobody 10.1.1.1 200
expect /of/nobody 192.0.2.7 403
expect /of/ 192.0.2.7 403
expect /nobody 10.1.1.1 500
expect /many 192.0.2.7 200
expect_body "0 1024 true"
# By host: that of the request, in any case and with a port, or one that is given.
expect /given 192.0.2.7 200
expect /host 192.0.2.7 403
for host in shop.example SHOP.Example:8080 shop.example.; do expect /host 192.0.2.7 200; done
expect /explain 192.0.2.7 200
expect_body "true 192.0.2.7:partner allow-entry app shop"
host=other.example
expect /host 192.0.2.7 403
expect /host 10.1.1.1 200
expect /explain 10.1.1.1 200
expect_body "true 10.0.0.0/8:corp allow-entry default nil"

# An app appears without a reload.
host=x.blog.example
expect /of/blog 203.0.113.9 403
expect /host 203.0.113.9 403
put fleet/apps/blog.list '203.0.113.0/24:readers\n'
until_all /of/blog 203.0.113.9 200
expect /host 203.0.113.9 200
expect /check 203.0.113.9 200
expect_body "false true"
expect /shop 203.0.113.9 403
expect /shop 192.0.2.7 200

# A bad list is told once by each worker, and its app has what was good; one that never had a good list is closed alone.
put fleet/apps/shop.list '192.0.2.8/33\n'
until_logged 'fleet/apps/shop.list: list rejected, 1 error: line 1' 2
put fleet/apps/late.list 'nonsense\n'
until_all /of/late 10.1.1.1 403
until_logged 'the app late has had no good list' 2
expect /shop 192.0.2.7 200
expect /of/blog 203.0.113.9 200
expect /of/nobody 10.1.1.1 200
put fleet/apps/late.list '198.51.100.7\n'
until_all /of/late 198.51.100.7 200
expect /of/late 10.1.1.1 200
sleep 1
test "$(grep -cF 'shop.list: list rejected' "$work/error.log")" = 2 || fail "not one line for each worker"
put fleet/apps/shop.list '192.0.2.8:other\n'
until_all /shop 192.0.2.8 200
expect /shop 192.0.2.7 403
expect /stats 192.0.2.8 200
expect_body "3 3 4 0"
until_logged 'fleet: generation 5 is in force with 3 apps and 4 entries' 2

# The guard: who must not be locked out, lists of apps, and that lists are required.
put fleet/default.list '10.2.0.0/16\n'
until_logged '10.1.1.1 must be allowed' 2
expect /shop 10.1.1.1 200
put fleet/default.list '10.0.0.0/8:corp\n'
put fleet/site.toml 'enforce = false\n'
until_logged 'lists would no longer be required' 2
put fleet/site.toml 'enforce = true\n'
expect /nonsense 10.1.1.1 200
grep -q '^nil .*foobar' "$work/body" || fail "nobody minds a guard that makes no sense: $(cat "$work/body")"

# An image is followed as a folder is.
expect /image 192.0.2.7 200
expect /image 10.1.1.1 200
expect /image 203.0.113.9 401
put site.image 'no image'
until_logged 'site.image: ' 2
expect /image 192.0.2.7 200

# A site that comes later.
grep -qF "$work/later" "$work/error.log" || fail "nobody misses the site"
expect /later 10.1.1.1 403
cp -r "$work/fleet" "$work/coming" && mv "$work/coming" "$work/later"
until_all /later 10.1.1.1 200
until_all /later 192.0.2.8 200
in_order
echo "lua: sites: ok"
