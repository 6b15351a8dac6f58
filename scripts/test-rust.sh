#!/usr/bin/env bash
# Runs the Rust tests; arguments choose the packages. Tests that need a server
# find it in BUTING_TEST_POSTGRES (scripts/with-postgres.sh).
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v cargo-nextest >/dev/null; then
  cargo nextest run --no-fail-fast "$@"
  cargo test --quiet --doc "$@"
else
  cargo test --no-fail-fast "$@"
fi
# The binary that the other tests start; built already, so this only says where.
cargo build --quiet -p buting
