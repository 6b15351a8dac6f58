#!/usr/bin/env bash
# The tests in a real browser: the flows, with script and without, on both
# databases; every page of every role on SQLite, since PostgreSQL gives the same.
# The program is built already. The pages are looked at beside the flows, in a demo zone
# of their own, since each waits half of the time. The demo wants a PostgreSQL that
# nobody else used, so it is given one of its own.
set -euo pipefail
cd "$(dirname "$0")/../tests/e2e"

npm ci --ignore-scripts --no-audit --no-fund
node run.mjs pages &
pages=$!
trap 'kill "$pages" 2>/dev/null' INT TERM
failed=0
node run.mjs -pages || failed=1
env -u BUTING_TEST_POSTGRES DB=postgres node run.mjs flow || failed=1
wait "$pages" || failed=1
exit "$failed"
