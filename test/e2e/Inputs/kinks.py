"""Compares derivatives at kinks with PyTorch's: kinks.py DUMP."""

import sys

import safetensors

EXPECTED = {
    "relu_0": 0,  # torch.relu
    "abs_0": 0,  # torch.abs
    "max_a": 0.5,  # torch.maximum
    "max_b": 0.5,
    "min_a": 0.5,  # torch.minimum
    "min_b": 0.5,
    "clamp_low": 1,  # torch.clamp
    "clamp_high": 1,
    "max_number": 1,
    "min_number": 1,
    "leaky_0": 0.55,  # torch.maximum(x, 0.1 * x)
    "step_0": 2,  # torch.where
}

_, tensors = safetensors.read(sys.argv[1])
plain = tensors["grad.plain.b"]
assert max(map(abs, plain)) > 1e-6, plain
for name, derivative in EXPECTED.items():
    gradient = tensors[f"grad.{name}.b"]
    worst = max(abs(g - derivative * p) for g, p in zip(gradient, plain))
    assert worst < 1e-14, f"{name}: the gradient is {gradient}, not {derivative} times {plain}"
print(f"{len(EXPECTED)} kinks as PyTorch has them")
