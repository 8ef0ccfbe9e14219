# For scripts that need an nginx: sourced, not run.
#
# start_nginx FOLDER COMMAND...
#
# Runs COMMAND, an nginx, with FOLDER/nginx.conf, which has `daemon off; pid nginx.pid; error_log error.log;`, and waits
# until it serves; $nginx_pid is then its process. Returns 1 where another program has a port that it is to listen on.
# Where it does not start for another reason, shows what it said and ends the script.
start_nginx() {
    nginx_folder=$1
    shift
    rm -f "$nginx_folder/nginx.pid"
    "$@" -p "$nginx_folder" -c nginx.conf -e error.log 2> "$nginx_folder/said" &
    nginx_pid=$!
    # nginx writes this file when it has all its ports: whoever answers there before may be another program.
    until [ -s "$nginx_folder/nginx.pid" ]; do
        if ! kill -0 "$nginx_pid" 2> /dev/null; then
            nginx_pid=
            grep -q 'bind() .*Address already in use' "$nginx_folder/said" && return 1
            echo "nginx does not start:" >&2
            cat "$nginx_folder/said" >&2
            exit 1
        fi
        sleep 0.05
    done
}
