"""Compares the step losses of two JSON-lines logs: losses.py A B TOLERANCE."""

import json
import sys


def losses(path):
    records = [json.loads(line) for line in open(path)]
    return [r["loss"] for r in records if "loss" in r and "valid_loss" not in r]


a, b = losses(sys.argv[1]), losses(sys.argv[2])
assert len(a) == len(b) and a, (len(a), len(b))
worst = max(abs(x - y) for x, y in zip(a, b))
print(f"{len(a)} steps, largest difference {worst:.2e}")
sys.exit(0 if worst <= float(sys.argv[3]) else 1)
