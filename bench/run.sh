#!/usr/bin/env bash
# Measures hashc on this machine, beside PyTorch where it is asked for:
#   bench/run.sh [--with-torch] [--quick] [--verify TEXT] [--out FOLDER]
# writes FOLDER/<date>-<processor>.json and the same as tables in .md (default folder:
# bench/results). --with-torch makes a Python environment in build/torch-venv and installs PyTorch
# there. --verify also compares every example with PyTorch, trained on TEXT. --quick measures a few
# times only: to see that everything works. The machine should do nothing else meanwhile.
set -euo pipefail
export HASHC_BENCH_COMMAND="bench/run.sh $*"
root=$(cd "$(dirname "$0")/.." && pwd)
torch_version=2.13.0
with_torch=0 out=$root/bench/results verify='' rounds=5 steps=5 repeat=7 filter=''
usage() { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --with-torch) with_torch=1; shift ;;
    --quick) rounds=1 steps=1 repeat=1 filter='E=16 alone'; shift ;;
    --verify) [ $# -ge 2 ] || usage; with_torch=1 verify=$(realpath -e "$2"); shift 2 ;;
    --out) [ $# -ge 2 ] || usage; out=$2; shift 2 ;;
    *) usage ;;
  esac
done
say() { printf '\n== %s\n' "$*"; }

say "Building"
"$root/tools/setup.sh"
"$root/tools/build.sh" hashc HashcRuntime HashcBpe kernel-bench
python=/usr/bin/python3
if [ "$with_torch" = 1 ]; then
  # torch.compile builds C++ with Python's headers.
  "$root/tools/setup.sh" --with python3-venv --with python3-dev
  venv=$root/build/torch-venv
  [ -x "$venv/bin/python" ] || /usr/bin/python3 -m venv "$venv"
  python=$venv/bin/python
  [ "$("$python" -c 'import torch; print(torch.__version__.split("+")[0])' 2>/dev/null)" = "$torch_version" ] ||
    "$venv/bin/pip" install --quiet "torch==$torch_version" numpy
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for model in hash_lm dense_lm; do
  "$root/build/bin/hashc" "$root/examples/$model.hash" -o "$scratch/$model"
done
cd "$root"
"$python" bench/reference/machine.py >"$scratch/machine.json"

if [ -n "$verify" ]; then
  say "Comparing with PyTorch"
  "$python" bench/reference/verify.py build/bin/hashc "$verify" --output "$scratch/verify.json"
fi

sides=hashc
[ "$with_torch" = 0 ] || sides=hashc,eager,modules,compile
for model in hash_lm dense_lm; do
  say "A training step of $model"
  [ "$sides" = hashc ] || [ "$model" = hash_lm ] || sides=hashc,eager,compile
  "$python" bench/reference/step_time.py "$scratch/$model" --rounds "$rounds" --steps "$steps" \
    --sides "$sides" --output "$scratch/step-$model.json"
done

say "Products of a hash layer"
if [ "$with_torch" = 1 ]; then
  "$python" bench/reference/kernel_time.py build/bin/kernel-bench --repeat "$repeat" --filter "$filter" \
    --output "$scratch/kernels.json"
else
  build/bin/kernel-bench --team="$(nproc)" --repeat="$repeat" --filter="$filter" --output="$scratch/kernels.json"
fi

say "One hash layer with each fusion"
"$python" bench/fusion.py build/bin/hashc --rounds "$rounds" --steps 3 --output "$scratch/fusion.json"

say "Routing tables"
"$python" bench/tables.py build/bin/hashc --rounds "$rounds" --output "$scratch/tables.json"

say "Results"
"$python" bench/report.py "$scratch" --out "$out"
