"""Times one hash layer, forward and backward, as each choice of fusions compiles it.

    python3 bench/fusion.py build/bin/hashc [--output FILE] [--rounds 5] [--steps 3]

bench/layer.hash with 16 and 64 experts, tokens spread evenly and by Zipf's law. The forms take
turns, `--steps` steps each in `--rounds` rounds; a form's time is the median of its rounds, of
all the layer's kernels but the optimizer's. Memory is the peak of the process.
"""

import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "bench", "reference"))
from machine import describe, save  # noqa: E402

FORMS = ["none", "dispatch", "epilogue", "all"]
TOKENS = 1024


def write_table(path, experts):
    """A table in which expert i has a share of the tokens in proportion to 1 / (i + 1)."""
    total = sum(1 / (i + 1) for i in range(experts))
    entries, share, expert = [], 1 / total, 0
    for token in range(TOKENS):
        while expert < experts - 1 and token >= share * TOKENS:
            expert += 1
            share += 1 / (expert + 1) / total
        entries.append(expert)
    header = json.dumps({"table": {"dtype": "I32", "shape": [TOKENS], "data_offsets": [0, 4 * TOKENS]}}).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + struct.pack(f"<{TOKENS}i", *entries))


def build(hashc, experts, zipf, form, folder):
    table = os.path.join(folder, f"table-{experts}.safetensors")
    write_table(table, experts)
    path = os.path.join(folder, f"layer-{experts}-{zipf}-{form}")
    subprocess.run([hashc, os.path.join(ROOT, "bench", "layer.hash"), "-o", path, f"--fuse={form}",
                    "-D", f"experts={experts}", "-D", f"zipf={str(zipf).lower()}", "-D", f"table={table}"], check=True)
    return path


def measure(path, steps):
    """Milliseconds of the layer in a step, and the bytes of the process."""
    process = subprocess.Popen([path, "bench", "--steps", str(steps), "--json"], stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"error: {path} bench ended with status {process.returncode}")
    kernels = json.loads(output)["kernels"]
    layer = [k["ms"] for k in kernels if k["path"] == "hash_ffn" and k["entry"] == "grad_step"]
    return sum(layer), usage.ru_maxrss << 10


def compare(hashc, experts, zipf, rounds, steps, folder):
    paths = {form: build(hashc, experts, zipf, form, folder) for form in FORMS}
    times = {form: [] for form in FORMS}
    memory = dict.fromkeys(FORMS, 0)
    for _ in range(rounds):
        for form, path in paths.items():
            ms, size = measure(path, steps)
            times[form].append(ms)
            memory[form] = max(memory[form], size)
    medians = {form: statistics.median(values) for form, values in times.items()}
    name = f"{experts} experts{', Zipf' if zipf else ''}"
    print(f"{name:20}" + "  ".join(f"{form} {medians[form]:.1f} ms ({medians[form] / medians['none']:.2f})"
                                   for form in FORMS), flush=True)
    return {"name": name, "experts": experts, "zipf": zipf,
            "forms": {form: {"ms": medians[form], "rounds_ms": times[form], "peak_bytes": memory[form],
                             "ratio": medians[form] / medians["none"]} for form in FORMS}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("hashc")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--output", metavar="FILE")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cases = [compare(args.hashc, experts, zipf, args.rounds, args.steps, folder)
                 for experts in (16, 64) for zipf in (False, True)]
    if args.output:
        save({**describe(), "rounds": args.rounds, "steps": args.steps, "layers": cases}, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
