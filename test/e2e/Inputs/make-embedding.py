"""Writes embeddings in groups as safetensors: make-embedding.py FILE ROWS FEATURES."""

import json
import random
import struct
import sys

rows, features = int(sys.argv[2]), int(sys.argv[3])
draw = random.Random(0)
centers = [[draw.gauss(0, 1) for _ in range(features)] for _ in range(7)]
values = [center + draw.gauss(0, 0.3) for _ in range(rows) for center in draw.choice(centers)]
data = struct.pack(f"<{rows * features}f", *values)
header = {"embedding": {"dtype": "F32", "shape": [rows, features], "data_offsets": [0, len(data)]}}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(sys.argv[1], "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + data)
