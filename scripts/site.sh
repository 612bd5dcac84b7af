#!/usr/bin/env bash
# Builds one browser bundle with Trunk, unless nothing that goes into it has changed.
#   site.sh checker   the static license checker         -> $CARGO_TARGET_DIR/checker/
#   site.sh islands   what the server embeds and serves  -> $CARGO_TARGET_DIR/site/
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh
cd "$root"

case ${1:-} in
  checker) out=$CARGO_TARGET_DIR/checker ;;
  islands) out=$CARGO_TARGET_DIR/site ;;
  *) echo "usage: site.sh checker|islands" >&2; exit 2 ;;
esac

# One at a time: two builds would write into the same staging folder.
mkdir -p "$CARGO_TARGET_DIR"
exec 9>"$CARGO_TARGET_DIR/.site-lock"
if command -v flock >/dev/null; then flock 9; fi

# Contents, not times: several checkouts may share one target folder.
inputs=$(
  {
    find app license/src style public scripts/boot scripts/pack -type f -print0
    printf '%s\0' license/Cargo.toml Cargo.toml Cargo.lock Trunk.toml scripts/pack.mjs scripts/site.sh \
      tests/browser/package-lock.json "$wasm_env"
  } | sort -z | xargs -0 cksum | cksum
)
stamp=$CARGO_TARGET_DIR/.$1-built-from
if [ "$inputs" = "$(cat "$stamp" 2>/dev/null)" ] && [ -d "$out" ]; then
  echo "$1: up to date"
  exit
fi

# As small as it gets: the standard library is compiled along with the page, so that a panic is one instruction and leaves no
# message, no place and no formatting code behind (measured: 118,195 bytes of brotli become 102,882). Those switches are not
# stable yet, hence the bootstrap variable. Equal functions are left to wasm-opt to merge, so that each has its own name until
# scripts/pack/shrink.mjs has used it. Without the library's source the page comes out right, and larger.
smallest=()
library=$(RUSTUP_TOOLCHAIN="$WEB_TOOLCHAIN" rustc --print sysroot)/lib/rustlib/src/rust/library
if [ -d "$library" ]; then
  smallest=(
    RUSTC_BOOTSTRAP=1
    CARGO_UNSTABLE_BUILD_STD="std,panic_abort"
    CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
    CARGO_BUILD_TARGET=wasm32-unknown-unknown
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort -Zfmt-debug=none -Zlocation-detail=none -Zmerge-functions=disabled"
  )
else
  echo "$1: the source of Rust's standard library is not installed (rustup component add rust-src), so the bundle will be larger"
fi

echo "$1: building the browser bundle (the first time takes a few minutes)"
rm -f "$stamp"
# A target folder of its own: the server's build uses other features and possibly another compiler.
# NO_COLOR as Trunk reads it: true or false, where elsewhere any value counts.
env -u NO_COLOR "${smallest[@]}" CARGO_TARGET_DIR="$CARGO_TARGET_DIR/web" RUSTUP_TOOLCHAIN="$WEB_TOOLCHAIN" \
  trunk --log warn build --release --dist "$out" "app/$1.html"
echo "$inputs" >"$stamp"
