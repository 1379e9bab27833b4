#!/usr/bin/env bash
# Checks programs for GPUs on a GPU, beside the CPU's programs for the same specs.
#   tools/gpu-check.sh build FOLDER [--cases A,B]
# compiles the cases for the CPU, sm_80 and sm_90a into a folder that has all the check needs; needs hashc's build, clang++-22, llc-22.
#   tools/gpu-check.sh run FOLDER [--device N|sim] [--results FILE.md] [options]
# runs them; needs the folder, bash, python3 and a driver. The folder has a copy of this script:
# FOLDER/gpu-check.sh run FOLDER. 'run FOLDER --help' lists the options; docs/gpu.md says what is checked.
set -euo pipefail
script=gpu-check tools=$(dirname "$0")/gpu-check
[ -d "$tools" ] || tools=$(dirname "$0")
. "$tools/folder.sh"

# Name, spec, its params, data, and what may differ: an element of a batch's loss and gradients (of the
# tensor's largest), losses of the first 20 steps, losses of all steps.
cases="
tiny             tiny.hash             -                     text   1e-5  1e-4  5e-3
tiny_bf16        tiny.hash             -Dprecision=bf16      text   3e-2  2e-2  5e-2
ladder_lm        ladder_lm.hash        -                     text   1e-4  1e-4  5e-3
encoder_decoder  encoder_decoder.hash  -                     pairs  1e-4  1e-4  2e-2
switch_lm        switch_lm.hash        -Ddim=32,-Dblocks=2   text   1e-4  1e-3  1e-1
"

compile() { # CASE SPEC PARAMS SUFFIX OPTION...
  local case=$1 spec=$2 params=() output=$folder/programs/$1.$4
  [ "$3" = - ] || IFS=, read -ra params <<<"$3"
  shift 4
  "$hashc" "$root/examples/$spec" "${params[@]}" "$@" -o "$output"
  echo "compiled: ${output##*/}"
}

# Waits while every core has a compilation.
start() {
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
  compile "$@" &
}

# Kernels of single instructions, what the simulator gives, and what is known of them.
make_instructions() {
  local programs to=$folder/instructions
  programs=$(dirname "$hashc")
  for program in hash-sim hash-run-kernel; do
    [ -x "$programs/$program" ] || fail "there is no $program beside '$hashc': build it with tools/build.sh" 3
  done
  for program in clang++-22 llc-22; do
    command -v $program >/dev/null || fail "there is no $program on the PATH: tools/setup.sh installs it" 3
  done
  rm -rf "$to"
  mkdir -p "$to"
  cp -r "$root/test/simulator/golden" "$to"
  cp "$programs/hash-run-kernel" "$folder"
  # What is other than known is said, and again by 'run'.
  python3 "$here/gpu-check/instructions.py" "$to" --hash-sim "$programs/hash-sim" --golden "$to/golden" |
    sed 's/^/instructions: /' || { status=$?; [ $status -eq 1 ] || exit $status; }
}

make_data() {
  local inputs=$root/test/e2e/Inputs
  mkdir -p "$folder/data"
  python3 "$inputs/make-corpus.py" "$folder/data/text"
  python3 "$inputs/make-corpus.py" "$folder/data/text.valid" 20
  python3 "$inputs/make-pairs.py" "$folder/data/pairs"
  python3 "$inputs/make-pairs.py" "$folder/data/pairs.valid" 8
}

build() {
  [ $# -gt 0 ] && [ "${1#-}" = "$1" ] || show_usage
  folder=$1 wanted=
  shift
  [ $# -eq 0 ] || { [ $# -eq 2 ] && [ "$1" = --cases ] && wanted=$2; } || show_usage
  open_folder "$folder" gpu-check
  for name in ${wanted//,/ }; do
    grep -q "^$name " <<<"$cases" ||
      fail "there is no case '$name'; there are $(awk 'NF { printf "%s%s", comma, $1; comma = ", " }' <<<"$cases")" 2
  done
  rm -rf "$folder/programs"
  mkdir -p "$folder/programs"
  describe >"$folder/about.txt"
  cp "$0" "$here"/gpu-check/{folder.sh,run.py,instructions.py} "$root/test/gpu/Inputs/compare-dumps.py" "$folder"
  make_data
  make_instructions
  : >"$folder/cases.txt"
  local name spec params rest
  while read -r name spec params rest; do
    [ -n "$name" ] && [[ -z $wanted || ,$wanted, == *,$name,* ]] || continue
    echo "$name $spec $params $rest" >>"$folder/cases.txt"
    start "$name" "$spec" "$params" cpu --arch=x86-64-v3
    start "$name" "$spec" "$params" sm_80 --target=cuda --arch=sm_80
    start "$name" "$spec" "$params" sm_90a --target=cuda --arch=sm_90a
  done <<<"$cases"
  wait
  for name in $(cut -d' ' -f1 "$folder/cases.txt"); do
    for suffix in cpu sm_80 sm_90a; do
      [ -x "$folder/programs/$name.$suffix" ] || fail "hashc did not compile $name for $suffix" 1
    done
  done
  say_built "$folder"
}

main run.py "$@"
