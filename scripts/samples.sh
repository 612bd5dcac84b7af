#!/usr/bin/env bash
# Two bundles to try, signed by a key pair of our own: target/samples/valid.json and expired.json.
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh

samples=$CARGO_TARGET_DIR/samples
countersign=$CARGO_TARGET_DIR/release/countersign

if "$countersign" check "$samples/valid.json" >/dev/null 2>&1 && [ -f "$samples/expired.json" ]; then exit; fi

issue() {
  "$countersign" issue --key "$samples/private.pem" --org "Acme Corp" --tier enterprise --sub cust_acme \
    --cpu 16 --ram 64 --vram 0 "$@"
}
rm -rf "$samples"
"$countersign" keygen --out "$samples" >/dev/null
issue --expires $(($(date +%s) - 86400)) >"$samples/expired.json"
issue --days 365 >"$samples/valid.json"
