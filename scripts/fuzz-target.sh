#!/usr/bin/env bash
# Runs one fuzz target that scripts/fuzz.sh has built, for FUZZ_SECONDS (60), and prints a line of figures; or one input once. An
# input may take FUZZ_TIMEOUT (5) seconds, by the clock on the wall: where others work on the machine, give it more.
#   scripts/fuzz-target.sh TARGET [INPUT]
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh
. ./progress.sh

target=$1
folder=$root/server/fuzz
if [ -e "$root/license/fuzz/fuzz_targets/$target.rs" ]; then folder=$root/license/fuzz; fi
dictionary=$folder/http.dict
for words in "$folder/json.dict" "$folder/$target.dict"; do
  if [ -e "$words" ]; then dictionary=$words; fi
done

# Leaks are not looked for: a server keeps things from one request to the next on purpose, and the search took half of the time. What
# grows without end runs into the limit of memory.
#
# Without a network, as inputs make the server call somebody; the loopback interface is there, with nobody else on it. Without
# the system's certificate authorities: to read them takes longer than an input. Without the signal that ends whoever writes to
# somebody who is gone: programs in Rust ignore it, but libFuzzer's `main` is in C++. AddressSanitizer is to put up with SQLite,
# which names two tables of one file alike.
alone() {
  unshare --user --map-root-user --net sh -c 'trap "" PIPE; ip link set lo up && exec "$@"' sh \
    env SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null ASAN_OPTIONS=detect_odr_violation=0 "$@"
}
fuzzer=("$CARGO_TARGET_DIR"/fuzz/*/release/"$target")
if [ $# = 2 ]; then
  alone "${fuzzer[0]}" "$2"
  exit
fi

work=$COUNTERSIGN_CACHE/fuzz
status=0
found=$work/found/$target-$(date +%Y%m%d-%H%M%S)-$$
mkdir -p "$work/corpus/$target" "$found"
alone "${fuzzer[0]}" "$work/corpus/$target" "$folder/seeds/$target" -dict="$dictionary" -artifact_prefix="$found/" \
  -max_total_time="${FUZZ_SECONDS:-60}" -timeout="${FUZZ_TIMEOUT:-5}" -rss_limit_mb=2048 -max_len=131072 -reload=0 -detect_leaks=0 -print_final_stats=1 \
  >"$found/log" 2>&1 || status=$?
if [ $status = 0 ]; then
  awk -v target="$target" '
    / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
    /^stat::/ { figure[$1] = $2 }
    END {
      printf "%-8s %9d runs, %6d a second, %6d edges, %5d MiB\n", target, figure["stat::number_of_executed_units:"],
        figure["stat::average_exec_per_sec:"], edges, figure["stat::peak_rss_mb:"]
    }' "$found/log"
  rm -r "$found"
  exit
fi
{
  ended="the status $status"
  if [ $status -gt 128 ]; then ended="the signal $(kill -l "$status")"; fi
  printf '\n== the fuzzer "%s" ended with %s; the end of %s:\n' "$target" "$ended" "$found/log"
  grep -avE '^(#[0-9]+[[:space:]]|[[:space:]]*NEW_FUNC)' "$found/log" | tail -n 60 | cut -c1-2000
  for input in "$found"/*-*; do
    [ -e "$input" ] || continue
    printf '== %s, in base64:\n%s\n' "$(basename "$input")" "$(base64 -w 0 "$input")"
    printf '== to see it again:\n  base64 -d >/tmp/input <<<THAT && scripts/fuzz.sh --try %s /tmp/input\n' "$target"
  done
} >&2
exit 1
