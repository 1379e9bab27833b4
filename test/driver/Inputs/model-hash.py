"""Compares models by the hash that their modules carry: model-hash.py HASHC SPEC.

Each change is a -D value or a replacement in the spec's text.
"""

import pathlib
import re
import subprocess
import sys

SAME = ["-D steps=7", "-D batch=3", "-D precision=bf16", "-D precision=f64", "-D rate=0.25", "-D rate=0",
        "-D documents=joined", ("by_hash", "r"), ("// A", "// B"), ("act = squash", "act = other"),
        ("seed = 1", "seed = 2"), ("'corpus.txt'", "'other.txt'")]
OTHER = ["-D width=6", ("gelu", "relu"), ("% 5", "* 3 % 5"), ("hash(token", "hash(prev(token)"), ("return 2 *", "return 3 *"),
         ("positions(8)", "1"), ("heads = 2", "heads = 4"), ("tied = true", "tied = false"), ("eps = 1e-5", "eps = 1e-3"),
         ("context = 12", "context = 13"), ("let g = h", "let g = x")]


def get_hash(hashc, text, *defines):
    run = subprocess.run([hashc, "-", "--emit=hash", *defines], input=text, stdout=subprocess.PIPE, text=True)
    found = re.search(r'hash.model_hash = "([0-9a-f]{16})"', run.stdout)
    if run.returncode != 0 or not found:
        sys.exit(f"no hash with {defines}:\n{text}")
    return found[1]


def main(hashc, spec):
    text = pathlib.Path(spec).read_text()
    base = get_hash(hashc, text)
    for changes, same in ((SAME, True), (OTHER, False)):
        for change in changes:
            if isinstance(change, str):
                found = get_hash(hashc, text, *change.split())
            else:
                old, new = (part.replace("'", '"') for part in change)
                assert old in text, old
                found = get_hash(hashc, text.replace(old, new))
            if (found == base) != same:
                sys.exit(f"{change}: the hash is {'another' if same else 'the same'}")
    print("all as expected")


main(*sys.argv[1:])
