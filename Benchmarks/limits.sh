#!/bin/bash
# How the receiver keeps its limits: answers at half load, memory with idle connections, other
# clients beside slow ones, and a minute at three times of what it can take.
#
# usage: Benchmarks/limits.sh [half] [idle] [slow] [overload]     default: all
#
#   HOOKFERRY_OVERLOAD_SECONDS  length of the overload (default 60)
#   and those of Benchmarks/common.sh
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
. "$here/common.sh"
[ $# -gt 0 ] || set -- half idle slow overload
verdict=0

# gate NAME VALUE MAX: notes when a figure is above its limit
gate() {
  awk -v value="$2" -v max="$3" 'BEGIN { exit (value <= max) ? 0 : 1 }' && return
  echo "above the limit: $1 is $2, at most $3" >&2
  verdict=1
}

# paced CONNECTIONS WAIT_MS SECONDS -> requests a second, p50 and p99 in milliseconds
paced() {
  wrk -t1 -c"$1" -d"$3s" -s "$here/paced.lua" "http://127.0.0.1:$port/hooks/crm" \
    -- "$work" "$2" >"$work/wrk.out"
  awk -v seconds="$3" '
    /^answered/ {
      if ($4 > 0 || $6 > 0) { print "refused or broken: " $0 > "/dev/stderr"; exit 1 }
      printf "%d %.2f %.2f\n", $2 / seconds, $8 / 1000, $10 / 1000
    }' "$work/wrk.out"
}

half() {
  start_broker
  start_receiver
  sign 1
  local rate p50 p99 full wait
  read -r full p50 p99 < <(paced 256 0 3)
  # Half of the rate: as long again between the requests as one of them takes, and what else it
  # takes to come down to it.
  wait=$(awk -v full="$full" 'BEGIN { printf "%d", 256 / (full / 2) * 1000 }')
  for _ in 1 2 3 4 5; do
    read -r rate p50 p99 < <(paced 256 "$wait" 2)
    wait=$(awk -v rate="$rate" -v full="$full" -v wait="$wait" '
      BEGIN {
        print wait + (rate > 0.55 * full ? 1 : rate < 0.45 * full && wait > 1 ? -1 : 0)
      }')
  done
  read -r rate p50 p99 < <(paced 256 "$wait" 8)
  echo "half load: 256 connections, $rate/s of at most $full/s: p50 $p50 ms, p99 $p99 ms"
  gate "p99 at half load" "$p99" 15
}

idle() {
  start_broker
  start_receiver
  sign 1
  # Warm: what load leaves behind counts too.
  paced 64 0 3 >/dev/null
  local before after
  before=$(resident "$receiver_pid")
  hold 2000 idle
  after=$(resident "$receiver_pid")
  echo "idle: resident $before KB after load, $after KB with 2000 idle connections"
  gate "resident KB with 2000 idle connections" "$after" 65536
}

# hold COUNT KIND
hold() {
  python3 "$here/slow.py" "$port" "$1" "$2" >"$work/slow.out" 2>"$work/slow.log" &
  other_pids="$other_pids $!"
  slow_pid=$!
  await grep -q holding "$work/slow.out"
}

slow() {
  start_broker
  start_receiver
  sign 1
  # In turns, so that what else the machine does falls on both sides.
  local round rate p50 p99
  : >"$work/alone"
  : >"$work/beside"
  paced 32 4 2 >/dev/null
  for round in 1 2 3 4 5; do
    paced 32 4 3 >>"$work/alone"
    hold 2000 slow
    paced 32 4 3 >>"$work/beside"
    stop "$slow_pid"
  done
  read -r rate p50 p99 < <(median 3 "$work/alone")
  echo "slow: 32 connections alone: $rate/s, p50 $p50 ms, p99 $p99 ms"
  local alone=$p99
  read -r rate p50 p99 < <(median 3 "$work/beside")
  echo "slow: beside 2000 slow ones: $rate/s, p50 $p50 ms, p99 $p99 ms"
  awk -v a="$alone" -v b="$p99" 'BEGIN { printf "ratio %.2f\n", b / a }'
  gate "p99 beside 2000 slow connections" "$p99" "$(awk -v a="$alone" 'BEGIN { print 2 * a }')"
}

# median COLUMN FILE: the middle line by this column
median() { sort -n -k"$1" "$2" | sed -n "$((($(wc -l <"$2") + 1) / 2))p"; }

# Capacity is what a slow broker lets through: so many requests in flight, each as long as the
# broker takes. Three times as many come, at a rate that does not wait for answers.
overload() {
  local seconds=${HOOKFERRY_OVERLOAD_SECONDS:-60} capacity early late
  start_broker --round-trip-ms 40
  start_receiver "in_flight_requests_max: 64"
  capacity=$(python3 "$here/load.py" "$port" 0 64 5 "$secret" "$url" |
    awk '/^200/ { print $2 / 5 }')
  python3 "$here/load.py" "$port" "$(awk -v c="$capacity" 'BEGIN { print 3 * c }')" 512 \
    "$seconds" "$secret" "$url" >"$work/load.out" 2>"$work/load.log" &
  local load=$!
  other_pids="$other_pids $load"
  sleep "$((seconds / 5))"
  early=$(resident "$receiver_pid")
  wait "$load"
  late=$(resident "$receiver_pid")
  echo "overload: ${seconds} s at 3 x $capacity/s, broker 40 ms away, 64 requests in flight"
  awk '/^[0-9]/ {
    printf "  answered %s: %d, p50 %.1f ms, p99 %.1f ms, longest %.1f ms\n", $1, $2, $3, $4, $5
  } /^late/ { print "  " $0 }' "$work/load.out"
  echo "  resident $early KB after a fifth, $late KB at the end"
  gate "p99 of 503 in ms" "$(awk '/^503/ { print $4 }' "$work/load.out")" 50
  gate "growth in KB" "$((late - early))" 4096
  gate "resident KB under overload" "$late" 65536
}

for case in "$@"; do
  "$case"
  for pid in $receiver_pid $broker_pid ${slow_pid:-}; do stop "$pid"; done
  other_pids=
done
exit "$verdict"
