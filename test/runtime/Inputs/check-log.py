"""Checks a training log: check-log.py LOG STEPS EVERY. One object a step and one an evaluation, in order."""

import json
import math
import sys

steps, every = int(sys.argv[2]), int(sys.argv[3])
text = open(sys.argv[1]).read()
assert text.endswith("\n")
records = [json.loads(line) for line in text.splitlines()]
expected = []
for step in range(1, steps + 1):
    expected.append((step, False))
    if step % every == 0 or step == steps:
        expected.append((step, True))
assert [(r["step"], "valid_loss" in r) for r in records] == expected
tokens = 0
for record in records:
    if "valid_loss" in record:
        assert list(record) == ["step", "valid_loss", "valid_ppl"], record
        assert math.isclose(math.exp(record["valid_loss"]), record["valid_ppl"])
    else:
        assert list(record) == ["step", "loss", "lr", "tokens", "tokens_per_s", "grad_norm"], record
        assert record["tokens"] > tokens and record["tokens_per_s"] > 0 and record["grad_norm"] > 0
        tokens = record["tokens"]
print(len(records), "records")
