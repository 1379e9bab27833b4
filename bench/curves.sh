#!/usr/bin/env bash
# Trains examples/hash_lm.hash and dense_lm.hash on one text with the same steps and seed, and
# draws their loss on its held-out end:
#   bench/curves.sh TEXT [--steps N] [--seed N] [--results FOLDER] [--image FILE.svg]
# writes bench/results/curves-<text>.json and docs/images/curves.svg.
set -euo pipefail
export HASHC_BENCH_COMMAND="bench/curves.sh $*"
root=$(cd "$(dirname "$0")/.." && pwd)
usage() { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
[ $# -ge 1 ] && [ "${1#--}" = "$1" ] || usage
[ -r "$1" ] || { echo "curves: cannot read '$1'" >&2; exit 1; }
text=$(realpath "$1") steps=300 seed=0 results=$root/bench/results image=$root/docs/images/curves.svg
shift
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || usage
  case $1 in
    --steps) steps=$2 ;;
    --seed) seed=$2 ;;
    --results) results=$2 ;;
    --image) image=$2 ;;
    *) usage ;;
  esac
  shift 2
done

"$root/tools/setup.sh" --with gnuplot-nox
"$root/tools/build.sh" hashc HashcRuntime HashcBpe
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$results" "$(dirname "$image")"
name=$(basename "$text")
/usr/bin/python3 "$root/bench/reference/machine.py" >"$scratch/machine.json"
printf '{"text": {"name": "%s", "bytes": %s, "sha256": "%s"}, "seed": %s}\n' \
  "${name//[\"\\]/_}" "$(stat -c %s "$text")" "$(sha256sum "$text" | cut -d' ' -f1)" "$seed" >"$scratch/data.json"
for model in hash_lm dense_lm; do
  "$root/build/bin/hashc" "$root/examples/$model.hash" -o "$scratch/$model"
  "$scratch/$model" info --json >"$scratch/$model.info.json"
  "$scratch/$model" train --data "$text" --steps "$steps" --seed "$seed" --eval-every 25 \
    --out "$scratch/$model.run" --log "$scratch/$model.jsonl"
  "$scratch/$model" eval --ckpt "$scratch/$model.run" --data "$text" --json >"$scratch/$model.eval.json"
done
/usr/bin/python3 "$root/bench/curves.py" "$scratch" --output "$results/curves-${name%.*}.json" --plot "$image"
gnuplot "$scratch/plot.gp"
echo "wrote $results/curves-${name%.*}.json and $image"
