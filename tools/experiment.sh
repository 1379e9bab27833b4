#!/usr/bin/env bash
# Compares models: trains every row of an experiment with every seed, and writes a table and plots.
#   tools/experiment.sh NAME|FILE.toml --data FILE [--valid FILE] [--fine FILE] [options]
# NAME is an experiment of examples/paper. Stopped at any moment, it goes on where it was when it is
# started again. Options:
#   --out FOLDER     where runs, results.md, results.json and plots go (default: build/experiments/NAME)
#   --seeds N        the first N of the experiment's seeds
#   --steps N        steps of every row, instead of the experiment's
#   --only ROW       this row alone; may be repeated
#   --threads N      of a training (default: one for each core)
#   --keep           keep every run's last checkpoint
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in '' | -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
# With a compiler of their own, tests build nothing.
if [ -z "${HASHC:-}" ]; then
  "$root/tools/setup.sh" --with gnuplot-nox
  "$root/tools/build.sh" hashc HashcRuntime HashcBpe
fi
exec /usr/bin/python3 "$root/tools/experiment/main.py" --hashc "${HASHC:-$root/build/bin/hashc}" "$@"
