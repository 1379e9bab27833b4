"""Writes the seeds of each fuzz target into a folder of its name: make-seeds.py FOLDER."""

import json
import pathlib
import re
import struct
import sys

ROOT = pathlib.Path(__file__).parents[2]


def safetensors(tensors, metadata):
    """`tensors`: name -> (dtype, shape, bytes)."""
    header, data = {"__metadata__": metadata}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def fnv64(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


def checkpoint():
    """The files that FuzzCheckpoint.cpp reads."""
    weights = struct.pack("<4f", 1, 2, 3, 4)
    entries = struct.pack("<4i", 0, 1, 1, 0)
    checksum = fnv64(struct.pack("<3q", 4, 2, 1) + entries)
    run = {"format": "hashc", "format_version": "1", "spec_hash": "0123456789abcdef", "step": "1"}
    model = safetensors(
        {"w": ("F32", [2, 2], weights), "@t": ("I32", [4, 1], entries)},
        run | {"model": "m", "spec": "m.hash", "vocab": "256", "tokenizer": "bytes",
               "table.t": "random " + checksum, "table.t.groups": "2", "table.t.seed": "7",
               "model_hash": "0123456789abcdef"})
    optimizer = safetensors({f"moment{i}:w": ("F32", [2, 2], weights) for i in (1, 2)}, run)
    state = json.dumps({"step": 1, "tokens": 16, "steps": 10, "batch": 2, "train_windows": 3, "lr": 1e-3,
                        "init_seed": 0, "data_seed": 0, "data": "a.txt", "valid": ""})
    log = "".join(f'{{"step":{i},"loss":1.5}}\n' for i in range(1, 6))
    return model, optimizer, state.encode(), b"step-000001\n", log.encode()


def specs():
    """Every spec of the examples and tests, with the values its RUN line defines on top."""
    for path in [*ROOT.glob("examples/*.hash"), *ROOT.glob("test/**/*.hash")]:
        text = path.read_text()
        defines = re.findall(r"-D (\S+=\S+)", text)
        yield "".join(f"//-D {define}\n" for define in defines) + text


def main(folder):
    def write(target, seeds):
        out = folder / target
        out.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            (out / f"seed-{number:03}").write_bytes(seed)

    model, optimizer, state, latest, log = checkpoint()
    write("fuzz-frontend", [spec.encode() for spec in specs()])
    write("fuzz-checkpoint", [b"<end-of-file>".join([model, optimizer, state, latest, log])])
    write("fuzz-safetensors", [model, optimizer, safetensors({"t": ("I64", [4], struct.pack("<4q", 0, 1, 2, 0))}, {})])
    ids = struct.pack("<12I", *range(12))
    write("fuzz-tokens", [ids, struct.pack("<12H", *range(12)), b"Some text,\n\nin two documents. \xc3\xa4",
                          b"hashctok" + struct.pack("<7Q", 1, 2, 3, 12, 0, 0, 0) + ids])


main(pathlib.Path(sys.argv[1]))
