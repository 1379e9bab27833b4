"""Reads `eval --json` and fails unless one expert has every token: only-expert.py EXPERT."""

import json
import sys

for router in json.load(sys.stdin)["routers"]:
    busy = [expert for expert, count in enumerate(router["load"]) if count]
    print(router["path"], busy)
    assert busy == [int(sys.argv[1])], busy
