"""Checks that a test names every op that has a derivative: all-differentiable.py SOURCE TEST."""

import pathlib
import re
import sys

source, test = map(pathlib.Path, sys.argv[1:])
ops = set()
for file in (source / "dialect").glob("*.td"):
    for mnemonic, traits in re.findall(r':\s*Hash_ComputeOp<"(\w+)",(.*?)\]> {', file.read_text(), re.S):
        if "Hash_Differentiable" in traits:
            ops.add("hash." + mnemonic)
rules = re.findall(r"HASHC_RULE\((\w+)::(\w+)Op\)", (source / "dialect" / "ScalarVjp.cpp").read_text())
ops |= {f"{dialect}.{name.lower()}" for dialect, name in rules}
assert len(ops) > 25, ops
missing = sorted(op for op in ops if f"= {op} " not in test.read_text())
if missing:
    sys.exit(f"{test} has no {', '.join(missing)}")
