"""Compares a value of each line of a log that has it: log-value.py LOG PATH EXPECTED TOLERANCE, PATH being keys with / between them."""

import json
import sys

log, path, expected, tolerance = sys.argv[1:]
values = []
for line in open(log):
    value = json.loads(line)
    for key in path.split("/"):
        value = value.get(key) if value is not None else None
    if value is not None:
        values.append(value)
print(values)
assert values, f"no line has {path}"
assert all(abs(value - float(expected)) <= float(tolerance) for value in values)
