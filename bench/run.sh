#!/usr/bin/env bash
# Builds what only the benchmark needs, then times everything. `make bench` runs it after the other builds.
#   run.sh [--date TEXT]
set -euo pipefail
cd "$(dirname "$0")"
. ../scripts/env.sh
cd "$root"

tests/wasm/build.sh
verify=$(cargo bench --no-run --package countersign --bench verify --message-format json-render-diagnostics |
  sed -n 's/.*"name":"verify".*"executable":"\([^"]*\)".*/\1/p')
# Cargo builds the program along with a benchmark, with the tests' features. What is timed is the one that is shipped.
cargo build --quiet --release --package countersign

exec node bench/run.mjs --verify "$verify" "$@"
