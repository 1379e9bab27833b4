"""Checks how a model continues texts, greedily: generate.py MODEL RUN texts|documents."""

import subprocess
import sys

WINDOW, SEPARATOR = 48, "<|endoftext|>"
model, run, kind = sys.argv[1:]


def generate(prompt, tokens):
    command = [model, "generate", "--ckpt", run, "--prompt", prompt, "--tokens", str(tokens), "--temperature", "0"]
    out = subprocess.run(command, check=True, capture_output=True).stdout.decode("latin-1")
    assert out.startswith(prompt) and out.endswith("\n"), out
    return out[:-1]


if kind == "documents":
    # Another document before it has no influence, also when the window begins anew.
    text = generate("Ada ", 24)
    assert text != generate("Adb ", 24) and len(set(text)) > 4, text
    for other in ("Q", "some other text", "z" * 20):
        before = other + SEPARATOR
        assert generate(before + "Ada ", 24) == before + text, other
        assert generate(other + "Ada ", 24) != other + text, other
    sys.exit()

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

assert generate("", 5) and generate("", 0) == ""
print(text)
