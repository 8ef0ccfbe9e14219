#!/bin/sh
# What office:access() costs a request, next to an access_by_lua that does nothing: processor time of the one
# worker, rounds in turn, under wrk. Clients vary through realip.
# Usage: bench.sh PREFIX [SECONDS-A-ROUND [ROUNDS]]. Takes IPGATE_BENCH_PORT (18080) of 127.0.0.1, or the next free one.
set -eu
prefix=$1 seconds=${2:-3} rounds=${3:-5}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/start-nginx.sh"
command -v wrk > /dev/null || { echo "wrk is missing: apt-get install wrk" >&2; exit 1; }
modules=/usr/lib/nginx/modules
work=$(mktemp -d)
nginx_pid=
trap 'test -z "$nginx_pid" || kill "$nginx_pid" 2> /dev/null || true; wait 2> /dev/null || true; rm -rf "$work"' EXIT

awk 'BEGIN { for (i = 0; i < 100000; i++) printf "%d.%d.%d.0/24:client_%d\n", 1 + i % 223, int(i / 223) % 256, (i * 7) % 256, i }' |
    sort -u -t: -k1,1 > "$work/clients.list"
cat > "$work/clients.lua" << 'LUA'
local n = 0
function request()
    n = (n * 1103515245 + 12345) % 2147483648
    wrk.headers["X-Real-IP"] = string.format("%d.%d.%d.%d", 1 + n % 223, n / 223 % 256, n / 65536 % 256, n % 256)
    return wrk.format("GET", nil)
end
LUA
start_at() {
    cat > "$work/nginx.conf" << CONF
load_module $modules/ndk_http_module.so;
load_module $modules/ngx_http_lua_module.so;
$(test "$(id -u)" != 0 || echo "user root;")
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log notice;
events {}
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
    lua_package_path "$here/?.lua;;";
    init_worker_by_lua_block { clients = assert(require "ipgate".open("$work/clients.list", { deny_status = 204 })) }
    server {
        listen 127.0.0.1:$1;
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Real-IP;
        location /none { access_by_lua_block { } empty_gif; }
        location /gate { access_by_lua_block { clients:access() } empty_gif; }
        location /check {
            content_by_lua_block {
                local address, n = string.char(10, 0, 1, 7), 5000000
                for _ = 1, 1000 do clients:check(address) end
                ngx.update_time()
                local start = ngx.now()
                for i = 1, n do clients:check(address) end
                ngx.update_time()
                ngx.say(string.format("%.1f", (ngx.now() - start) / n * 1e9))
            }
        }
    }
}
CONF
    start_nginx "$work" env LD_LIBRARY_PATH="$prefix/lib" nginx
}
first=${IPGATE_BENCH_PORT:-18080}
port=$first
until start_at "$port"; do
    echo "port $port of 127.0.0.1 is taken by another program"
    port=$((port + 1))
    test $port -lt $((first + 20)) || { echo "no free port: choose another one with IPGATE_BENCH_PORT" >&2; exit 1; }
done
until worker=$(pgrep -P "$nginx_pid"); do sleep 0.05; done

# Nanoseconds of processor time a request.
round() {
    before=$(cut -d' ' -f1 "/proc/$worker/schedstat")
    requests=$(wrk -t1 -c16 -d"${seconds}s" -s "$work/clients.lua" "http://127.0.0.1:$port$1" | awk '/requests in/ { print $1 }')
    after=$(cut -d' ' -f1 "/proc/$worker/schedstat")
    echo $(((after - before) / requests))
}
best() { sort -n | head -1; }
round /gate > /dev/null
: > "$work/none"; : > "$work/gate"
for _ in $(seq "$rounds"); do
    round /none >> "$work/none"
    round /gate >> "$work/gate"
done
none=$(best < "$work/none") gate=$(best < "$work/gate")
echo "processor time a request: nothing $none ns, gate $gate ns, the gate costs $((gate - none)) ns ($(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | xargs))"
echo "gate:check() in a loop: $(curl -s "http://127.0.0.1:$port/check") ns"
