#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own, in a temporary folder, and stops it afterwards. Its address is in
# COUNTERSIGN_POSTGRES; COUNTERSIGN_POSTGRES_FOLDER and COUNTERSIGN_POSTGRES_BIN are for commands that stop and start it. Lines
# in COUNTERSIGN_POSTGRES_CONF are added to its configuration.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/env.sh"

bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1 || true)
if [ -z "$bin" ]; then
  bin=$(dirname "$(command -v initdb || true)")
  [ -x "$bin/initdb" ] || die "there is no PostgreSQL server" "make setup-test installs it"
fi

# In memory where there is room: a database for each server of the tests is much to write, and all of it goes.
folder=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
# The server refuses to run as root.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
stop() {
  (cd / && as "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop) || true
  rm -rf "$folder"
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
