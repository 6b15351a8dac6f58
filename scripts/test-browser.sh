#!/usr/bin/env bash
# Walks the pages in a real browser.
set -euo pipefail
cd "$(dirname "$0")/../tests/e2e"
npm ci --ignore-scripts --no-audit --no-fund
BUTING=${BUTING:-$PWD/../../target/debug/buting} npm test
