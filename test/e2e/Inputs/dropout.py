"""Compares dropout's masks with their definition, hash.mix(seed, stream, element) >= rate * 2^63: dropout.py DUMP."""

import sys

import safetensors

M = (1 << 64) - 1


def mix64(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return z ^ z >> 31


def mix(*values):
    h = 0
    for value in values:
        h = mix64(h ^ mix64(value + 0x9E3779B97F4A7C15 & M))
    return h & M >> 1


_, tensors = safetensors.read(sys.argv[1])
for stream, (name, rate) in enumerate([("first", 0.25), ("second", 0.6)]):
    kept, live = 0, 0
    for i, (got, plain) in enumerate(zip(tensors[f"grad.{name}.b_out"], tensors["grad.plain.b_out"], strict=True)):
        keep = mix(1, stream, i) >= rate * 2**63
        assert abs(got - keep * plain / (1 - rate)) < 1e-15, (name, i)
        kept += keep and plain != 0
        live += plain != 0
    print(f"{name}: {kept} of {live} kept at rate {rate}")
    assert live >= 128 and abs(kept / live - (1 - rate)) < 0.15
