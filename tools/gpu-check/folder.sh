# Sourced by scripts that build a folder of programs for a GPU here and run it there, from a copy of themselves and of this in the
# folder. They set script, what their messages begin with, and define build.
here=$(cd "$(dirname "$0")" && pwd)
# The comment at the top of the script.
show_usage() { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
fail() { echo "$script: $1" >&2; exit "$2"; }

# Makes the folder, unless it is somebody else's, from sources that are at the script's PART; sets root and hashc.
open_folder() { # FOLDER PART
  root=$(dirname "$here") hashc=${HASHC:-$(dirname "$here")/build/bin/hashc}
  [ -d "$here/$2" ] && [ ! -e "$here/about.txt" ] || fail "this copy of the script cannot build: use the one of hashc's sources" 2
  [ -x "$hashc" ] || fail "there is no hashc at '$hashc': build it with tools/build.sh" 3
  [ ! -e "$1" ] || [ -e "$1/about.txt" ] || fail "'$1' is there, and not of this script" 2
}

describe() {
  echo "commit: $(git -C "$root" describe --always --dirty --abbrev=10 2>/dev/null || echo unknown)"
  echo "built: $(date -u +%Y-%m-%dT%H:%M:%SZ)"
  echo "hashc: $("$hashc" --version)"
  local ptxas
  if ptxas=$(PATH=$PATH${CUDA_HOME:+:$CUDA_HOME/bin} command -v ptxas); then
    echo "kernels: PTX, and machine code by ptxas $("$ptxas" --version | sed -n 's/.*release.* //p')"
  else
    echo "kernels: PTX, which the driver compiles"
  fi
}

say_built() { echo "built: '$1', $(du -sm "$1" | cut -f1) MiB"; }

# 'build ...', or 'run FOLDER ...' by the folder's PROGRAM.
main() { # PROGRAM ARGUMENT...
  local program=$1
  shift
  case ${1:-} in
    build) shift && build "$@" ;;
    run)
      [ $# -gt 1 ] || show_usage
      [ -e "$2/$program" ] || fail "'$2' is no folder that 'build' made" 2
      exec python3 "$2/$program" "${@:2}"
      ;;
    *) show_usage ;;
  esac
}
