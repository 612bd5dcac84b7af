#!/usr/bin/env bash
# While developing: quick builds, and again after each change.
#   http://127.0.0.1:8080   the static checker, reloaded by Trunk (without its Content-Security-Policy: the reload is an inline script)
#   http://127.0.0.1:3000   the server, restarted
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh
cd "$root"
trap 'kill $(jobs -p) 2>/dev/null' EXIT
trap exit INT TERM

export COUNTERSIGN_SITE=$CARGO_TARGET_DIR/dev/site
quick_trunk() {
  env -u NO_COLOR CARGO_TARGET_DIR="$CARGO_TARGET_DIR/web" RUSTUP_TOOLCHAIN="$WEB_TOOLCHAIN" trunk --log warn "$@"
}

quick_trunk serve --dist "$CARGO_TARGET_DIR/dev/checker" app/checker.html &

changed() { find app license server style public -type f -newer "$1" 2>/dev/null | grep -q .; }
mark=$(mktemp)
server=
while :; do
  touch "$mark"
  # A change that does not compile leaves the last good server running.
  if quick_trunk build --dist "$COUNTERSIGN_SITE" app/islands.html && cargo build -p countersign; then
    if [ -n "$server" ]; then
      kill "$server" 2>/dev/null || true # it may have stopped by itself
      wait "$server" || true
    fi
    env -u COUNTERSIGN_CACHE -u COUNTERSIGN_SITE "$CARGO_TARGET_DIR/debug/countersign" serve &
    server=$!
  fi
  until changed "$mark"; do sleep 1; done
done
