#!/bin/sh
# The example of an Admin Router, its files as they stand but for their folder: the admin zone decides before its own
# authentication does, in each location, and the list changes while nginx serves.
# Usage: admin_router.sh PREFIX; test.sh runs it.
set -eu
prefix=$1
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/tests/serve.sh"
example=$here/examples/admin-router

mkdir -p "$work/lua"
cp -r "$here/ipgate.lua" "$here/ipgate" "$example/auth.lua" "$work/lua"
for part in http server; do
    sed "s|/etc/ipgate|$work|g" "$example/$part.conf" > "$work/$part.conf"
done
sed -i 's/interval = 1/interval = 0.05/' "$work/http.conf"
{
    begin_conf | grep -v lua_package_path
    cat << CONF
    include $work/http.conf;
    server {
        listen unix:$work/socket;
        set_real_ip_from unix:;
        real_ip_header X-Real-IP;
        access_log $work/admin.log admin;
        include $work/server.conf;
    }
}
CONF
} > "$work/nginx.conf"

with_token() {
    curl -s -o "$work/body" -w '%{http_code}' --unix-socket "$work/socket" -H "X-Real-IP: $2" \
        -H "Authorization: token=$3" "http://$host$1"
}
expect_token() { test "$(with_token "$1" "$2" "$3")" = "$4" || fail "$1 for $2 with $3 is $(with_token "$1" "$2" "$3"), not $4"; }

put admin.list '203.0.113.0/24:AdminLocation\n'
put tokens 's3cret\n'
start_nginx "$work" env LD_LIBRARY_PATH="$prefix/lib" nginx
until_all /ping 203.0.113.7 200
expect /ping 192.0.2.7 403
expect /service/x 203.0.113.7 401
expect_token /service/x 203.0.113.7 s3cret 200
expect_token /service/x 203.0.113.7 guessed 401
# Outside the zone nobody learns whether a token is good.
expect_token /service/x 192.0.2.7 s3cret 403
expect_token /service/x 192.0.2.7 guessed 403
expect /health 127.0.0.1 200
expect /health 203.0.113.7 403
# The zone moves; a bad list changes nothing.
put admin.list '192.0.2.0/24:new_office\n'
until_all /ping 192.0.2.7 200
expect /ping 203.0.113.7 403
put admin.list 'office\n'
until_logged "office" 2
expect /ping 192.0.2.7 200
grep -q '^192.0.2.7 200 new_office ' "$work/admin.log" || fail "the label is not in the log"
in_order
