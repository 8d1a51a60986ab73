#!/bin/sh
# What the consumer's engine does and costs: alone, over an API, from webhook to row, and in memory.
# Each case prints a line that begins with its name; floors are measured in the same run.
#
# usage: Benchmarks/consumer.sh
#
#   HOOKFERRY_RECORDS  records of the engine's backlog (default 1000000)
#   HOOKFERRY_ROUNDS   measurements of the engine; the best one is printed (default 3): each has a
#                      group of its own, and a machine that others use is only ever slower
#   HOOKFERRY_SECONDS  length of a measurement over an API (default 5)
#   and HOOKFERRY_BIN of Benchmarks/common.sh
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
products='hookferry hookferry-bench'
. "$here/common.sh"
records=${HOOKFERRY_RECORDS:-1000000}
rounds=${HOOKFERRY_ROUNDS:-3}
seconds=${HOOKFERRY_SECONDS:-5}
bench="$HOOKFERRY_BIN/hookferry-bench"
cc -O2 -o "$work/curl-floor" "$here/curl-floor.c" -lcurl

# fresh PARTITIONS: another broker with empty topics
fresh() {
  [ -z "$broker_pid" ] || stop "$broker_pid"
  : >"$work/broker.out"
  start_broker --topic "hookferry.events:$1" --topic "hookferry.retry:$1" \
    --topic hookferry.dead-letters:1
}

# api MILLISECONDS: an API on a free port
api_pid=''
api() {
  [ -z "$api_pid" ] || stop "$api_pid"
  : >"$work/api.out"
  "$bench" serve --latency-ms "$1" >"$work/api.out" 2>>"$work/api.log" &
  api_pid=$!
  other_pids=$api_pid
  await grep -Eq '^[0-9]+$' "$work/api.out"
  url=http://127.0.0.1:$(cat "$work/api.out")
}

# best FIELD: of the lines of standard input the one with the largest number there
best() { sort -n -r -k"$1" | head -n 1; }

echo "engine: empty step, 16 partitions, Zipf keys; then one key" >&2
round=0
while [ "$round" -lt "$rounds" ]; do
  round=$((round + 1))
  fresh 16
  "$bench" fill "$servers" --count "$records" --keys 100000 --exponent 1
  "$bench" engine "$servers" --count "$records"
done >"$work/engine"
best 2 <"$work/engine"
hot=$((records < 150000 ? records : 150000))
round=0
while [ "$round" -lt "$rounds" ]; do
  round=$((round + 1))
  fresh 1
  "$bench" fill "$servers" --count "$hot" --keys 1 --value-bytes 100
  "$bench" engine "$servers" --count "$hot" --name hot-key
done >"$work/hot"
best 2 <"$work/hot"

echo "slots: 1,000 calls at a time, Zipf keys" >&2
for latency in 100 10; do
  api "$latency"
  fresh 16
  "$bench" fill "$servers" --count 600000 --keys 400000 --exponent 0.5
  "$bench" calls "$servers" "$url" --slots 1000 --seconds "$seconds" \
    --name "slots-${latency}ms" >"$work/calls"
  cat "$work/calls"
  if [ "$latency" = 100 ]; then
    awk '{ printf "slots-100ms-share %.1f %% of slots/latency\n", $2 / 10000 * 100 }' "$work/calls"
  else
    "$work/curl-floor" "$url/crm/v3/objects/contacts/1" 1000 $((seconds * 15000)) >"$work/floor"
    awk 'NR == FNR { us = $1; rate = $2; next }
      { printf "slots-10ms-share %.1f %% of libcurl alone (%d/s)\n", $2 / rate * 100, rate }' \
      "$work/floor" "$work/calls"
  fi
done

echo "cost: 64 calls at a time, no latency, no sink; libcurl alone in turns" >&2
api 0
round=0
while [ "$round" -lt "$rounds" ]; do
  round=$((round + 1))
  "$work/curl-floor" "$url/crm/v3/objects/contacts/1" 64 100000 >"$work/floor"
  fresh 16
  "$bench" fill "$servers" --count 100000 --keys 0
  "$bench" engine "$servers" --count 100000 --url "$url" --name cost >"$work/calls"
  # of all threads of the process
  awk 'NR == FNR { us = $1; next }
    { printf "cost %.2f us an enriched event, libcurl alone %.2f us, ratio %.2f\n",
      $14, us, $14 / us }' \
    "$work/floor" "$work/calls"
done | sort -n -k 12 | sed -n "$(((rounds + 1) / 2))p"

echo "latency: webhook to row at 1,000 events a second, API of 5 ms" >&2
api 5
fresh 4
"$bench" latency "$servers" "$url"

echo "window: 100,000 records wait for an API that does not answer" >&2
api 600000
fresh 16
"$bench" fill "$servers" --count 120000 --keys 100000 --exponent 1 --value-bytes 500
"$bench" window "$servers" "$url"
