"""Compiles specs for both GPUs, in f32 and bf16, and runs ptxas on what comes out: ptxas.py HASHC SPEC...
Fails where a kernel spills registers, or where ptxas says that it does not do what was asked (C75..)."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


def get_precisions(spec):
    return ("f32", "bf16") if "param precision" in pathlib.Path(spec).read_text() else (None,)


def check(hashc, spec, precision, arch):
    """What is wrong with the spec's kernels, and how many there are."""
    ptx = f"{pathlib.Path(spec).stem}-{precision}-{arch}.ptx"
    run([hashc, spec, "--target=cuda", f"--arch={arch}", "--emit=ptx", "-o", ptx] + ([f"-Dprecision={precision}"] if precision else []))
    said = run(["ptxas", "-v", f"-arch={arch}", ptx, "-o", os.devnull])
    wrong, kernels, kernel = [], 0, ""
    for line in said.splitlines():
        if name := re.search(r"Compiling entry function '([^']+)'", line):
            kernel, kernels = name[1], kernels + 1
        if re.search(r"[1-9]\d* bytes spill", line) or "(C75" in line:
            wrong.append(f"{ptx}: {kernel}: {line.strip()}")
    return wrong, kernels


def main(hashc, *specs):
    jobs = [(hashc, spec, precision, arch) for spec in specs for precision in get_precisions(spec) for arch in ("sm_80", "sm_90a")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: check(*job), jobs))
    wrong = [line for lines, _ in results for line in lines]
    print("\n".join(wrong + [f"{len(jobs)} programs, {sum(count for _, count in results)} kernels, {len(wrong)} findings"]))
    return 1 if wrong or not all(count for _, count in results) else 0


sys.exit(main(*sys.argv[1:]))
