"""Compares what `check --dump` wrote on two machines: compare-dumps.py A B TOLERANCE.
The tolerance is of each tensor's largest element; whole numbers must be equal."""

import array
import json
import struct
import sys

TYPES = {"F32": "f", "F64": "d", "I32": "i", "I64": "q"}


def read(dtype, data):
    if dtype == "BF16":  # the upper half of an f32
        halves = array.array("H", data)
        data = array.array("I", (half << 16 for half in halves)).tobytes()
        dtype = "F32"
    return array.array(TYPES[dtype], data)


def load(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header, payload = json.loads(file.read(size)), file.read()
    header.pop("__metadata__", None)
    return {name: read(info["dtype"], payload[slice(*info["data_offsets"])]) for name, info in header.items()}


def difference(a, b):
    """Relative to the largest element; infinite for NaN and between other whole numbers."""
    if a.typecode in "iq":
        return 0 if a == b else float("inf")
    largest = max((abs(x) for x in a), default=0) or 1
    worst = max((abs(x - y) if x == x and y == y else float("inf") for x, y in zip(a, b)), default=0)
    return worst / largest


def main(first, second, tolerance):
    a, b = load(first), load(second)
    assert a.keys() == b.keys(), a.keys() ^ b.keys()
    assert all(len(a[name]) == len(b[name]) for name in a)
    worst, name = max((difference(a[name], b[name]), name) for name in a)
    gradients = sum(name.startswith("grad.") for name in a)
    print(f"{len(a)} tensors, {gradients} of them gradients: largest difference {worst:.1e} in {name}")
    return 0 if gradients and worst <= float(tolerance) else 1


sys.exit(main(*sys.argv[1:]))
