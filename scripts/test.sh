#!/usr/bin/env bash
# Runs the tests: Rust on both databases, and what must survive a kill. The
# browser's are `make browser`. The server that some need is in BUTING_TEST_POSTGRES
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
