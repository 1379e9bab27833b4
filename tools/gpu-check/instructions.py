#!/usr/bin/env python3
"""Compiles the kernels of single instructions, and runs them in the simulator.

FOLDER gets what run.py runs on a GPU: the list of kernels and their PTX, and what the simulator gives, a file a kernel,
which is compared with what is known of them. Without --hash-sim only compares. Exit status: 0, or 1 if anything is other
than known, 3 if a kernel does not compile or run.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LIST = "kernels.txt"
SIMULATED = "the simulator; no GPU has confirmed it"
ON_GPU = re.compile(r".*, sm_[0-9]+; driver.* for CUDA .*; 20[0-9-]+$")
# Of what approximate instructions give (PTX ISA 8.0, ex2: 2^-22); the simulator is exact, but for its rounding.
ALLOWED = 2.0**-22 + 2.0**-24


class Instruction:
    def __init__(self, line):
        self.name, self.source, self.kernel, self.arch, self.block, *self.arguments = line.split()
        self.is_approximate = self.name.endswith("_approx")

    def get_command(self, tool, program):
        return [str(tool), f"--kernel={self.kernel}", f"--block={self.block}", str(program), *self.arguments]

    def get_module(self, suffix):
        return f"{self.source}.{suffix}"


def read_list(path):
    return [Instruction(line) for line in path.read_text().splitlines() if not line.startswith("#")]


def write_golden(folder, instruction, origin, output):
    """What an instruction gives, and who says so."""
    command = " ".join(instruction.get_command("hash-run-kernel", instruction.get_module("ptx")))
    text = f"# origin: {origin}\n# {instruction.arch}: {command}\n{output}"
    (folder / f"{instruction.name}.txt").write_text(text)


def read_golden(folder, instruction):
    """The origin, and the output."""
    lines = (folder / f"{instruction.name}.txt").read_text().splitlines(keepends=True)
    origin = next((line.partition("origin: ")[2].strip() for line in lines if line.startswith("# origin: ")), "")
    return origin, "".join(line for line in lines if not line.startswith("#"))


def is_same(instruction, expected, given):
    """Of two elements, as text."""
    if expected == given or not instruction.is_approximate:
        return expected == given
    return abs(float(given) - float(expected)) <= ALLOWED * abs(float(expected))


def find_difference(instruction, expected, given):
    """Where two outputs differ first, or None."""
    expected, given = expected.splitlines(), given.splitlines()
    if len(expected) != len(given):
        return f"{len(given)} lines instead of {len(expected)}"
    for one, other in zip(expected, given):
        if one == other:
            continue
        (head, *ours), (other_head, *theirs) = ((line.partition(" = ")[0], *line.partition(" = ")[2].split())
                                                for line in (one, other))
        if head != other_head or len(ours) != len(theirs):
            return f"'{other_head}' of {len(theirs)} elements instead of '{head}' of {len(ours)}"
        places = [i for i, (x, y) in enumerate(zip(ours, theirs)) if not is_same(instruction, x, y)]
        if not places:
            continue
        return (f"element {places[0]} of {head} is {theirs[places[0]]} instead of {ours[places[0]]}; "
                f"{len(places)} of {len(ours)} differ")
    return None


def compare_folders(given, golden, listed):
    """What two folders say of the instructions: where they differ, and how many a GPU has confirmed."""
    differences, confirmed = {}, 0
    for instruction in listed:
        try:
            origin, expected = read_golden(golden, instruction)
        except FileNotFoundError:
            differences[instruction.name] = "nothing is known of it"
            continue
        confirmed += bool(ON_GPU.match(origin))
        if difference := find_difference(instruction, expected, read_golden(given, instruction)[1]):
            differences[instruction.name] = difference
    known = {path.stem for path in golden.glob("*.txt")} - {instruction.name for instruction in listed}
    return differences | {name: "there is no such kernel" for name in known}, confirmed


def call(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise RuntimeError(f"{command[0]}: {error.strerror}")
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))[:400]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def compile_source(source, arch, root, folder):
    """To the IR that the simulator reads, and from there to PTX, as hashc does it."""
    inputs = root / "test" / "simulator" / "Inputs"
    found = next(place / f"{source}.cpp" for place in (HERE / "instructions", inputs)
                 if (place / f"{source}.cpp").exists())
    module = folder / f"{source}.ll"
    call(["clang++-22", f"@{HERE / 'instructions' / 'clang.txt'}", f"-march={arch}", f"-I{root}", f"-I{inputs}", "-S",
          "-emit-llvm", str(found), "-o", str(module)])
    # A map is read where the launch put it, not from a thread's copy; only CUDA's C++ can say so.
    text, parameter = module.read_text(), "byval(%struct.TensorMap) align 64"
    if "TensorMap" in text and parameter not in text:
        raise RuntimeError(f"{module}: no parameter is a map")
    module.write_text(text.replace(parameter, f'{parameter} "nvvm.grid_constant"'))
    call(["llc-22", "-O3", f"-mcpu={arch}", "-mattr=+ptx80", str(module), "-o", str(module.with_suffix(".ptx"))])


def simulate(instruction, simulator, folder):
    output = call(instruction.get_command(simulator, folder / instruction.get_module("ll")))
    write_golden(folder / "simulator", instruction, SIMULATED, output)


def make(folder, listed, simulator):
    (folder / "simulator").mkdir(parents=True, exist_ok=True)
    (folder / LIST).write_text((HERE / "instructions" / LIST).read_text())
    sources = {(each.source, each.arch) for each in listed}
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(lambda source: compile_source(*source, HERE.parent.parent, folder), sorted(sources)))
        list(pool.map(lambda each: simulate(each, simulator, folder), listed))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path)
    parser.add_argument("--hash-sim", metavar="PROGRAM")
    parser.add_argument("--golden", required=True, metavar="DIR", type=pathlib.Path)
    options = parser.parse_args()
    folder = options.folder
    listed = read_list(HERE / "instructions" / LIST)
    try:
        if options.hash_sim:
            make(folder, listed, options.hash_sim)
    except RuntimeError as error:
        print(f"instructions: {error}", file=sys.stderr)
        return 3
    differences, confirmed = compare_folders(folder / "simulator", options.golden, listed)
    for name, difference in differences.items():
        print(f"{name}: {difference}")
    print(f"{len(listed)} kernels, {len(differences)} other than known; a GPU confirmed {confirmed}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
