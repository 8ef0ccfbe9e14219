#!/bin/sh
# ipgate.lua: its declarations, the acceptance vectors, gates in a real nginx (200, 403, a swap without a reload, a bad list,
# a list that comes later), sites (tests/sites.sh), and the example of an Admin Router (tests/admin_router.sh).
# Usage: test.sh PREFIX SITE-IMAGE, with an installed libipgate, and the image of a site. Speaks over a Unix socket, so takes
# no port.
set -eu
prefix=$1 image=$2
here=$(cd "$(dirname "$0")" && pwd)
for tool in nginx luajit curl wrk python3; do
    command -v $tool > /dev/null || { echo "$tool is missing: apt-get install nginx libnginx-mod-http-lua luajit2 curl wrk python3" >&2; exit 1; }
done
. "$here/tests/serve.sh"

# What Lua believes of the functions is what the header says.
one_line() { tr '\n' ' ' | tr -s ' ' | tr ';' '\n'; }
one_line < "$prefix/include/ipgate.h" > "$work/header"
sed -n '/^ffi.cdef/,/^\]\]/p' "$here/ipgate/library.lua" | grep -E '^[a-z].*\(.*\);$' | sed 's/;$//' | while read -r declaration; do
    grep -qF "$declaration" "$work/header" || fail "ipgate.h does not have: $declaration"
done
# And of the structs, comments apart.
grep -vE '^ *//' "$prefix/include/ipgate.h" | tr '\n' ' ' | tr -s ' ' > "$work/structs"
sed -n '/^typedef struct {/,/^}/p' "$here/ipgate/library.lua" | tr '\n' ' ' | tr -s ' ' | sed 's/typedef struct {/\n&/g' |
    grep typedef | while read -r struct; do
    grep -qF "$struct" "$work/structs" || fail "ipgate.h does not have: $struct"
done

# The acceptance vectors, as every surface runs them.
mkdir "$work/cases"
LD_LIBRARY_PATH="$prefix/lib" LUA_PATH="$here/?.lua;$here/tests/?.lua" luajit "$here/tests/cases.lua" "$here/../../tests/cases" "$work/cases" ||
    fail "a case has another answer"

{
    begin_conf
    cat << CONF
    init_worker_by_lua_block {
        local ipgate = require "ipgate"
        office = assert(ipgate.open("$work/office.list", { interval = 0.05, shrink = 100, keep = "10.0.1.7" }))
        later = assert(ipgate.open("$work/later.list", { interval = 0.05, deny_status = 401 }))
        most = assert(ipgate.open("$work/most.list", { interval = 0.05, lenient = true, max_bad = 67 }))
        half = assert(ipgate.open("$work/half.list", { interval = 0.05, lenient = true }))
        odd = assert(ipgate.open("$work/odd\\27[31m\\226\\128\\174\\n.list", { interval = 0.05 }))
    }
    log_format labelled "\$status \$label";
    server {
        listen unix:$work/socket;
        set_real_ip_from unix:;
        real_ip_header X-Real-IP;
        set \$label "-";
        location /office {
            access_by_lua_block { office:access() }
            log_by_lua_block { ngx.var.label = ngx.ctx.ipgate_label or "-" }
            access_log labelled.log labelled;
            empty_gif;
        }
        location /later { access_by_lua_block { later:access() } empty_gif; }
        location /explain {
            content_by_lua_block {
                local verdict = office:explain(ngx.var.binary_remote_addr)
                ngx.say(tostring(verdict.allowed), " ", verdict.entry, " ", verdict.reason, " ", verdict.generation)
            }
        }
        location /stats { content_by_lua_block { ngx.say(office:stats().entries, " ", office:stats().failures, " ", office:stats().left_out) } }
    }
}
CONF
} > "$work/nginx.conf"
put office.list '10.0.1.0/24:office_ABC\n[2001:db8::1]:v6\n'
start_nginx "$work" env LD_LIBRARY_PATH="$prefix/lib" nginx
until_all /office 10.0.1.7 200
expect /office 10.0.2.7 403
expect /office 2001:db8::1 200
expect /office 2001:db8::2 403
test "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$work/socket" http://gate/office)" = 403 ||
    fail "a client without an address got in"
grep -q '^200 office_ABC$' "$work/labelled.log" || fail "the label is not in the log"
expect /later 10.0.1.7 401

expect /explain 10.0.1.7 200
test "$(cat "$work/body")" = "true 10.0.1.0/24:office_ABC allow-entry 2" || fail "explained: $(cat "$work/body")"

put office.list '10.0.1.0/24:office_ABC\n10.0.2.0/24:new\n'
until_all /office 10.0.2.7 200
expect /office 10.0.1.7 200
expect /office 2001:db8::1 403
put office.list '10.0.1.0/24:office_ABC\n10.0.2.0/33:new\n'
sleep 1
expect /office 10.0.2.7 200
expect /stats 10.0.2.7 200
test "$(cat "$work/body")" = "2 1 0" || fail "statistics: $(cat "$work/body")"
test "$(grep -c 'the last good list stays' "$work/error.log")" = 2 || fail "not one line for each worker"
put office.list '10.0.2.0/24:new\n'
sleep 1
expect /office 10.0.1.7 200
test "$(grep -c '10.0.1.7 must be allowed' "$work/error.log")" = 2 || fail "the guard did not speak"
# The name of a file reaches no terminal as it is, whoever tells it.
odd=$(printf 'odd\033[31m\342\200\256\n.list')
printf '10.0.0.1\n' > "$work/new" && mv "$work/new" "$work/$odd"
until_logged 'odd\u{1b}[31m\u{202e}\n.list: generation 2 is in force with 1 entries' 2
grep -qF 'odd\u{1b}[31m\u{202e}\n.list: there is no such file' "$work/error.log" || fail "nobody misses the file"
grep -q "$(printf '\033\\|\342\200\256')" "$work/error.log" && fail "an escape sequence is in the log"
# Two bad pieces of three are 66.7 %.
put most.list '10.0.0.1\nfoobar\nquux\n'
put half.list '10.0.0.1\nfoobar\nquux\n'
until_logged 'most.list: generation 2 is in force with 1 entries' 2
until_logged 'half.list: list rejected, 2 errors (2 of 3 pieces are no entries, and at most 50 % may be left out)' 2
put later.list '10.0.1.7\n'
until_all /later 10.0.1.7 200
in_order

# The bench leaves a port to whoever has it, and takes the next.
python3 -c '
import socket, time
holder = socket.create_server(("127.0.0.1", 0))
print(holder.getsockname()[1], flush=True)
time.sleep(3600)' > "$work/taken" &
holder=$!
until test -s "$work/taken"; do sleep 0.05; done
taken=$(cat "$work/taken")
IPGATE_BENCH_PORT=$taken sh "$here/bench.sh" "$prefix" 1 1 > "$work/bench" || fail "the bench: $(cat "$work/bench")"
grep -q "^port $taken of 127.0.0.1 is taken by another program" "$work/bench" || fail "the bench: $(cat "$work/bench")"
grep -qE 'nothing [1-9][0-9]* ns, gate [1-9][0-9]* ns' "$work/bench" || fail "the bench: $(cat "$work/bench")"
sh "$here/tests/sites.sh" "$prefix" "$image"
sh "$here/tests/admin_router.sh" "$prefix"
echo "lua: ok"
