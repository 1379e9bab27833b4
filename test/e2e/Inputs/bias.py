"""Checks the router's bias of a checkpoint, in units of its rate: bias.py FILE RATE STEPS [EXPECTED...].

Each step moves an expert's bias by one rate or not at all, and nothing else does."""

import sys

import safetensors

path, rate, steps, *expected = sys.argv[1:]
_, tensors = safetensors.read(path)
moved = [value / float(rate) for value in tensors["ffn.b_router"]]
print(moved)
assert all(abs(value - round(value)) < 1e-9 and abs(value) <= int(steps) + 1e-9 for value in moved)
assert any(moved) and not any("b_router" in name for name in tensors if name.startswith("moment"))
assert not expected or [round(value) for value in moved] == [int(word) for word in expected]
