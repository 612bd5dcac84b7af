# shellcheck shell=bash
# Where everything is: sourced by the Makefile's recipes and by every script.
# Tools live outside the checkout, so that a fresh clone finds them ready.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# CI starts from a clean checkout each time: its compiled dependencies stay in the cache.
export COUNTERSIGN_CACHE="${COUNTERSIGN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/countersign}"
if [ -n "${CI:-}" ]; then
  export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$COUNTERSIGN_CACHE/target}"
fi
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"

# What the server embeds; server/build.rs reads it.
export COUNTERSIGN_SITE="${COUNTERSIGN_SITE:-$CARGO_TARGET_DIR/site}"

# The generated JavaScript and the CLI must come from the same version of wasm-bindgen, so the lock file decides.
wasm_bindgen_version=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/"/, ""); print $3 }' "$root/Cargo.lock")
trunk_version=0.21.14 # 0.22 asks for a newer Rust than ours
wasm_bindgen_home=$COUNTERSIGN_CACHE/wasm-bindgen-$wasm_bindgen_version
trunk_home=$COUNTERSIGN_CACHE/trunk-$trunk_version
deny_home=$COUNTERSIGN_CACHE/cargo-deny
cargo_fuzz_version=0.13.2
cargo_fuzz_home=$COUNTERSIGN_CACHE/cargo-fuzz-$cargo_fuzz_version
schemathesis_version=4.32.5
schemathesis_home=$COUNTERSIGN_CACHE/schemathesis-$schemathesis_version

# Trunk downloads each helper that it does not find on PATH.
PATH=$wasm_bindgen_home/bin:$trunk_home/bin:$cargo_fuzz_home/bin:$root/tests/browser/node_modules/.bin:$PATH:$deny_home/bin:$schemathesis_home/bin
export PATH

# No browser downloads: the tests use the system's Chromium.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 PUPPETEER_SKIP_DOWNLOAD=1

# Which Rust compiles for the browser; written by setup-wasm.sh, absent before the first set-up.
wasm_env=$COUNTERSIGN_CACHE/wasm.env
# shellcheck source=/dev/null
if [ -f "$wasm_env" ]; then . "$wasm_env"; fi
