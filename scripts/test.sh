#!/usr/bin/env bash
# Every test: native ones, the weight of the pages, and the pages in a real browser.
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh
cd "$root"

title() { printf '\n== %s\n' "$1"; }

title "the browser bundles" # first: the server's tests serve them
scripts/site.sh islands
scripts/site.sh checker

title "native tests"
if cargo nextest --version >/dev/null 2>&1; then
  scripts/postgres.sh cargo nextest run --no-fail-fast --workspace --features countersign-app/ssr
  cargo test --workspace --features countersign-app/ssr --doc
  title "the server's tests once more, on PostgreSQL"
  COUNTERSIGN_TEST_ON=postgres scripts/postgres.sh cargo nextest run --no-fail-fast -p countersign --test http
  title "and once more, with what is about the database, on the oldest PostgreSQL"
  COUNTERSIGN_TEST_ON=postgres scripts/postgres.sh --oldest cargo nextest run --no-fail-fast -p countersign \
    -E 'binary(http) | (kind(lib) & test(/^store/)) | (binary(cli) & test(/^(db|replicas)::/))'
else
  scripts/postgres.sh cargo test --workspace --features countersign-app/ssr
  title "the server's tests once more, on PostgreSQL"
  COUNTERSIGN_TEST_ON=postgres scripts/postgres.sh cargo test -p countersign --test http
  title "and on the oldest PostgreSQL"
  COUNTERSIGN_TEST_ON=postgres scripts/postgres.sh --oldest cargo test -p countersign --test http
fi

title "the weight of the pages"
node scripts/weight.mjs "$CARGO_TARGET_DIR"

title "the server as it is shipped"
cargo build --release -p countersign
scripts/samples.sh

title "everything that its OpenAPI document allows, and more"
tests/schemathesis/run.sh "$CARGO_TARGET_DIR/release/countersign"
title "the same on PostgreSQL, the one that is installed and the oldest"
scripts/postgres.sh tests/schemathesis/run.sh "$CARGO_TARGET_DIR/release/countersign"
scripts/postgres.sh --oldest tests/schemathesis/run.sh "$CARGO_TARGET_DIR/release/countersign"

title "the client for other programs, against it"
npm test --prefix sdk/js

title "the pages in a browser"
npm test --prefix tests/browser

title "inputs that nobody would think of: each fuzz target for ${FUZZ_SECONDS:-60} s"
# By the clock on the wall, on a machine that may do other things: an input that takes for ever takes longer than that.
FUZZ_TIMEOUT=${FUZZ_TIMEOUT:-30} scripts/fuzz.sh
