#!/usr/bin/env bash
# Schemathesis asks a server what its OpenAPI document allows, and what it does not: once on a fresh database as nobody, once on a
# platform that is set up as its administrator. It fails at a status from 500 on, and at any answer that is not documented. What it
# asks is the same each time.
#   tests/schemathesis/run.sh PATH/TO/countersign [EXAMPLES]
#   scripts/postgres.sh tests/schemathesis/run.sh …     on PostgreSQL
# `make setup-test` installs the version that scripts/env.sh names; SCHEMATHESIS says where another is.
set -euo pipefail
countersign=$(realpath "$1") examples=${2:-10}
st=${SCHEMATHESIS:-schemathesis}

work=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
cd "$work"
"$countersign" keygen --bits 2048 --out . >/dev/null
"$countersign" issue --key private.pem >bundle.json

database=sqlite://$work/countersign.db
if [ -n "${COUNTERSIGN_POSTGRES:-}" ]; then
  psql -q "$COUNTERSIGN_POSTGRES/postgres" -c 'CREATE DATABASE schemathesis'
  database=$COUNTERSIGN_POSTGRES/schemathesis
  export SECRET_KEY='for tests alone, and for nobody else'
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port/platform
DATABASE_URL=$database LISTEN_ADDR=127.0.0.1:$port BASE_PATH=/platform LICENSE_MODE=offline RUST_LOG=warn \
  "$countersign" serve >log 2>&1 &
server=$!
for _ in $(seq 100); do
  curl -sf "$url/health/ready" >/dev/null && break
  sleep 0.1
done

# As a browser says it, so that forms are taken as well as JSON.
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
checks=$checks,response_schema_conformance,unsupported_method
failed=0
run() {
  "$st" run "$url/api/openapi.json" --checks "$checks" --phases examples,coverage,fuzzing --max-examples "$examples" \
    --continue-on-failure --suppress-health-check all --generation-deterministic --warnings off --no-color \
    --seed 1 -H "Sec-Fetch-Site: same-origin" "$@" >report 2>&1 || {
    failed=1
    cut -c1-2000 report
  }
  grep -aE 'generated, |=+ .* in [0-9.]+s =+' report || true
  # Else nothing was asked.
  grep -aqE '[1-9][0-9]* generated' report || failed=1
}
post() {
  curl -sSf -b jar -c jar -H 'Content-Type: application/json' -d "$2" "$url/api/$1" >/dev/null
}

echo "== nobody, a fresh database"
run

echo "== the administrator of a platform"
post setup/license @bundle.json
post setup/admin '{"name":"First Admin","email":"admin@example.com","password":"three blue mountains at noon"}'
post setup/organization '{"name":"Acme Corp"}'
post setup/email '{"provider":"later"}'
post setup/complete '{}'
session=$(awk '$6 == "session" { print $7 }' jar)
session=(-H "Cookie: session=$session")
# Without one, everything would be refused, and as documented.
curl -sSf "${session[@]}" "$url/api/auth/license/status" >/dev/null
# Not yet what ends the session; and no mail to hosts that somebody may have: neither test messages nor, with mail set up, invitations.
without=()
for id in signOut revokeSession testEmail changeEmail; do without+=(--exclude-operation-id "$id"); done
run "${session[@]}" "${without[@]}"
run "${session[@]}" --include-operation-id changeEmail
echo "== what ends the session"
run "${session[@]}" --include-operation-id revokeSession
run "${session[@]}" --include-operation-id signOut
exit "$failed"
