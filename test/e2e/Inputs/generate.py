"""Checks how a model continues texts, greedily: generate.py MODEL RUN places|free."""

import subprocess
import sys

WINDOW, SEPARATOR = 48, "<|endoftext|>"
model, run, free = sys.argv[1], sys.argv[2], sys.argv[3] == "free"


def generate(prompt, tokens):
    command = [model, "generate", "--ckpt", run, "--prompt", prompt, "--tokens", str(tokens), "--temperature", "0"]
    out = subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "replace")
    assert out.startswith(prompt) and out.endswith("\n"), out
    return out[:-1]


text = generate("Ada ", 110)
assert len(text) == 114 and len(set(text)) > 8, text

# The end of the prompt leaves no trace, whatever the routers look back to.
for cut in (4, 5, 17, 30):
    assert generate(text[:cut], 12) == text[: cut + 12], (cut, text)

# A full window begins anew with its last half: then the text before has no influence.
half = WINDOW // 2
assert generate(text[half : WINDOW + 1], half - 1) == text[half : WINDOW + half], text
# It is continued from there until the window is full once more.
assert generate(text[2 * half : 3 * half + 1], half - 1) == text[2 * half : 4 * half], text
# Of a prompt that is too long the end counts.
assert generate("x" * 50 + text[:WINDOW], 1) == "x" * 50 + text[: WINDOW + 1]

if free:
    # Another document before it has no influence, also when the window begins anew.
    for other in ("Q", "some other text", "zzzz" * 4):
        before = other + SEPARATOR
        n = WINDOW - len(before) - 4
        assert generate(before + "Ada ", n) == before + text[: n + 4], other
    tail = generate("ab" + SEPARATOR + text[:30], 12)
    assert tail == "ab" + SEPARATOR + text[:42], tail

assert generate("", 5) and generate("", 0) == ""
assert generate("é中\x01", 3)
print(text)
