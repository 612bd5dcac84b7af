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

echo "$1: building the browser bundle (the first time takes a few minutes)"
rm -f "$stamp"
# A target folder of its own: the server's build uses other features and possibly another compiler.
# NO_COLOR as Trunk reads it: true or false, where elsewhere any value counts.
env -u NO_COLOR CARGO_TARGET_DIR="$CARGO_TARGET_DIR/web" RUSTUP_TOOLCHAIN="$WEB_TOOLCHAIN" \
  trunk --log warn build --release --dist "$out" "app/$1.html"
echo "$inputs" >"$stamp"
