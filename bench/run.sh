#!/usr/bin/env bash
# Builds what only the benchmark needs, then times everything. `make bench` runs it after the other builds.
#   run.sh [--date TEXT]
set -euo pipefail
cd "$(dirname "$0")"
. ../scripts/env.sh
cd "$root"
step_total=2
# shellcheck source=../scripts/progress.sh
. scripts/progress.sh

# What get-claims is measured beside, and the generator of requests.
if ! command -v wrk >/dev/null; then
  step "wrk: installing Debian's"
  apt_install wrk
fi
wanted=$(cksum <bench/peer/package-lock.json)
note=bench/peer/node_modules/.installed
if [ "$(cat "$note" 2>/dev/null)" != "$wanted" ]; then
  step "npm packages for the peer; better-sqlite3 is compiled where there is none for this machine (minutes)"
  (cd bench/peer && npm ci --no-audit --no-fund --loglevel=error && npm rebuild better-sqlite3 --ignore-scripts=false --loglevel=error) ||
    die "the peer's packages could not be installed" "read npm's message above"
  echo "$wanted" >"$note"
fi

tests/wasm/build.sh
verify=$(cargo bench --no-run --package countersign --bench verify --message-format json-render-diagnostics |
  sed -n 's/.*"name":"verify".*"executable":"\([^"]*\)".*/\1/p')
# Cargo builds the program along with a benchmark, with the tests' features. What is timed is the one that is shipped.
cargo build --quiet --release --package countersign

exec scripts/postgres.sh node bench/run.mjs --verify "$verify" "$@"
