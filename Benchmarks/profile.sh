#!/bin/sh
# Where the receiver's CPU time goes under load: by library, then the costliest functions by
# themselves, then with everything they call. Needs perf and the right to use it.
#
# usage: Benchmarks/profile.sh [CONNECTIONS]     default 256
#
#   HOOKFERRY_SECONDS  length of the recording (default 5)
#   and those of Benchmarks/common.sh
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
. "$here/common.sh"
seconds=${HOOKFERRY_SECONDS:-5}
connections=${1:-256}
command -v perf >/dev/null || {
  echo "perf is missing: install linux-perf" >&2
  exit 1
}

start_broker
start_receiver
sign 1
wrk -t1 -c"$connections" -d"$((seconds + 3))s" -s "$here/receiver.lua" \
  "http://127.0.0.1:$port/hooks/crm" -- "$work" >"$work/wrk.out" &
load=$!
other_pids=$load
sleep 2
perf record -q -F 997 -g -p "$receiver_pid" -o "$work/perf.data" -- sleep "$seconds" 2>/dev/null
wait "$load"
awk '/^answered/ { print $2 " answered" }' "$work/wrk.out"

demangle() { if command -v swift >/dev/null; then swift demangle -simplified; else cat; fi; }
report() {
  perf report -i "$work/perf.data" --stdio -g none "$@" 2>/dev/null |
    grep -v '^#' | grep -v '^$' | demangle | cut -c1-110
}
echo "by library"
report --no-children --sort dso --percent-limit 0.5
echo "by thread"
report --no-children --sort comm --percent-limit 0.5
echo "functions by themselves"
report --no-children --sort symbol | head -n 40
echo "functions with what they call"
report --children --sort symbol | head -n 60
