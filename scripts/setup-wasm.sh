# shellcheck shell=bash disable=SC2154 # wasm_env is in env.sh
# Sourced by setup.sh: a Rust that compiles for wasm32-unknown-unknown, in one of two ways.
#   rustup  downloads the target's standard library: the ordinary way
#   debian  Debian's Rust, which brings the library's source; we build it once
# COUNTERSIGN_WASM=rustup|debian forces one of them. The outcome is remembered in wasm.env.

wasm_target=wasm32-unknown-unknown
debian_rustc=/usr/bin/rustc
debian_cargo=/usr/bin/cargo

# The rustup way. Behind some proxies the download hangs instead of failing, hence the time limits.
# rust-src: the released bundles compile the standard library along, see site.sh.
wasm_by_rustup() {
  command -v rustup >/dev/null || return 1
  timeout 60 rustup target add "$wasm_target" >/dev/null 2>&1 || return 1
  timeout 60 rustup component add rust-src >/dev/null 2>&1 || return 1
  echo "export WEB_TOOLCHAIN=$(rustup show active-toolchain | cut -d' ' -f1) WEB_BY=rustup" >"$wasm_env"
}

# The Debian way.
wasm_by_debian() {
  apt_install rustc-web cargo-web rust-web-src rust-web-clippy lld
  local libdir version
  libdir=$("$debian_rustc" --print target-libdir --target "$wasm_target")
  version=$("$debian_rustc" -vV)
  if [ "$version" != "$(cat "$libdir/.built-by" 2>/dev/null)" ]; then
    echo "        building the standard library for $wasm_target, once (about a minute)"
    build_std "$libdir"
    echo "$version" >"$libdir/.built-by"
  fi
  if command -v rustup >/dev/null; then rustup toolchain link web /usr; fi
  # Debian's Rust comes without rust-lld.
  echo "export WEB_TOOLCHAIN=web WEB_BY=debian CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld" >"$wasm_env"
}

# build_std LIBDIR: the library is a by-product of building an empty crate. It embeds its bitcode, which fat LTO needs.
build_std() {
  local work
  work=$(mktemp -d)
  mkdir -p "$work/src"
  printf '[package]\nname = "empty"\nedition = "2024"\n[lib]\ncrate-type = ["cdylib"]\n[profile.release]\npanic = "abort"\n' >"$work/Cargo.toml"
  : >"$work/src/lib.rs"
  (
    cd "$work"
    # RUSTC by its path: no rustup proxy may slip in between. The bootstrap variable is for this one command only.
    RUSTC=$debian_rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR=$work/target \
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld \
      "$debian_cargo" build --release --target "$wasm_target" -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size
  ) || die "the standard library for $wasm_target did not compile" "read cargo's message above; a rustup that can download needs none of this"
  local sudo=
  [ -w "$(dirname "$(dirname "$1")")" ] || [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo mkdir -p "$1"
  $sudo cp "$work/target/$wasm_target/release/deps/"*.rlib "$1/"
  rm -rf "$work"
}

wasm_ready() {
  [ -n "${WEB_BY:-}" ] || return 1
  [ "${COUNTERSIGN_WASM:-$WEB_BY}" = "$WEB_BY" ] || return 1
  case $WEB_BY in
    rustup)
      [ -d "$(RUSTUP_TOOLCHAIN=$WEB_TOOLCHAIN rustc --print target-libdir --target "$wasm_target")" ] &&
        [ -d "$(RUSTUP_TOOLCHAIN=$WEB_TOOLCHAIN rustc --print sysroot)/lib/rustlib/src/rust/library" ]
      ;;
    debian) [ "$("$debian_rustc" -vV)" = "$(cat "$("$debian_rustc" --print target-libdir --target "$wasm_target")/.built-by" 2>/dev/null)" ] ;;
  esac
}

if wasm_ready; then
  step "Rust for the browser: there (by $WEB_BY)"
else
  step "Rust for the browser"
  case ${COUNTERSIGN_WASM:-either} in
    rustup) wasm_by_rustup || die "rustup target add $wasm_target failed" "look at its message, or unset COUNTERSIGN_WASM" ;;
    debian) wasm_by_debian ;;
    *)
      wasm_by_rustup || {
        echo "        rustup cannot add $wasm_target here; taking Debian's Rust instead"
        wasm_by_debian
      }
      ;;
  esac
  # shellcheck source=/dev/null
  . "$wasm_env"
fi
