"""Compares runs of init.hash.

    compare-init.py BEFORE AFTER              AFTER has taken no step, and began with parts of BEFORE
    compare-init.py --baseline BEFORE AFTER   AFTER's baseline is BEFORE, and its own weights are others
    compare-init.py --all BEFORE AFTER        both have the same weights
    compare-init.py --tokenizers A B C        C has the tokenizer of A, and B another one
"""

import sys

import safetensors

mode = [word for word in sys.argv[1:] if word.startswith("--")]
read = [safetensors.read(safetensors.newest(run, "model.safetensors")) for run in sys.argv[1 + len(mode):]]


def find_source(name):
    """What a weight begins with, or None."""
    if name.startswith("baseline."):
        return name.removeprefix("baseline.")
    if "--baseline" in mode:
        return None
    if name.startswith("blocks[1]."):
        return name.replace("[1]", "[0]")
    return name if name.startswith("blocks[0].") and ".w" in name else None


if "--tokenizers" in mode:
    first, second, third = (metadata["tokenizer_checksum"] for metadata, _ in read)
    assert third == first != second, (first, second, third)
    sys.exit()
(_, before), (_, after) = read
if "--all" in mode:
    assert before == after
    sys.exit()
same = 0
for name, values in after.items():
    if name.startswith("@"):
        continue
    source = find_source(name)
    if source:
        assert values == before[source], name
        same += 1
    else:
        assert name not in before or values != before[name], name
print(same, "weights are the same")
