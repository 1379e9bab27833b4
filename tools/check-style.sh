#!/usr/bin/env bash
# Checks the code's form: clang-format and clang-tidy, with the settings beside the sources.
#   tools/check-style.sh format | tidy [--record]
set -euo pipefail
cd "$(dirname "$0")/.."
sources() { git ls-files '*.cpp' '*.h' | grep -v '/Inputs/'; }
case ${1:-} in
  format) sources | xargs clang-format-22 --dry-run --Werror ;;
  tidy) shift; python3 tools/run-tidy.py "$@" ;;
  *) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
