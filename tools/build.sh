#!/usr/bin/env bash
# Configures and builds hashc with the dev preset.
#   tools/build.sh [TARGET]...        default: everything
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ ! -f build/build.ninja ]; then
  cmake --preset dev >"$log" 2>&1 || { cat "$log" >&2; exit 3; }
fi
if [ -t 1 ]; then
  ninja -C build "$@"
else
  ninja -C build "$@" >"$log" 2>&1 || { grep -vE '^\[[0-9]+/[0-9]+\] ' "$log" | tail -n 60 >&2; exit 3; }
  echo "build: done"
fi
