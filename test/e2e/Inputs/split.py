"""Ends a document after every ten to twenty lines: split.py LINES OUT."""

import random
import sys

rng, lines = random.Random(3), open(sys.argv[1]).read().splitlines()
with open(sys.argv[2], "w") as out:
    while lines:
        n = rng.randint(10, 20)
        out.write("\n".join(lines[:n]) + "<|endoftext|>")
        lines = lines[n:]
