"""Compares two runs: losses, norms, learning rates and the newest checkpoint: same-run.py RUN RUN TOLERANCE.

Of a run NAME.run the log is NAME.run.jsonl. Numbers are compared relative to the largest of their tensor.
"""

import json
import sys

import safetensors

first, second, tolerance = sys.argv[1], sys.argv[2], float(sys.argv[3])
worst = 0.0


def compare(name, a, b):
    global worst
    assert len(a) == len(b) and a, name
    size = max(map(abs, a)) or 1.0
    error = max(abs(x - y) for x, y in zip(a, b)) / size
    assert error <= tolerance, f"{name} differs by {error:.1e}"
    worst = max(worst, error)


logs = [[json.loads(line) for line in open(run + ".jsonl")] for run in (first, second)]
for key in ("loss", "grad_norm", "lr", "tokens"):
    compare(key, *([record[key] for record in log] for log in logs))
for file in ("model.safetensors", "optimizer.safetensors"):
    a, b = (safetensors.read(safetensors.newest(run, file))[1] for run in (first, second))
    for name in a:
        compare(name, a[name], b[name])
print(f"the same to {worst:.1e}")
