"""Checks what `eval --json --losses` says of a byte model against the text it scored: CORPUS JSON TSV RUN CONTEXT."""

import json
import math
import pathlib
import struct
import sys

corpus, report, losses, run, context = sys.argv[1:]
context = int(context)
text = pathlib.Path(corpus).read_bytes()
split = len(text) - int(0.1 * len(text))
while split < len(text) and text[split] & 0xC0 == 0x80:
    split += 1
train, valid = text[:split], text[split:]
report = json.load(open(report))


def close(a, b):
    assert math.isclose(a, b, rel_tol=1e-6), (a, b)


# Every token but the first of the data and of a document, in order.
starts, at = {0}, 0
while (at := valid.find(b"<|endoftext|>", at)) >= 0:
    at += len(b"<|endoftext|>")
    starts.add(at)
scored = [i for i in range(len(valid)) if i not in starts]
lines = open(losses).read().splitlines()
assert lines[0] == "window\tplace\ttoken\tloss"
rows = [line.split("\t") for line in lines[1:]]
assert [int(w) * context + int(p) + 1 for w, p, _, _ in rows] == scored, "not the scored tokens in order"
assert [int(token) for _, _, token, _ in rows] == [valid[i] for i in scored]
values = [float(loss) for *_, loss in rows]
assert report["targets"] == len(scored) and report["stride"] == report["context"] == context
close(report["loss"], sum(values) / len(values))

# Bands: counts of the inputs of the training windows.
counts = [0] * 256
for byte in train[: (len(train) - 1) // context * context]:
    counts[byte] += 1
before, band_of = 0, [4] * 256
for byte in sorted(range(256), key=lambda b: (-counts[b], b)):
    if counts[byte]:
        band_of[byte] = sum(before / sum(counts) >= limit for limit in (0.5, 0.75, 0.9))
    before += counts[byte]
assert report["frequency"]["counted"] == "the training data"
for index, band in enumerate(report["frequency"]["bands"]):
    own = [loss for i, loss in zip(scored, values) if band_of[valid[i]] == index]
    assert (band["ids"], band["tokens"]) == (band_of.count(index), len(own)), band
    if own:
        close(band["loss"], sum(own) / len(own))
        close(band["perplexity"], math.exp(band["loss"]))

# Experts: the table that the checkpoint has, by the token before the scored one.
model = next(pathlib.Path(run).glob("step-*/model.safetensors")).read_bytes()
(size,) = struct.unpack_from("<Q", model)
begin, end = json.loads(model[8 : 8 + size])["@by_token"]["data_offsets"]
table = struct.unpack_from(f"<{(end - begin) // 4}i", model, 8 + size + begin)
(router,) = report["routers"]
for expert, share in enumerate(router["scored"]):
    own = [loss for i, loss in zip(scored, values) if table[valid[i - 1]] == expert]
    assert share["tokens"] == len(own), (expert, share, len(own))
    if own:
        close(share["loss"], sum(own) / len(own))
print(f"{len(scored)} losses, {len(router['scored'])} experts")
