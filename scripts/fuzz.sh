#!/usr/bin/env bash
# Each fuzz target of license/fuzz for FUZZ_SECONDS. What is found there belongs into a unit test.
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh
cd "$root/license"

cargo fuzz --version >/dev/null 2>&1 || {
  echo "there is no cargo-fuzz; install it with: cargo install cargo-fuzz" >&2
  exit 1
}
for target in $(cargo +nightly fuzz list); do
  echo "== $target"
  cargo +nightly fuzz run "$target" -- -max_total_time="${FUZZ_SECONDS:-60}"
done
