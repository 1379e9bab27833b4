"""Writes a routing table as safetensors: make-table.py FILE i32|i64 ROWS EXPERTS [VALUE|bf16]."""

import json
import struct
import sys

path, dtype, rows, experts = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
entries = [int(sys.argv[5])] * rows if len(sys.argv) > 5 else [7 * row % experts for row in range(rows)]
data = struct.pack(f"<{rows}{'q' if dtype == 'i64' else 'i'}", *entries)
header = {"tid2eid": {"dtype": dtype.upper(), "shape": [rows, 1], "data_offsets": [0, len(data)]}}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(path, "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + data)
