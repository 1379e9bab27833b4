"""Reads hashc's safetensors files: a length, a JSON header, raw bytes."""

import json
import os
import struct

import numpy as np
import torch

DTYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "U8": np.uint8,
}


def load(path):
    """Returns (tensors by name, metadata) of a safetensors file."""
    data = np.fromfile(path, np.uint8)
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8:8 + length].tobytes())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[8 + length + begin:8 + length + end].view(np.uint8).tobytes()
        array = np.frombuffer(bytearray(raw), DTYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array)
    return tensors, metadata


def find_checkpoint(path):
    """The model file of a run's folder (its latest checkpoint), of a checkpoint, or the file itself."""
    if os.path.isfile(path):
        return path
    latest = os.path.join(path, "latest")
    if os.path.isfile(latest):
        with open(latest) as file:
            path = os.path.join(path, file.read().strip())
    return os.path.join(path, "model.safetensors")


def load_checkpoint(path):
    """Returns (parameters, tables [ids], metadata) of a checkpoint."""
    tensors, metadata = load(find_checkpoint(path))
    tables = {name[1:]: flatten(t) for name, t in tensors.items() if name[0] == "@" and name != "@tokenizer"}
    return {name: t for name, t in tensors.items() if name[0] != "@"}, tables, metadata


def flatten(table):
    """A table [ids, 1] as int64 [ids]."""
    if table.shape[1] != 1:
        raise SystemExit(f"error: a table of {table.shape[1]} experts a token; the examples have one")
    return table[:, 0].long()


def take(tensors, prefix):
    """The tensors under a prefix, without it."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
