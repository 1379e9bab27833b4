"""Times a training step as the table of a lookup grows.

    python3 bench/lookup.py build/bin/hashc [--output STEM] [--rounds 3] [--steps 30] [--rows 10000 ...]

bench/lookup.hash with tables of 10^4 to 10^7 rows, trained on random tokens: every step reads other
rows. Beside it the same model with the table as an embedding, whose gradient is as long as the table
and which AdamW updates. The sides take turns; a step's time is the median of all rounds' steps but
the first five. `--output` writes STEM.json and STEM.md.
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "bench", "reference"))
from machine import describe, save  # noqa: E402

TOKENS = 1 << 21
WARM_UP = 5
KERNELS = {"gather": "lookup", "gradient": "segments merge_keys lookup_grad", "update": "rowwise_adagrad"}


def write_tokens(path):
    draw = random.Random(1)
    with open(path, "wb") as file:
        for _ in range(TOKENS):
            file.write(draw.randrange(256).to_bytes(2, "little"))


def compile_spec(hashc, rows, dense, folder):
    """The executable; a dense one from the module in which the lookup is an embedding."""
    path = os.path.join(folder, f"{'dense' if dense else 'rows'}-{rows}")
    spec = os.path.join(ROOT, "bench", "lookup.hash")
    defines = ["-D", f"rows={rows}"]
    if not dense:
        subprocess.run([hashc, spec, *defines, "-o", path], check=True)
        return path
    module = subprocess.run([hashc, spec, *defines, "--emit=hash"], check=True, capture_output=True, text=True).stdout
    module = re.sub(r"hash\.lookup (%\S+) in (%\S+)", r"hash.embedding \1, \2", module).replace(" {lookup}", "")
    with open(path + ".mlir", "w") as file:
        file.write(module)
    subprocess.run([hashc, path + ".mlir", "-o", path], check=True)
    return path


def train(path, steps, folder):
    """Milliseconds of each step, seconds of the whole, and the bytes of the process."""
    out = os.path.join(folder, "run")
    log = os.path.join(folder, "log.jsonl")
    begin = time.monotonic()
    process = subprocess.Popen([path, "train", "--data", os.path.join(folder, "tokens.bin"), "--steps", str(steps),
                                "--quiet", "--out", out, "--log", log])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"error: {path} train ended with status {process.returncode}")
    with open(log) as file:
        records = [json.loads(line) for line in file]
    subprocess.run(["rm", "-r", out, log], check=True)
    # The rate is of one step, of 16 windows of 256.
    return [4096 / r["tokens_per_s"] * 1e3 for r in records], seconds, usage.ru_maxrss << 10


def read_kernels(path):
    """Milliseconds of the lookup's kernels in a step that reads the same rows again and again."""
    text = subprocess.run([path, "bench", "--steps", "20", "--json"], check=True, capture_output=True, text=True).stdout
    kernels = json.loads(text)["kernels"]
    return {name: sum(k["ms"] for k in kernels if k["op"] in ops.split() and k["entry"] != "eval_step")
            for name, ops in KERNELS.items()}


def measure(hashc, sizes, rounds, steps, dense_steps, folder):
    sides = [(rows, dense, compile_spec(hashc, rows, dense, folder)) for rows in sizes for dense in (False, True)]
    steps_ms = {path: [] for _, _, path in sides}
    seconds, memory = {}, {}
    for _ in range(rounds):
        for rows, dense, path in sides:
            times, seconds[path], memory[path] = train(path, dense_steps if dense else steps, folder)
            steps_ms[path] += times[WARM_UP:]
    results = []
    for rows, dense, path in sides:
        times = steps_ms[path]
        quartiles = statistics.quantiles(times, n=4)
        results.append({"rows": rows, "dense": dense, "ms": statistics.median(times), "fastest_ms": min(times),
                        "quartiles_ms": [quartiles[0], quartiles[2]], "peak_bytes": memory[path],
                        "run_seconds": seconds[path], "kernels_warm_ms": None if dense else read_kernels(path)})
        print(f"{rows:>9} {'dense ' if dense else 'lookup'} {results[-1]['ms']:8.1f} ms, fastest {min(times):.1f}",
              flush=True)
    return results


def report(result):
    first = next(r for r in result["sizes"] if not r["dense"])
    lines = [f"# Lookups on {result['cpu']}", "",
             f"{result['date']}, {result['cores']} cores, "
             + ", ".join(f"{k} {v}" for k, v in result["caches"].items())
             + f"; hashc {result['commit'][:10]}; load before {result['load']:.1f}.", "", f"    {result['command']}", "",
             "One table of width 32, 4096 random tokens a step, f32, rows that are new in every step; median, quartiles and "
             f"fastest of {result['rounds']} rounds. Warm: the kernels of the lookup, ms, when a step reads the same "
             "rows as the one before. Dense: the table as an embedding with AdamW."
             + (" Others were at work on this machine: compare columns, not cells." if result["load"] > 1 else ""), "",
             "| rows | table | ms a step | times the smallest | quartiles | fastest | gather, warm | gradient, warm | update, warm | "
             "MiB at most | dense, ms a step | dense, MiB at most |",
             "|" + " --- |" * 12]
    for r in result["sizes"]:
        if r["dense"]:
            continue
        dense = next(d for d in result["sizes"] if d["dense"] and d["rows"] == r["rows"])
        warm = r["kernels_warm_ms"]
        lines.append(f"| {r['rows']:,} | {r['rows'] * 128 / 2**20:.0f} MiB | {r['ms']:.1f} | {r['ms'] / first['ms']:.2f} | "
                     f"{r['quartiles_ms'][0]:.1f} .. {r['quartiles_ms'][1]:.1f} | {r['fastest_ms']:.1f} | {warm['gather']:.2f} | "
                     f"{warm['gradient']:.2f} | {warm['update']:.2f} | {r['peak_bytes'] >> 20} | {dense['ms']:.1f} | "
                     f"{dense['peak_bytes'] >> 20} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("hashc")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--dense-steps", type=int, default=12)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**4, 10**5, 10**6, 10**7])
    parser.add_argument("--output", metavar="STEM")
    args = parser.parse_args()
    if min(args.steps, args.dense_steps) < WARM_UP + 2:
        parser.error(f"at least {WARM_UP + 2} steps: the first {WARM_UP} do not count")
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        write_tokens(os.path.join(folder, "tokens.bin"))
        sizes = measure(args.hashc, args.rows, args.rounds, args.steps, args.dense_steps, folder)
    result = {**describe(), "rounds": args.rounds, "steps": args.steps, "dense_steps": args.dense_steps, "sizes": sizes}
    text = report(result)
    print(text)
    if args.output:
        save(result, args.output + ".json")
        with open(args.output + ".md", "w") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
