#!/usr/bin/env bash
# Every test of hashc, from a bare Debian 12: sets the machine up, builds, runs
# lit (which runs the unit tests too). The last line is 'N passed, N failed'.
#   tools/test.sh [LIT OPTION]...     e.g. --filter=passes
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh
tools/build.sh
results=$(mktemp)
trap 'rm -f "$results"' EXIT
status=0
/usr/lib/llvm-22/bin/lit -v --no-progress-bar --timeout=1200 --xunit-xml-output="$results" "$@" build/test || status=$?
/usr/bin/python3 - "$results" <<'PYTHON'
import sys
import xml.etree.ElementTree as xml

cases = list(xml.parse(sys.argv[1]).getroot().iter("testcase"))
failed = sum(1 for case in cases if case.find("failure") is not None)
skipped = sum(1 for case in cases if case.find("skipped") is not None)
passed = len(cases) - failed - skipped
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
sys.exit(1 if failed or not passed else 0)
PYTHON
exit "$status"
