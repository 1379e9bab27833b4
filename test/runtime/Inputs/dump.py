"""Checks a batch that `check --dump` wrote: python3 dump.py FILE TABLE LAYER [RUN].

Masked rows and the ends of documents are there, the table says every row's expert, rows that are
not scored have no loss; with RUN, a folder of train, the parameters and the table are those of its
latest checkpoint.
"""

import json
import struct
import sys

FORMATS = {"F64": "d", "F32": "f", "I32": "i", "I64": "q", "U8": "B"}


def load(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__")
    return {name: memoryview(data)[8 + length + entry["data_offsets"][0]:8 + length + entry["data_offsets"][1]]
            .cast(FORMATS[entry["dtype"]]).tolist() for name, entry in header.items()}


def main():
    dump = load(sys.argv[1])
    table, experts = dump["@" + sys.argv[2]], dump["experts." + sys.argv[3]]
    rows = list(zip(dump["tokens"], dump["targets"], dump["starts"], experts, dump["losses"]))
    assert any(token < 0 for token, *_ in rows), "no masked row"
    assert any(start > 0 for _, _, start, *_ in rows), "no document ends inside a window"
    for token, target, _, expert, loss in rows:
        assert expert == (-1 if token < 0 else table[token]), (token, expert)
        assert (loss == 0) == (target < 0), (target, loss)
    params = {name: values for name, values in dump.items() if name.startswith("param.")}
    assert params and all("grad." + name[len("param."):] in dump for name in params)
    if len(sys.argv) > 4:
        with open(sys.argv[4] + "/latest") as file:
            checkpoint = load(f"{sys.argv[4]}/{file.read().strip()}/model.safetensors")
        assert checkpoint["@" + sys.argv[2]] == table, "another table"
        for name, values in params.items():
            assert checkpoint[name[len("param."):]] == values, name


main()
