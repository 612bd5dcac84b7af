#!/usr/bin/env bash
# Starts the server that `make build` left, and says where to look.
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh
cd "$root"

address=${LISTEN_ADDR:-127.0.0.1:3000}
export LISTEN_ADDR=$address
cat <<TEXT

  Countersign   http://$address${BASE_PATH:-/}
  to try it     $CARGO_TARGET_DIR/samples/valid.json and expired.json
  to stop       Ctrl+C

TEXT
# The server warns of COUNTERSIGN_… variables that are none of its settings.
exec env -u COUNTERSIGN_CACHE -u COUNTERSIGN_SITE "$CARGO_TARGET_DIR/release/countersign" serve
