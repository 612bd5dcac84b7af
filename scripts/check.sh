#!/usr/bin/env bash
# Everything about the code that can be checked without running it. All of it is tried, then the failures are counted.
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh
cd "$root"

passed=0 failed=0
# check TITLE COMMAND…: quiet when it passes.
check() {
  local title=$1 start=$SECONDS output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf 'ok    %s (%ds)\n' "$title" $((SECONDS - start))
  else
    failed=$((failed + 1))
    printf 'FAIL  %s: %s\n%s\n\n' "$title" "$*" "$output"
  fi
}

# Each package by itself: together they would share features, and a missing one would go unnoticed.
clippy() { cargo clippy --quiet --all-targets "$@" -- -D warnings; }
# The browser's half, by the compiler that builds it.
browser_clippy() {
  RUSTUP_TOOLCHAIN=$WEB_TOOLCHAIN CARGO_TARGET_DIR=$CARGO_TARGET_DIR/web \
    cargo clippy --quiet --target wasm32-unknown-unknown "$@" -- -D warnings
}

# knows_none CRATE "FORBIDDEN…" FLAG…: none of the forbidden crates is among its dependencies, at any depth.
knows_none() {
  local crate=$1 forbidden=$2 tree found
  shift 2
  tree=$(cargo tree --package "$crate" --edges normal --prefix none --format '{p}' "$@" | cut -d' ' -f1 | sort -u)
  if found=$(grep -xF "$(tr ' ' '\n' <<<"$forbidden")" <<<"$tree"); then
    echo "$crate must not depend on:"
    for name in $found; do cargo tree --package "$crate" --edges normal --invert "$name" "$@"; done
    return 1
  fi
}

documentation() { RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --workspace --features countersign-app/ssr; }

check "formatting" cargo fmt --all --check
check "lints: license" clippy -p countersign-license
check "lints: app, on the server" clippy -p countersign-app --features ssr
check "lints: server" clippy -p countersign
check "lints: the long run" clippy -p countersign-soak
check "lints: the static checker" browser_clippy -p countersign-app --lib --bin checker --features csr
check "lints: the islands" browser_clippy -p countersign-app --lib --bin islands --features hydrate
check "lints: the inspection alone, as wasm" browser_clippy -p countersign-wasm-tests
# license <- app <- server, and nothing the other way.
check "dependencies: license" knows_none countersign-license "countersign-app countersign tokio sqlx leptos axum"
check "dependencies: the static checker" knows_none countersign-app "countersign tokio sqlx axum" --features csr --target wasm32-unknown-unknown
check "dependencies: the islands" knows_none countersign-app "countersign tokio sqlx axum" --features hydrate --target wasm32-unknown-unknown
check "dependencies: app, on the server" knows_none countersign-app "countersign tokio sqlx axum" --features ssr
check "vectors: as their recipes make them" node tests/vectors/make.mjs --check
check "licenses and sources of what we use" cargo deny --log-level error check licenses bans sources
check "documentation" documentation
if command -v shellcheck >/dev/null; then check "shell scripts" shellcheck scripts/*.sh tests/wasm/build.sh bench/run.sh .ci/run; fi

printf '%d checks passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
