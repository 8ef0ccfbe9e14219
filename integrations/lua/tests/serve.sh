# For scripts that test ipgate.lua in an nginx of two workers: sourced, not run, with $here, the folder of ipgate.lua, and
# $prefix, an installed libipgate. Makes $work, and removes it when the script ends.
. "$here/../../scripts/start-nginx.sh"
modules=/usr/lib/nginx/modules
test -f $modules/ngx_http_lua_module.so || { echo "apt-get install libnginx-mod-http-lua" >&2; exit 1; }
work=$(mktemp -d)
nginx_pid= holder=
finish() { kill $nginx_pid $holder 2> /dev/null || true; wait 2> /dev/null || true; rm -rf "$work"; }
trap finish EXIT
fail() { echo "$(basename "$0"): $1" >&2; tail -n 20 "$work/error.log" >&2 || true; exit 1; }

# The beginning of a configuration, up to what is in the block of http. As root, nginx would drop to a user who may not see
# the directory.
begin_conf() {
    cat << CONF
load_module $modules/ndk_http_module.so;
load_module $modules/ngx_http_lua_module.so;
$(test "$(id -u)" != 0 || echo "user root;")
daemon off;
worker_processes 2;
pid nginx.pid;
error_log error.log notice;
events {}
http {
    access_log access.log;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
    lua_package_path "$here/?.lua;;";
CONF
}

put() { printf "$2" > "$work/new" && mv "$work/new" "$work/$1"; }
# The status of a path for a client, at the host $host.
host=gate
ask() { curl -s -o "$work/body" -w '%{http_code}' --unix-socket "$work/socket" -H "X-Real-IP: $2" "http://$host$1"; }
# Waits until an answer is the expected one, in both workers: twenty times in a row.
until_all() {
    tries=0 row=0
    while test $row -lt 20; do
        if test "$(ask "$1" "$2")" = "$3"; then row=$((row + 1)); else row=0; fi
        tries=$((tries + 1))
        test $tries -lt 2000 || fail "$1 for $2 does not become $3"
    done
}
# Waits until a text is in that many lines of the log.
until_logged() {
    tries=0
    until test "$(grep -cF "$1" "$work/error.log")" = "$2"; do
        tries=$((tries + 1))
        test $tries -lt 200 || fail "not in the log $2 times: $1"
        sleep 0.05
    done
}
expect() { test "$(ask "$1" "$2")" = "$3" || fail "$1 for $2 at $host is $(ask "$1" "$2"), not $3"; }
expect_body() { test "$(cat "$work/body")" = "$1" || fail "it says: $(cat "$work/body"), not: $1"; }
# Both workers are there, and nothing went wrong that nobody expected.
in_order() {
    test "$(pgrep -P "$nginx_pid" | wc -l)" = 2 || fail "a worker was lost"
    if grep -qE '\[(emerg|alert|crit)\]' "$work/error.log"; then fail "the error log has more than it should"; fi
}
