#!/usr/bin/env bash
# Runs a command with a PostgreSQL of its own: a scratch directory, a free port,
# gone afterwards. The command finds it in BUTING_TEST_POSTGRES, and a directory for
# databases that tests copy in BUTING_TEST_TEMPLATES.
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "PostgreSQL is not installed: run 'make setup'" >&2; exit 1; }

scratch=$(mktemp -d "${TMPDIR:-/tmp}/buting-postgres.XXXXXX")
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
[ "$(id -u)" = 0 ] && chown postgres "$scratch"

stop() {
  as "$bin/pg_ctl" -D "$scratch/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap stop EXIT

cd "$scratch"
as "$bin/initdb" -D "$scratch/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
# What is thrown away with its machine need not survive it.
as "$bin/pg_ctl" -D "$scratch/data" -w -l "$scratch/log" \
  -o "-p $port -k $scratch -c listen_addresses=127.0.0.1 -c max_connections=200 -c fsync=off" start >/dev/null
cd "$OLDPWD"
mkdir "$scratch/templates"
export BUTING_TEST_TEMPLATES="$scratch/templates"
export BUTING_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres"
"$@"
