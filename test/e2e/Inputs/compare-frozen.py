"""Compares two checkpoints of frozen.hash: python3 compare-frozen.py BEFORE AFTER."""

import os
import sys

import safetensors

before = safetensors.read(os.path.join(sys.argv[1], "model.safetensors"))[1]
after = safetensors.read(os.path.join(sys.argv[2], "model.safetensors"))[1]
moments = safetensors.read(os.path.join(sys.argv[2], "optimizer.safetensors"))[1]
frozen = {"linear.w", "attention.wq", "attention.wk", "attention.wv", "attention.wo"}
for name in before:
    if name.startswith("@"):
        continue
    assert (before[name] == after[name]) == (name in frozen), name
    for moment in ("moment1:", "moment2:"):
        assert (moment + name in moments) == (name not in frozen), name
