#!/usr/bin/env bash
# The whole road in one go, from a bare Debian 12: sets the machine up, builds
# hashc, compiles an example, trains it, and samples from it.
#   tools/demo.sh [TEXT FILE]         default: the quotations of Debian's package fortunes
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=${HASHC_DEMO_OUT:-$root/build/demo}
say() { printf '\n== %s\n' "$*"; }

text=${1:-}
[ -z "$text" ] || [ -r "$text" ] || { echo "demo: cannot read '$text'" >&2; exit 1; }
[ -z "$text" ] || text=$(realpath "$text")

say "Setting up"
if [ -n "$text" ]; then "$root/tools/setup.sh"; else "$root/tools/setup.sh" --with fortunes; fi

say "Building hashc"
"$root/tools/build.sh" hashc HashcRuntime HashcBpe

mkdir -p "$out"
if [ -z "$text" ]; then
  text=$out/fortunes.txt
  # Prose and verse; pictures made of letters and their runs of blanks teach a small model little.
  find /usr/share/games/fortunes -type f ! -name '*.dat' ! -name 'ascii-art*' -print0 | sort -z | xargs -0 cat |
    iconv -c -f utf-8 -t utf-8 | tr -d '\000\010' | tr -s ' \t' >"$text"
fi

say "Compiling examples/hash_lm.hash"
"$root/build/bin/hashc" "$root/examples/hash_lm.hash" -o "$out/hash_lm"
"$out/hash_lm" info

say "Before training, on the held-out end of $text"
rm -rf "$out/untrained" "$out/run"
"$out/hash_lm" train --data "$text" --steps 0 --out "$out/untrained" --quiet
"$out/hash_lm" eval --ckpt "$out/untrained" --data "$text"

say "Training"
"$out/hash_lm" train --data "$text" --out "$out/run" --log "$out/train.jsonl"

say "After training"
"$out/hash_lm" eval --ckpt "$out/run" --data "$text"

say "A sample"
"$out/hash_lm" generate --ckpt "$out/run" --prompt "The " --tokens 300 --temperature 0.8 --top-k 40
