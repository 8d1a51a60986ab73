#!/bin/sh
# Builds release programs as the image and the benchmarks have them; prints their directory.
#
# usage: scripts/build-release.sh PRODUCT...
#
# Swift's runtime is linked in: each of its many calls goes there directly. Overlapping accesses are
# looked for at compile time only, in the packages used as well as in ours (see Package.swift).
set -eu

cd "$(dirname "$0")/.."
flags='--configuration release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked'
for product in "$@"; do
  # shellcheck disable=SC2086
  swift build $flags --product "$product" >&2
done
# shellcheck disable=SC2086
swift build $flags --show-bin-path
