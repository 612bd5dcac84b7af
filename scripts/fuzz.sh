#!/usr/bin/env bash
# Builds the fuzz targets of license/fuzz and server/fuzz and runs each for FUZZ_SECONDS (60), as many side by side as there are
# processors. What is found stays in $COUNTERSIGN_CACHE/fuzz, outside of the checkout; what was a bug belongs into a test.
#   scripts/fuzz.sh                      all
#   scripts/fuzz.sh api forms            these
#   scripts/fuzz.sh --try api INPUT      one input once
#   FUZZ_SECONDS=0 scripts/fuzz.sh       the build alone
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh
. ./progress.sh
cd "$root"

cargo fuzz --version >/dev/null 2>&1 || die "there is no cargo-fuzz" "make setup-test installs it"

# The compiler of the product, which is a stable one, takes the switches of fuzzers when it is told that they are wanted: for this
# command and no other, as what is shipped must not depend on them. So nobody needs a nightly compiler, and what is fuzzed is what
# is shipped. Optimized, with debug assertions, overflow checks and AddressSanitizer, as cargo-fuzz does by itself; and without
# cfg(fuzzing), under which some libraries leave out what the product has.
for crate in license server; do
  started=$SECONDS
  (cd "$crate" && RUSTC_BOOTSTRAP=1 CARGO_INCREMENTAL=0 cargo fuzz build --target-dir "$CARGO_TARGET_DIR/fuzz" \
    --codegen-units 16 --no-cfg-fuzzing) || die "the fuzzers of $crate/fuzz were not compiled" "read cargo's message above"
  echo "$crate/fuzz: built in $((SECONDS - started)) s"
done
if [ "${FUZZ_SECONDS:-60}" = 0 ]; then exit; fi

if [ "${1:-}" = --try ]; then exec scripts/fuzz-target.sh "$2" "$3"; fi
if [ $# = 0 ]; then set -- api bundle forms claims cookies key config token replies; fi
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 scripts/fuzz-target.sh
