"""Copies a safetensors file without one of its tensors: FILE NAME COPY."""

import json
import struct
import sys

path, dropped, copy = sys.argv[1:]
data = open(path, "rb").read()
(size,) = struct.unpack_from("<Q", data)
header = json.loads(data[8 : 8 + size])
begin, end = header.pop(dropped)["data_offsets"]
for name, info in header.items():
    if name != "__metadata__" and info["data_offsets"][0] >= end:
        info["data_offsets"] = [offset - (end - begin) for offset in info["data_offsets"]]
text = json.dumps(header).encode()
payload = data[8 + size :]
open(copy, "wb").write(struct.pack("<Q", len(text)) + text + payload[:begin] + payload[end:])
