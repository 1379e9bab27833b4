"""Says which instructions of models' kernels no kernel of a single instruction has:
    coverage.py FOLDER MODEL.ptx..."""

import pathlib
import re
import sys

# Nothing is to be misread in these: moves, memory, branches, integers; and what tells the CPU of an error.
TRIVIAL = re.compile(
    r"(mov|ld|st|cvta|selp|bra|call|ret|exit|trap|bar|and|or|xor|not|shl|shr|bfe|prmt)(\.|$)"
    r"|(add|sub|neg|abs|min|max|mul\.lo|mul\.wide|mad\.lo)\.[su]\d+$|(neg|abs)\.f\d+$"
    r"|(div|rem)\.[su]\d+$|popc\.b\d+$"
    r"|(atom\.global\.exch|membar|nanosleep)\.\w+$|trap"
    r"|setp\.\w+\.[bsu]\d+$|cvt\.[su]\d+\.[su]\d+$")
WGMMA = re.compile(r"(wgmma\.mma_async\S+) .*, p, 1, 1, (\d), (\d)")
OPCODE = re.compile(r"(?:@!?%\w+\s+)?([a-z][a-z0-9_]*(?:[.:]+[a-z0-9_]+)*)(?=\s|$)")


def read(path):
    found = set()
    for line in path.read_text().splitlines():
        line = line.partition("//")[0].strip()
        for part in re.split(r"[;]|^\{|LAB_WAIT:", line):
            if multiply := WGMMA.search(part):
                found.add(" ".join(multiply.groups()))
            elif (opcode := OPCODE.match(part.strip())) and not part.strip().endswith(":"):
                found.add(opcode[1])
    return found


def main(folder, *models):
    covered = set().union(*map(read, pathlib.Path(folder).glob("*.ptx")))
    used = set().union(*(read(pathlib.Path(model)) for model in models))
    used = {opcode for opcode in used if not TRIVIAL.match(opcode)}
    for opcode in sorted(used - covered):
        print(f"no kernel has '{opcode}'")
    print(f"{len(used)} instructions, {len(used - covered)} without a kernel")
    return 1 if used - covered or not used else 0


sys.exit(main(*sys.argv[1:]))
