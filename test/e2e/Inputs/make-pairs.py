"""Writes pairs to learn, words and the same words turned around: make-pairs.py FILE [LINES]."""

import random
import sys

WORDS = "red blue green one two three cat dog bird sun moon star".split()
lines = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
rng = random.Random(1)
with open(sys.argv[1], "w") as out:
    for _ in range(lines):
        words = [rng.choice(WORDS) for _ in range(rng.randint(1, 5))]
        out.write(" ".join(words) + "\t" + " ".join(reversed(words)) + "\n")
