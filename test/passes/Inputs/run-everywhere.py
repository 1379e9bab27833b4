"""Runs every pass, twice, on every module given: run-everywhere.py SOURCE HASH-OPT MODULE...

A pass may refuse a module, and then says why; it may not crash, or fail without a word.
"""

import itertools
import pathlib
import re
import subprocess
import sys

source, hash_opt, *modules = sys.argv[1:]
OPTIONS = {
    "hash-finish-stage": ["{stage=step}", "{stage=fused}"],
    "hash-verify-stage": ["{stage=hash}", "{stage=step}", "{stage=fused}", "{stage=kernels}"],
    "hash-recompute": ["{policy=activations}"],
    "hash-fuse-dispatch": ["{level=all}"],
    "hash-fuse-epilogue": ["{level=all}"],
    "hash-select-layouts": ["{panel=16}"],
    "hash-narrow-products": ["{rows=1}"],
    "hash-split-norm": ["{parts=4}"],
    "hash-hoist-routing": ["", "{share=false}"],
    "hash-plan-memory": ["", "{reuse=false}"],
}
passes = []
for file in ("passes/Passes.td", "codegen/cpu/CpuPasses.td", "codegen/nvvm/GpuPasses.td"):
    text = pathlib.Path(source, file).read_text()
    for name, anchor in re.findall(r'Pass<"([\w-]+)", "([\w:]+)">', text):
        for options in OPTIONS.get(name, [""]):
            step = name + options
            passes.append(f"func.func({step})" if anchor.endswith("FuncOp") else step)
assert len(passes) > 15, passes
passes += [f"hash-{name}-pipeline" for name in ("step", "fusion", "cpu-stage", "cpu-kernel", "cpu-llvm")]

failures = 0
for step, module in itertools.product(passes, modules):
    command = [hash_opt, module, f"--pass-pipeline=builtin.module({step},{step})", "--split-input-file", "-o", "/dev/null"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode not in (0, 1) or run.returncode == 1 and "error:" not in run.stderr:
        failures += 1
        print(" ".join(command), "\n  exit", run.returncode, *run.stderr.splitlines()[:3], sep="\n  ")
sys.exit(f"{failures} crashes" if failures else 0)
