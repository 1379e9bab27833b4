"""Writes a routing table as safetensors: make-table.py FILE i32|i64 ROWS EXPERTS [VALUE] [--top N]."""

import argparse
import json
import struct

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("path")
parser.add_argument("dtype", choices=["i32", "i64"])
parser.add_argument("rows", type=int)
parser.add_argument("experts", type=int)
parser.add_argument("value", type=int, nargs="?", help="of every entry; 7 * row + 3 * column otherwise")
parser.add_argument("--top", type=int, default=1)
args = parser.parse_args()
entries = [args.value if args.value is not None else (7 * row + 3 * column) % args.experts
           for row in range(args.rows) for column in range(args.top)]
data = struct.pack(f"<{len(entries)}{'q' if args.dtype == 'i64' else 'i'}", *entries)
header = {"tid2eid": {"dtype": args.dtype.upper(), "shape": [args.rows, args.top], "data_offsets": [0, len(data)]}}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(args.path, "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + data)
