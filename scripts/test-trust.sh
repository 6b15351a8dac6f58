#!/usr/bin/env bash
# What must hold when things break: a killed process, a damaged backup.
set -euo pipefail
cd "$(dirname "$0")/.."
BUTING=${BUTING:-$PWD/target/debug/buting} node --test tests/trust/
