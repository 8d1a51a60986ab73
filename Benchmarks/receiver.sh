#!/bin/sh
# What one acknowledged webhook costs the receiver in CPU time, next to nginx reading the same
# request and answering 200: in turns, in the same run, the median of several rounds.
#
# usage: Benchmarks/receiver.sh [CASE...]
#
# CASE is EVENTS:CONNECTIONS[:LINGER[:REQUESTS]]; default 1:64:1:1 1:256:2:2 4:64:1:1.
# LINGER is receiver.linger_ms, which an operator sets by load: with few senders a longer wait keeps
# the receiver idle between batches and each wake-up then serves fewer requests; with many it makes
# the batches larger. REQUESTS is receiver.produce_requests_max: one request at a time gathers what
# few senders send meanwhile.
#
#   HOOKFERRY_SECONDS  length of one measurement (default 2)
#   HOOKFERRY_ROUNDS   measurements of each side (default 9)
#   HOOKFERRY_RATIO    fail above this ratio at 256 connections and one event (default 2.4)
#   and those of Benchmarks/common.sh
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
. "$here/common.sh"
seconds=${HOOKFERRY_SECONDS:-2}
rounds=${HOOKFERRY_ROUNDS:-9}
ratio_max=${HOOKFERRY_RATIO:-2.4}
[ $# -gt 0 ] || set -- 1:64:1:1 1:256:2:2 4:64:1:1

start_broker
start_nginx
echo "receiver: $threads event loop(s); median of $rounds rounds"

# measure PID PORT CONNECTIONS -> microseconds a request and requests a second; fails on any non-2xx
measure() {
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
  IFS=: read -r events connections linger produce_requests <<EOF
$case
EOF
  linger=${linger:-${HOOKFERRY_LINGER:-1}}
  produce_requests=${produce_requests:-${HOOKFERRY_REQUESTS:-2}}
  start_receiver
  sign "$events"
  for target in "$nginx_port" "$port"; do
    wrk -t1 -c"$connections" -d1s -s "$here/receiver.lua" \
      "http://127.0.0.1:$target/hooks/crm" -- "$work" >/dev/null
  done
  : >"$work/rounds"
  round=0
  while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    floor=$(measure "$nginx_worker" "$nginx_port" "$connections") || exit 1
    ours=$(measure "$receiver_pid" "$port" "$connections") || exit 1
    echo "$ours $floor" | awk '{ print $1 / $3, $0 }' >>"$work/rounds"
  done
  sort -n "$work/rounds" | sed -n "$(((rounds + 1) / 2))p" |
    awk -v events="$events" -v connections="$connections" -v linger="$linger" \
      -v requests="$produce_requests" -v max="$ratio_max" '
    {
      printf "1 KB body, %d event%s, %d connections, linger_ms %s, produce_requests_max %s\n", \
        events, events == 1 ? "" : "s", connections, linger, requests
      printf "  receiver %6.2f us a request (%d/s)\n", $2, $3
      printf "  nginx    %6.2f us a request (%d/s)\n", $4, $5
      printf "ratio %.2f\n", $1
      exit (events == 1 && connections == 256 && $1 > max) ? 1 : 0
    }' || verdict=1
  stop "$receiver_pid"
  receiver_pid=''
done
[ "$verdict" = 0 ] || echo "above the limit of $ratio_max" >&2
exit "$verdict"
