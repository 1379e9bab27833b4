"""Makes one checkpoint from others, to test what must not change a model's loss.

    checkpoint.py replicate DENSE HASHED OUT   every expert gets the dense layer's weights; a gate keeps its own
    checkpoint.py parts DENSE HASHED OUT       every expert gets its part of the dense layer's columns
    checkpoint.py ungate PLAIN GATED OUT       the weights of the layer without a gate, and logits that are all 0
    checkpoint.py permute HASHED OUT           experts and table entries are renumbered together
    checkpoint.py zero RUN OUT ENDING          weights whose name ends like this are 0
"""

import json
import pathlib
import random
import struct
import sys


def load(run):
    """Header and tensors ({name: bytes}) of a run's newest model."""
    path = sorted(pathlib.Path(run).rglob("model.safetensors"))[-1]
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header, payload = json.loads(data[8 : 8 + size]), data[8 + size :]
    tensors = {}
    for name, info in header.items():
        if name != "__metadata__":
            begin, end = info["data_offsets"]
            tensors[name] = payload[begin:end]
    return header, tensors


def save(path, header, tensors):
    offset = 0
    for name, data in tensors.items():
        header[name]["data_offsets"] = [offset, offset + len(data)]
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(tensors.values()))


def checksum(data):
    """FNV-1a, 64 bits."""
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"


def replicate(dense, hashed, out):
    _, source = load(dense)
    header, tensors = load(hashed)
    for name in tensors:
        if name in source and not name.startswith("@"):
            tensors[name] = source[name] * (len(tensors[name]) // len(source[name]))
    save(out, header, tensors)


def parts(dense, hashed, out):
    _, source = load(dense)
    header, tensors = load(hashed)
    for name in tensors:
        if not name.startswith("@"):
            experts, width = header[name]["shape"][0], 8 * header[name]["shape"][-1]
            rows = [source[name][at : at + experts * width] for at in range(0, len(source[name]), experts * width)]
            routed = len(header[name]["shape"]) == 3 or ".b_" in name
            tensors[name] = source[name] if not routed else \
                b"".join(row[e * width : (e + 1) * width] for e in range(experts) for row in rows)
    save(out, header, tensors)


def ungate(plain, gated, out):
    _, source = load(plain)
    header, tensors = load(gated)
    for name in tensors:
        tensors[name] = source.get(name, bytes(len(tensors[name])))
    save(out, header, tensors)


def permute_columns(data, count, order):
    """The columns of a matrix of 8-byte numbers: column e becomes order[e]."""
    rows = [struct.unpack(f"<{count}d", data[i : i + 8 * count]) for i in range(0, len(data), 8 * count)]
    place = sorted(range(count), key=lambda e: order[e])
    return b"".join(struct.pack(f"<{count}d", *(row[e] for e in place)) for row in rows)


def permute(hashed, out):
    header, tensors = load(hashed)
    metadata = header["__metadata__"]
    table = next((n for n in tensors if n.startswith("@") and n not in ("@tokenizer", "@token.counts")), None)
    # Where activations choose there is no table.
    groups = int(metadata[f"table.{table[1:]}.groups"]) if table else header["ffn.w_router"]["shape"][-1]
    order = list(range(groups))  # expert e becomes order[e]
    random.Random(5).shuffle(order)
    if table:
        permute_table(metadata, header, tensors, table, groups, order)
    for name, data in tensors.items():
        if name.endswith("ffn.w_router"):
            tensors[name] = permute_columns(data, groups, order)
        elif ".ffn." in name or name.startswith("ffn."):
            size = len(data) // groups
            parts = [None] * groups
            for expert in range(groups):
                parts[order[expert]] = data[expert * size : (expert + 1) * size]
            tensors[name] = b"".join(parts)
    save(out, header, tensors)


def permute_table(metadata, header, tensors, table, groups, order):
    entries = struct.unpack(f"<{len(tensors[table]) // 4}i", tensors[table])
    tensors[table] = struct.pack(f"<{len(entries)}i", *(order[e] for e in entries))
    algorithm = metadata[f"table.{table[1:]}"].split()[0]
    shape = header[table]["shape"]
    metadata[f"table.{table[1:]}"] = f"{algorithm} " + checksum(struct.pack("<3q", shape[0], groups, shape[1]) + tensors[table])


def zero(run, out, ending):
    header, tensors = load(run)
    for name in tensors:
        if name.endswith(ending):
            tensors[name] = bytes(len(tensors[name]))
    save(out, header, tensors)


{"replicate": replicate, "parts": parts, "ungate": ungate, "permute": permute, "zero": zero}[sys.argv[1]](*sys.argv[2:])
