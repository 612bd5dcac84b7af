#!/usr/bin/env bash
# Builds the inspection alone for the browser, by the compiler that builds the pages: target/wasm-tests/inspect.js and .wasm.
set -euo pipefail
cd "$(dirname "$0")"
. ../../scripts/env.sh
cd "$root"

# The profile that is shipped. Cargo knows what is up to date.
RUSTUP_TOOLCHAIN=$WEB_TOOLCHAIN CARGO_TARGET_DIR=$CARGO_TARGET_DIR/web \
  cargo build --quiet --package countersign-wasm-tests --profile wasm --target wasm32-unknown-unknown

built=$CARGO_TARGET_DIR/web/wasm32-unknown-unknown/wasm/inspect.wasm
out=$CARGO_TARGET_DIR/wasm-tests
if [ "$built" -nt "$out/inspect.js" ]; then
  wasm-bindgen --target web --no-typescript --out-dir "$out" --out-name inspect "$built"
fi
