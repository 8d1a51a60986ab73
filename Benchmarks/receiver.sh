#!/bin/sh
# What one acknowledged webhook costs the receiver in CPU time, next to nginx reading the same
# request and answering 200, in the same run. Everything stays on loopback and in a directory that
# is removed at the end.
#
# usage: Benchmarks/receiver.sh [CASE...]     CASE is EVENTS:CONNECTIONS; default 1:64 1:256 4:64
#
#   HOOKFERRY_BIN      directory with the release programs (default: builds them)
#   HOOKFERRY_BROKER   command of the broker; its first line must name host:port
#   HOOKFERRY_SECONDS  length of one measurement (default 8)
#   HOOKFERRY_RATIO    fail above this ratio (default 3.0; cases of one event)
#   HOOKFERRY_THREADS  event loops of the receiver (default 1)
#   HOOKFERRY_LINGER   receiver.linger_ms (default 1). At 64 connections a longer wait leaves the
#                      receiver idle between batches, and each wake-up then serves fewer requests.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
seconds=${HOOKFERRY_SECONDS:-8}
ratio_max=${HOOKFERRY_RATIO:-3.0}
threads=${HOOKFERRY_THREADS:-1}
linger=${HOOKFERRY_LINGER:-1}
secret=benchmark-client-secret
url=https://hooks.example.com/hooks/crm
[ $# -gt 0 ] || set -- 1:64 1:256 4:64

if [ -z "${HOOKFERRY_BIN:-}" ]; then
  echo "building the release programs" >&2
  (cd "$root" && swift build -c release --product hookferry-receiver >&2)
  [ -n "${HOOKFERRY_BROKER:-}" ] || (cd "$root" && swift build -c release --product hookferry >&2)
  HOOKFERRY_BIN=$(cd "$root" && swift build -c release --show-bin-path)
fi
broker=${HOOKFERRY_BROKER:-"$HOOKFERRY_BIN/hookferry broker"}

work=$(mktemp -d)
broker_pid= receiver_pid= nginx_pid=
finish() {
  for pid in $receiver_pid $nginx_pid $broker_pid; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# waits until a command succeeds, at most ten seconds
await() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -ge 100 ]; then
      echo "gave up waiting for: $*" >&2
      tail -n 20 "$work"/*.log >&2
      exit 1
    fi
    sleep 0.1
  done
}

free_port() {
  python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

port=$(free_port) admin_port=$(free_port) nginx_port=$(free_port)

$broker >"$work/broker.out" 2>"$work/broker.log" &
broker_pid=$!
await grep -Eq '[0-9.]+:[0-9]+' "$work/broker.out"
servers=$(grep -Eom1 '[A-Za-z0-9.]+:[0-9]+(,[A-Za-z0-9.]+:[0-9]+)*' "$work/broker.out" | head -n 1)

cat >"$work/hookferry.yaml" <<EOF
kafka:
  bootstrap_servers: "$servers"
receiver:
  listen_address: 127.0.0.1
  port: $port
  admin_port: $admin_port
  threads: $threads
  linger_ms: $linger
  drain_grace_ms: 0
sources:
  crm:
    provider: hubspot
    secrets: ["text:$secret"]
    public_url: $url
EOF
"$HOOKFERRY_BIN/hookferry-receiver" --config "$work/hookferry.yaml" 2>"$work/receiver.log" &
receiver_pid=$!
ready() { [ "$(python3 "$here/status.py" "$admin_port" /readyz)" = 200 ]; }
await ready

mkdir "$work/nginx"
sed -e "s|@PORT@|$nginx_port|" -e "s|@WORK@|$work/nginx|" "$here/nginx.conf" >"$work/nginx.conf"
nginx -c "$work/nginx.conf" -e "$work/nginx.log" &
nginx_pid=$!
await pgrep -P "$nginx_pid"
nginx_worker=$(pgrep -P "$nginx_pid")

# user and system time of a process, all threads, in clock ticks
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }
hertz=$(getconf CLK_TCK)

echo "receiver: $threads event loop(s), linger_ms $linger"

# measure PID PORT CONNECTIONS -> microseconds a request and requests a second; fails on any non-2xx
measure() {
  python3 "$here/sign.py" "$secret" "$url" "$events" >"$work/requests.lua"
  wrk -t1 -c"$3" -d1s -s "$here/receiver.lua" "http://127.0.0.1:$2/hooks/crm" -- "$work" >/dev/null
  before=$(ticks "$1")
  wrk -t1 -c"$3" -d"${seconds}s" -s "$here/receiver.lua" \
    "http://127.0.0.1:$2/hooks/crm" -- "$work" >"$work/wrk.out"
  after=$(ticks "$1")
  awk -v ticks="$((after - before))" -v hertz="$hertz" -v seconds="$seconds" '
    /^answered/ { good = $2; bad = $4; errors = $6 }
    END {
      if (good == 0 || bad > 0 || errors > 0) {
        printf "good %d, not 2xx %d, broken connections %d\n", good, bad, errors > "/dev/stderr"
        exit 1
      }
      printf "%.2f %.0f\n", ticks * 1000000 / hertz / good, good / seconds
    }' "$work/wrk.out"
}

verdict=0
for case in "$@"; do
  events=${case%:*} connections=${case#*:}
  floor=$(measure "$nginx_worker" "$nginx_port" "$connections") || exit 1
  ours=$(measure "$receiver_pid" "$port" "$connections") || exit 1
  echo "$ours $floor" | awk -v events="$events" -v connections="$connections" -v max="$ratio_max" '
    {
      printf "1 KB body, %d event%s, %d connections\n", events, events == 1 ? "" : "s", connections
      printf "  receiver %6.2f us a request (%d/s)\n", $1, $2
      printf "  nginx    %6.2f us a request (%d/s)\n", $3, $4
      printf "  ratio %.2f\n", $1 / $3
      exit (events == 1 && $1 / $3 > max) ? 1 : 0
    }' || verdict=1
done
[ "$verdict" = 0 ] || echo "above the limit of $ratio_max" >&2
exit "$verdict"
