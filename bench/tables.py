"""Times the making of routing tables, and shows how evenly they can load experts.

    python3 bench/tables.py build/bin/hashc [--output FILE] [--rounds 5]

A time is the CPU time of `hashc table build`, less that of a table of two entries: without the start
of the process, with reading the token ids. It is the median of the rounds, which the cases take in
turns. Counts follow Zipf's law, s = 1, every id at least once. Loads are max / mean on such counts.
"""

import argparse
import array
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "bench", "reference"))
from machine import describe, save  # noqa: E402

LARGE, SMALL = 129_280, 50_257  # ids of DeepSeek-V3 and of GPT-2
SEEDS = 10


def write_zipf(path, vocab, most):
    """Token ids; id i occurs about most / (i + 1) times, and at least once."""
    with open(path, "wb") as file:
        for token in range(vocab):
            file.write(struct.pack("<I", token) * max(1, round(most / (token + 1))))


def write_embeddings(path, rows, width):
    draw = random.Random(0)
    values = array.array("f", (draw.gauss(0, 0.02) for _ in range(rows * width)))
    header = json.dumps({"embedding": {"dtype": "F32", "shape": [rows, width],
                                       "data_offsets": [0, 4 * rows * width]}}).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + values.tobytes())


def build(hashc, folder, options):
    """Seconds of CPU time."""
    command = [hashc, "table", "build", *options.split(), "-o", "table.safetensors"]
    process = subprocess.Popen(command, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"error: {' '.join(command)} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def time_builders(hashc, folder, rounds):
    counted = "--tokens large.u32 --token-type u32"
    cases = {
        f"random, {LARGE} x 6 of 256": (f"--router random --experts 256 --vocab {LARGE} --top 6", 0.2),
        f"balanced, {LARGE} of 256": (f"--router balanced --experts 256 --vocab {LARGE} {counted}", 0.5),
        f"balanced, {LARGE} x 6 of 256": (f"--router balanced --experts 256 --vocab {LARGE} --top 6 {counted}", 0.5),
        "clustered, 8192 of 64, 256 features": ("--router clustered --experts 64 --vocab 8192 "
                                                "--checkpoint embeddings.safetensors", None),
    }
    times = {name: [] for name in cases}
    for _ in range(rounds):
        start = build(hashc, folder, "--router round_robin --experts 2 --vocab 2")
        for name, (options, _) in cases.items():
            times[name].append(build(hashc, folder, options) - start)
    builders = []
    for name, (options, limit) in cases.items():
        seconds = statistics.median(times[name])
        builders.append({"name": name, "seconds": seconds, "rounds_seconds": times[name], "limit_seconds": limit})
        print(f"{name:38} {seconds:7.3f} s" + (f", at most {limit}" if limit else ""), flush=True)
    return builders


def measure_loads(hashc, folder):
    loads = []
    for experts in (16, 32, 64, 128):
        options = {"balanced": "--router balanced --tokens small.u32 --token-type u32",
                   **{f"random {seed}": f"--router random --seed {seed}" for seed in range(SEEDS)}}
        files = []
        for number, chosen in enumerate(options.values()):
            build(hashc, folder, f"{chosen} --experts {experts} --vocab {SMALL}")
            files.append(f"table-{number}.safetensors")
            os.rename(os.path.join(folder, "table.safetensors"), os.path.join(folder, files[-1]))
        said = subprocess.run([hashc, "table", "stats", *files, "--tokens", "small.u32", "--token-type", "u32", "--json"],
                              cwd=folder, check=True, capture_output=True, text=True)
        greedy, *others = json.loads(said.stdout)["tables"]
        mean = statistics.mean(table["max_over_mean"] for table in others)
        loads.append({"experts": experts, "bound": greedy["bound"], "balanced": greedy["max_over_mean"], "random": mean,
                      "random_seeds": [table["max_over_mean"] for table in others]})
        print(f"{experts:4} experts: bound {greedy['bound']:.2f}, balanced {greedy['max_over_mean']:.2f}, "
              f"random {mean:.2f} (mean of {SEEDS} seeds)", flush=True)
    return loads


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("hashc", type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", metavar="FILE", type=os.path.abspath)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_zipf(os.path.join(folder, "large.u32"), LARGE, LARGE)
        write_zipf(os.path.join(folder, "small.u32"), SMALL, 20 * SMALL)
        write_embeddings(os.path.join(folder, "embeddings.safetensors"), 8192, 256)
        builders = time_builders(args.hashc, folder, args.rounds)
        loads = measure_loads(args.hashc, folder)
    if args.output:
        save({**describe(), "rounds": args.rounds, "builders": builders, "loads": loads}, args.output)
    slow = [case["name"] for case in builders if case["limit_seconds"] and case["seconds"] > case["limit_seconds"]]
    for name in slow:
        print(f"too slow: {name}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
