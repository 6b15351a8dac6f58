#!/usr/bin/env bash
# Runs every test: Rust, what must survive a kill, the browser on both
# databases. The server that some need is in BUTING_TEST_POSTGRES
# (scripts/with-postgres.sh). One profile, so that nothing is compiled twice.
set -euo pipefail
cd "$(dirname "$0")/.."

# The load generator is built by `make bench` alone.
tested=(--workspace --exclude bench)
if command -v cargo-nextest >/dev/null; then
  cargo nextest run --no-fail-fast "${tested[@]}"
  cargo test --quiet --doc "${tested[@]}"
else
  cargo test --no-fail-fast "${tested[@]}"
fi

export BUTING=$PWD/target/debug/buting
node --test --test-reporter=spec tests/trust/
cd tests/e2e
npm ci --ignore-scripts --no-audit --no-fund
npm test
DB=postgres npm test
