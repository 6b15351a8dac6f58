#!/usr/bin/env bash
# Runs the tests: Rust on both databases, what must survive a kill, and the pages
# in a real browser (`make browser` for these alone). The server that some need is
# in BUTING_TEST_POSTGRES (scripts/with-postgres.sh). One profile, so that nothing
# is compiled twice.
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
node --test --test-timeout=600000 --test-reporter=spec tests/trust/
scripts/browse.sh
