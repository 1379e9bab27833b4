"""Writes a small corpus with structure to learn: python3 make-corpus.py FILE [LINES]."""

import random
import sys

NAMES = ["Ada", "Ben", "Cleo", "Dov", "Eve"]
VERBS = ["sees", "likes", "follows", "asks"]
THINGS = ["the old mill", "a grey horse", "the river", "a quiet town", "the long road"]


def main():
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    rng = random.Random(1)
    with open(sys.argv[1], "w") as out:
        for _ in range(lines):
            out.write(f"{rng.choice(NAMES)} {rng.choice(VERBS)} {rng.choice(THINGS)}.\n")


main()
