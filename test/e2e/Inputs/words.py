"""Writes a text of many different words, for tokenizers that learn: words.py FILE."""

import random
import sys

rng = random.Random(2)
syllables = [c + v + e for c in "bdfgklmnprstvz" for v in "aeiou" for e in ("", "n", "r", "s", "l")]
words = ["".join(rng.choice(syllables) for _ in range(rng.randint(1, 3))) for _ in range(4000)]
with open(sys.argv[1], "w") as out:
    for _ in range(3000):
        out.write(" ".join(words[int(rng.paretovariate(0.7)) % 4000] for _ in range(9)) + ".\n")
