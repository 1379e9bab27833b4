#!/usr/bin/env bash
# Checks the code's form: clang-format and clang-tidy, with the settings beside the sources.
#   tools/check-style.sh format | tidy
set -euo pipefail
cd "$(dirname "$0")/.."
sources() { git ls-files '*.cpp' '*.h' | grep -v '/Inputs/'; }
case ${1:-} in
  format) sources | xargs clang-format-22 --dry-run --Werror ;;
  tidy)
    # Only what the build compiles has flags to check it with.
    python3 - <<'PYTHON' | xargs -P 2 -n 4 clang-tidy-22 -p build --quiet --warnings-as-errors='*'
import json, os
root = os.getcwd()
files = {os.path.relpath(entry["file"], root) for entry in json.load(open("build/compile_commands.json"))}
print("\n".join(sorted(f for f in files if not f.startswith(("build", "cmake")) and "/Inputs/" not in f)))
PYTHON
    ;;
  *) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
