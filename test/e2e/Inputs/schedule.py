"""Compares a log's learning rates with the formula: schedule.py LOG NAME LR WARMUP FLOOR STEPS."""

import json
import math
import sys

log, name, (lr, warmup, floor, steps) = sys.argv[1], sys.argv[2], map(float, sys.argv[3:])
FORMULAS = {
    "cosine": lambda done: floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2,
    "linear": lambda done: floor + (1 - floor) * (1 - done),
    "constant": lambda done: 1.0,
}
records = [json.loads(line) for line in open(log)]
assert len(records) == steps
for record in records:
    step = record["step"]
    expected = lr * (step / warmup if step <= warmup else FORMULAS[name]((step - warmup) / (steps - warmup)))
    assert abs(record["lr"] - expected) < 1e-15, f"step {step}: {record['lr']}, not {expected}"
print(f"{len(records)} steps of {name} as the formula says")
