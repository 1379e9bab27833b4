#!/usr/bin/env bash
# Measures a hash_lm of a GPU's size on a GPU, beside PyTorch where Python has it:
#   bench/gpu.sh build FOLDER [-D NAME=VALUE ...]
# compiles the model for sm_80 and sm_90a into a folder that has all the measurement needs; needs hashc.
#   bench/gpu.sh run FOLDER [--device N|sim] [--data TEXT] [options]
# measures; needs the folder, python3 and a driver. The folder has a copy of this script:
# FOLDER/gpu.sh run FOLDER. 'run FOLDER --help' lists the options; bench/README.md says what is measured.
set -euo pipefail
script=gpu.sh tools=$(dirname "$0")/../tools/gpu-check
[ -d "$tools" ] || tools=$(dirname "$0")
. "$tools/folder.sh"

# A width of 1024, and 64 experts with 4096 features inside; 16384 tokens a step. And one for a dry run.
large=(-D precision=bf16 -D dim=1024 -D experts=64 -D batch=128)
small=(-D precision=bf16 -D dim=64 -D experts=4 -D batch=1 -D layers=1)

# Of sm_90a, with tiles of products that are all as wide.
compile_widths() { # NAME OPTION...
  local name=$1 step=$folder/$1.mlir width
  shift
  "$hashc" "$root/examples/hash_lm.hash" "$@" --target=cuda --arch=sm_90a --emit=fused -o "$step"
  for width in 64 128 256; do
    sed "s/narrow_rows/tile_columns = $width : i64, narrow_rows/" "$step" >"$folder/wide.mlir"
    "$hashc" "$folder/wide.mlir" -o "$folder/programs/$name.sm_90a.$width"
  done
  rm "$step" "$folder/wide.mlir"
}

build() {
  [ $# -gt 0 ] && [ "${1#-}" = "$1" ] || show_usage
  folder=$1
  local arch
  shift
  open_folder "$folder" reference
  mkdir -p "$folder/programs" "$folder/reference"
  { describe; echo "model: examples/hash_lm.hash ${large[*]} $*"; } >"$folder/about.txt"
  cp "$0" "$here/gpu.py" "$tools/folder.sh" "$folder"
  cp "$tools/run.py" "$folder/gpu_check.py"
  cp "$tools/instructions.py" "$folder"
  cp "$here"/reference/*.py "$folder/reference"
  for arch in sm_80 sm_90a; do
    "$hashc" "$root/examples/hash_lm.hash" "${large[@]}" "$@" --target=cuda --arch=$arch -o "$folder/programs/large.$arch"
    "$hashc" "$root/examples/hash_lm.hash" "${small[@]}" --target=cuda --arch=$arch -o "$folder/programs/small.$arch"
  done
  compile_widths large "${large[@]}" "$@"
  compile_widths small "${small[@]}"
  say_built "$folder"
}

main gpu.py "$@"
