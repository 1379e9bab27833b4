#!/usr/bin/env bash
# Installs what hashc is built and tested with, on Debian 12. Says what is
# missing, installs only that, and does nothing on a machine that has it all.
#   tools/setup.sh [--with PACKAGE]...
set -euo pipefail

packages=(
  cmake ninja-build git ca-certificates python3
  g++-12 clang-22 lld-22 clang-format-22 clang-tidy-22 libclang-rt-22-dev
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
  python3-psutil libzstd-dev zlib1g-dev libsentencepiece-dev nlohmann-json3-dev libcli11-dev libgtest-dev libboost-context-dev
)
while [ $# -gt 0 ]; do
  case $1 in
    --with) packages+=("$2"); shift 2 ;;
    *) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || { echo "setup: everything is installed"; exit 0; }

echo "setup: installing ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup: run this as root, or install sudo" >&2; exit 3; }
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update -qq &&
       "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup: the packages could not be installed; hashc needs Debian 12 with LLVM 22 among its packages" >&2
  exit 3
fi
echo "setup: done"
