#!/usr/bin/env bash
# Measures a hash_lm of a GPU's size on a GPU, beside PyTorch where Python has it:
#   bench/gpu.sh build FOLDER [-D NAME=VALUE ...]
# compiles the model for sm_80 and sm_90a into a folder that has all the measurement needs; needs hashc.
#   bench/gpu.sh run FOLDER [--device N|sim] [--data TEXT] [options]
# measures; needs the folder, python3 and a driver. The folder has a copy of this script:
# FOLDER/gpu.sh run FOLDER. 'run FOLDER --help' lists the options; bench/README.md says what is measured.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
show_usage() { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
fail() { echo "gpu.sh: $1" >&2; exit "$2"; }

# A width of 1024, and 64 experts with 4096 features inside; 16384 tokens a step. And one for a dry run.
large=(-D precision=bf16 -D dim=1024 -D experts=64 -D batch=128)
small=(-D precision=bf16 -D dim=64 -D experts=4 -D batch=1 -D layers=1)

build() {
  [ $# -gt 0 ] && [ "${1#-}" = "$1" ] || show_usage
  local folder=$1 root hashc name arch
  root=$(dirname "$here") hashc=${HASHC:-$(dirname "$here")/build/bin/hashc}
  shift
  [ -d "$here/reference" ] && [ ! -e "$here/about.txt" ] || fail "this copy of the script cannot build: use the one of hashc's sources" 2
  [ -x "$hashc" ] || fail "there is no hashc at '$hashc': build it with tools/build.sh" 3
  [ ! -e "$folder" ] || [ -e "$folder/about.txt" ] || fail "'$folder' is there, and not of this script" 2
  mkdir -p "$folder/programs" "$folder/reference"
  {
    echo "commit: $(git -C "$root" describe --always --dirty --abbrev=10 2>/dev/null || echo unknown)"
    echo "built: $(date -u +%Y-%m-%dT%H:%M:%SZ)"
    echo "model: examples/hash_lm.hash ${large[*]} $*"
  } >"$folder/about.txt"
  cp "$0" "$here/gpu.py" "$folder"
  cp "$root/tools/gpu-check/run.py" "$folder/gpu_check.py"
  cp "$here"/reference/*.py "$folder/reference"
  for arch in sm_80 sm_90a; do
    "$hashc" "$root/examples/hash_lm.hash" "${large[@]}" "$@" --target=cuda --arch=$arch -o "$folder/programs/large.$arch"
    "$hashc" "$root/examples/hash_lm.hash" "${small[@]}" --target=cuda --arch=$arch -o "$folder/programs/small.$arch"
  done
  echo "built: '$folder', $(du -sm "$folder" | cut -f1) MiB"
}

case ${1:-} in
  build) shift && build "$@" ;;
  run)
    [ $# -gt 1 ] || show_usage
    [ -e "$2/gpu.py" ] || fail "'$2' is no folder that 'build' made" 2
    exec python3 "$2/gpu.py" "${@:2}"
    ;;
  *) show_usage ;;
esac
