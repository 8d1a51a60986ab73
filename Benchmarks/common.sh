# What the measurements share: a broker, a receiver and nginx on loopback, in a directory that is
# removed at the end. To be sourced; needs $here and $root; $products are built, if not the usual.
#
#   HOOKFERRY_BIN      directory with the release programs (default: builds them)
#   HOOKFERRY_BROKER   command of the broker; its first line must name host:port
#   HOOKFERRY_THREADS  event loops of the receiver (default 1)
#   HOOKFERRY_LINGER   receiver.linger_ms (default 1)
#   HOOKFERRY_REQUESTS receiver.produce_requests_max (default 2)

threads=${HOOKFERRY_THREADS:-1}
linger=${HOOKFERRY_LINGER:-1}
produce_requests=${HOOKFERRY_REQUESTS:-2}
secret=benchmark-client-secret
url=https://hooks.example.com/hooks/crm
ulimit -S -n "$(ulimit -H -n)"

if [ -z "${HOOKFERRY_BIN:-}" ]; then
  echo "building the release programs" >&2
  # shellcheck disable=SC2086
  HOOKFERRY_BIN=$("$root/scripts/build-release.sh" ${products:-hookferry hookferry-receiver})
fi
broker=${HOOKFERRY_BROKER:-"$HOOKFERRY_BIN/hookferry broker"}

work=$(mktemp -d)
broker_pid='' receiver_pid='' nginx_pid='' other_pids=''
finish() {
  for pid in $other_pids $receiver_pid $nginx_pid $broker_pid; do
    kill "$pid" 2>/dev/null || true
  done
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

# start_broker [OPTION...]
start_broker() {
  # shellcheck disable=SC2086
  $broker "$@" >"$work/broker.out" 2>"$work/broker.log" &
  broker_pid=$!
  await grep -Eq '[0-9.]+:[0-9]+' "$work/broker.out"
  servers=$(grep -Eom1 '[A-Za-z0-9.]+:[0-9]+(,[A-Za-z0-9.]+:[0-9]+)*' "$work/broker.out" |
    head -n 1)
}

# start_receiver [LINE...]: further settings of the section receiver
start_receiver() {
  port=$(free_port) admin_port=$(free_port)
  cat >"$work/hookferry.yaml" <<EOF
kafka:
  bootstrap_servers: "$servers"
receiver:
  listen_address: 127.0.0.1
  port: $port
  admin_port: $admin_port
  threads: $threads
  linger_ms: $linger
  produce_requests_max: $produce_requests
  drain_grace_ms: 0
$(for line in "$@"; do echo "  $line"; done)
sources:
  crm:
    provider: hubspot
    secrets: ["text:$secret"]
    public_url: $url
EOF
  "$HOOKFERRY_BIN/hookferry-receiver" --config "$work/hookferry.yaml" \
    >>"$work/receiver.log" 2>&1 &
  receiver_pid=$!
  await is_ready
}

is_ready() { [ "$(python3 "$here/status.py" "$admin_port" /readyz)" = 200 ]; }

stop() {
  kill "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

start_nginx() {
  nginx_port=$(free_port)
  mkdir "$work/nginx"
  sed -e "s|@PORT@|$nginx_port|" -e "s|@WORK@|$work/nginx|" "$here/nginx.conf" >"$work/nginx.conf"
  nginx -c "$work/nginx.conf" -e "$work/nginx.log" &
  nginx_pid=$!
  await pgrep -P "$nginx_pid"
  nginx_worker=$(pgrep -P "$nginx_pid")
}

# user and system time of a process, all threads, in clock ticks
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }
hertz=$(getconf CLK_TCK)

# resident memory of a process, in KB
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

# sign EVENTS: 2,000 requests for wrk, good for five minutes
sign() { python3 "$here/sign.py" "$secret" "$url" "$1" >"$work/requests.lua"; }
