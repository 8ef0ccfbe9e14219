# What the scripts about a fleet share; to be sourced with their arguments, FOLDER-OF-MODULES FOLDER-OF-COMMANDS.
# shellcheck shell=sh

modules=$1
commands=$2
nginx=${IPGATE_NGINX:-/usr/sbin/nginx}
script=$(basename "$0")
. "$(dirname "$0")/../../scripts/start-nginx.sh"

folder=$(mktemp -d)
chmod 755 "$folder"
running=
routers=
finish() {
    [ -z "$running" ] || kill $running 2> /dev/null || true
    wait 2> /dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
    echo "$script: $1" >&2
    for log in "$folder"/*/ipgated.log "$folder"/*/error.log "$folder"/*.log; do
        [ -s "$log" ] || continue
        echo "--- $log" >&2
        tail -n 5 "$log" >&2
    done
    exit 1
}

# Programs with the packages that have them.
needs() {
    for need in "$@"; do
        command -v "${need%%:*}" > /dev/null || {
            echo "$script: ${need%%:*} is missing: apt-get install ${need#*:}" >&2
            exit 1
        }
    done
}

# Waits for half a minute at most until a command succeeds: what is waited for, the command.
until_true() {
    waited_for=$1 tries=0
    shift
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "$waited_for"
        sleep 0.05
    done
}

# Two ports that are free now; who is faster than etcd makes it begin again with others.
free_ports() {
    python3 -c 'import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(socket.getsockname()[1] for socket in sockets))'
}

# Starts an etcd, with these arguments beside; its address is in $client.
start_etcd() {
    for _ in 1 2 3 4 5; do
        ports=$(free_ports)
        client=http://127.0.0.1:${ports% *} peer=http://127.0.0.1:${ports#* }
        rm -rf "$folder/etcd"
        etcd --data-dir "$folder/etcd" --listen-client-urls "$client" --advertise-client-urls "$client" \
            --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" \
            --log-level error "$@" > "$folder/etcd.log" 2>&1 &
        etcd=$!
        while kill -0 "$etcd" 2> /dev/null; do
            if ETCDCTL_API=3 etcdctl --endpoints "$client" endpoint health > /dev/null 2>&1; then
                running="$running $etcd"
                return
            fi
            sleep 0.1
        done
    done
    fail "etcd does not start"
}
put() { ETCDCTL_API=3 etcdctl --endpoints "$client" put "$@" > /dev/null; }
now() { date +%s%3N; }

# The address of a listener of a daemon, which it tells when it has it: router, listener.
address() {
    until_true "the ipgated of $1 does not listen" is_said "$1" "$2"
    echo "$found"
}
is_said() {
    found=$(sed -n "s/.*\"address\":\"\([^\"]*\)\".*\"listener\":\"$2\".*/\1/p;s/.*\"listener\":\"$2\".*\"address\":\"\([^\"]*\)\".*/\1/p" "$folder/$1/ipgated.log" | head -n 1)
    [ -n "$found" ]
}

# Starts a router: its name, and what its ipgated follows. $launcher stands before that, where it is set.
start_router() {
    router=$1
    shift
    mkdir -p "$folder/$router"
    ${launcher:-} "$commands/ipgated" "$@" --state "$folder/$router/state" --log-format json \
        --publish "$folder/$router/site.image" --admin 127.0.0.1:0 > "$folder/$router/ipgated.log" 2>&1 &
    running="$running $!"
    # nginx does not start without a site.
    until_true "the ipgated of $router publishes nothing" test -s "$folder/$router/site.image"
    user=$(id -un)
    cat > "$folder/$router/nginx.conf" << CONF
load_module $modules/ngx_http_ipgate_module.so;
daemon off; pid nginx.pid; error_log error.log notice; worker_processes 2;
$([ "$user" = root ] && echo 'user root;')
events {}
http {
    access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
    scgi_temp_path t5;
    set_real_ip_from unix:; real_ip_header X-Real-IP;      # so that curl can play any client
    ipgate_site fleet path=site.image interval=250ms;
    add_header X-Gate "\$ipgate_status app=\$ipgate_app label=\$ipgate_label entry=\$ipgate_entry" always;
    server {
        listen unix:$folder/$router/socket;
        location / { ipgate_site fleet; ipgate_host \$host; empty_gif; }
    }
}
CONF
    start_nginx "$folder/$router" "$nginx" || fail "the nginx of $router does not start"
    running="$running $nginx_pid"
    routers="$routers $router"
}

# What a router answers: router, client, host.
status() {
    curl -s -o /dev/null -D "$folder/answer" -w '%{http_code}' --unix-socket "$folder/$1/socket" \
        -H "X-Real-IP: $2" "http://$3/"
}
# Waits until all routers answer that, in both workers: ten answers in a row. Client, host, status.
in_force() {
    began=$(now)
    for router in $routers; do
        tries=0 row=0
        while [ $row -lt 10 ]; do
            if [ "$(status "$router" "$1" "$2")" = "$3" ]; then row=$((row + 1)); else row=0 && sleep 0.02; fi
            tries=$((tries + 1))
            [ $tries -lt 1000 ] || fail "router $router does not answer $3 to $1 for $2"
        done
    done
    took=$(($(now) - began))
}
