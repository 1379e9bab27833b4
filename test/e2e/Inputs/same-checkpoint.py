"""Fails unless the newest checkpoints of two run folders hold the same files with the same bytes."""

import pathlib
import sys


def newest(folder):
    """The tensors of the newest checkpoint of a run: {file name: bytes}."""
    candidates = sorted({p.resolve() for p in pathlib.Path(folder).rglob("*.safetensors")})
    assert candidates, f"no checkpoint in {folder}"
    newest_folder = max(p.parent for p in candidates)
    return {p.name: p.read_bytes() for p in candidates if p.parent == newest_folder}


a, b = newest(sys.argv[1]), newest(sys.argv[2])
assert sorted(a) == sorted(b), (sorted(a), sorted(b))
for name in a:
    assert a[name] == b[name], f"{name} differs"
print(f"{len(a)} files, {sum(map(len, a.values()))} bytes, all the same")
