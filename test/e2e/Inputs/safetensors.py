"""Reads safetensors files: what the other scripts here share."""

import json
import pathlib
import struct

CODES = {"F64": "d", "F32": "f", "I32": "i", "I64": "q"}


def read(path):
    """Metadata and tensors, flattened to lists of numbers."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header, payload = json.loads(data[8 : 8 + size]), data[8 + size :]
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, info in header.items():
        begin, end = info["data_offsets"]
        if info["dtype"] in CODES:
            code = CODES[info["dtype"]]
            tensors[name] = list(struct.unpack(f"<{(end - begin) // struct.calcsize(code)}{code}", payload[begin:end]))
    return metadata, tensors


def newest(run, file):
    """The file of a run's newest checkpoint."""
    return sorted(pathlib.Path(run).rglob(file))[-1]
