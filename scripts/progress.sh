# shellcheck shell=bash
# Progress lines and errors, for the set-up scripts.

step_total=${step_total:-1}
step_number=0

# step TEXT: what is about to be done, and the seconds since the start.
step() {
  step_number=$((step_number + 1))
  printf '[%d/%d] %4ds  %s\n' "$step_number" "$step_total" "$SECONDS" "$1"
}

# die WHAT REMEDY: two sentences on stderr, then the end.
die() {
  printf '\nset-up stopped: %s\n  what to do: %s\n' "$1" "$2" >&2
  exit 1
}

# apt_install PACKAGE…: Debian packages, as root; the lists are refreshed only when a package is not found.
apt_install() {
  command -v apt-get >/dev/null || die "this needs the programs of the Debian packages: $*" "install them with your system's package manager, then run this again"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "installing $* needs root" "run as root: apt-get install --no-install-recommends $*"
    apt=(sudo "${apt[@]}")
  fi
  "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null 2>&1 && return
  "${apt[@]}" update
  "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null ||
    die "apt-get could not install $*" "read its message above; is the package source reachable?"
}
