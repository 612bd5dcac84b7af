#!/usr/bin/env bash
# Two bundles to try, signed by a key pair of our own: target/samples/valid.json and expired.json.
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh

samples=$CARGO_TARGET_DIR/samples
countersign=$CARGO_TARGET_DIR/release/countersign

# A new pair when an hour has passed since the last or the program is newer: `valid` must stay valid.
if [ "$samples/valid.json" -nt "$countersign" ] && [ -n "$(find "$samples/valid.json" -mmin -60)" ]; then exit; fi

issue() {
  "$countersign" issue --key "$samples/private.pem" --org "Acme Corp" --tier enterprise --sub cust_acme \
    --cpu 16 --ram 64 --vram 0 "$@"
}
mkdir -p "$samples"
rm -f "$samples"/*
"$countersign" keygen --out "$samples"
issue --expires $(($(date +%s) - 86400)) >"$samples/expired.json"
issue --days 365 >"$samples/valid.json.part"
mv "$samples/valid.json.part" "$samples/valid.json"
