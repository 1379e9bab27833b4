"""Writes a text of documents, some shorter than a window, with bytes of every kind: documents.py FILE CHARACTERS."""

import random
import sys

rng = random.Random(4)
letters = "abcdefgh ijkl.\néßЖ中"
parts, size = [], int(sys.argv[2])
while sum(map(len, parts)) < size:
    parts.append("".join(rng.choice(letters) for _ in range(rng.choice([1, 2, 7, 11, 12, 13, 40]))))
with open(sys.argv[1], "w", newline="") as out:
    out.write("<|endoftext|>".join(parts)[:size])
