#!/bin/bash
# Installs what is missing and nothing else: deps.sh build|test|bench ...
#   build  system libraries with their headers
#   test   build, an HTTP/2 server, and a Python virtual environment with test-only tools in .venv
#   bench  build, and the load generator and the server it is compared with
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(
  g++ libcurl4-openssl-dev libexpat1-dev libmimalloc-dev libpq-dev librdkafka-dev libsimdjson-dev
  libsqlite3-dev libssl-dev pkg-config zlib1g-dev
)
test_packages=(nginx-light openssl postgresql python3-venv)
bench_packages=(nginx-light procps python3 wrk)

say() { printf '==> %s\n' "$*"; }

fail() {
  printf 'deps: %s\n' "$*" >&2
  exit 1
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs a command as root: directly, or through sudo, which may ask only where there is a terminal.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif ! command -v sudo >/dev/null; then
    fail "not root and no sudo here; as root, run: $*"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

install_packages() {
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} = 0 ]; then
    say "system packages: all here"
    return
  fi
  command -v apt-get >/dev/null || fail "no apt-get here; install by hand: ${missing[*]}"
  say "installing ${missing[*]}"
  as_root apt-get update
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends "${missing[@]}"
}

# The stamp holds the requirements that were installed; a half-made environment has none.
install_python_tools() {
  local stamp=.venv/requirements-installed.txt
  if cmp -s scripts/requirements-test.txt "$stamp"; then
    say "test tools: all here"
    return
  fi
  say "installing test tools into .venv"
  python3 -m venv .venv
  # The SDKs have thousands of modules and the tests use a few: those are compiled when used.
  .venv/bin/python -m pip install --disable-pip-version-check --no-input --only-binary :all: \
    --no-compile --requirement scripts/requirements-test.txt
  cp scripts/requirements-test.txt "$stamp"
}

command -v swift >/dev/null || fail "swift is not on PATH: install Swift 6.3 from swift.org"
[ $# -gt 0 ] || fail "usage: deps.sh build|test|bench ..."

packages=("${build_packages[@]}")
python_tools=no
for part in "$@"; do
  case $part in
    build) ;;
    test)
      packages+=("${test_packages[@]}")
      python_tools=yes
      ;;
    bench) packages+=("${bench_packages[@]}") ;;
    *) fail "unknown part $part: build, test or bench" ;;
  esac
done

install_packages "${packages[@]}"
if [ "$python_tools" = yes ]; then install_python_tools; fi
