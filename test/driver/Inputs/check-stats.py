"""Recomputes what `hashc table stats --json` says from the tables: check-stats.py [TEXT] < STATS.json

TEXT, of byte tokens, is the data; without it only what needs none is compared.
"""

import collections
import itertools
import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "e2e" / "Inputs"))
import safetensors

stats = json.load(sys.stdin)
counts = collections.Counter(open(sys.argv[1], "rb").read()) if len(sys.argv) > 1 else None
rows = {}
for said in stats["tables"]:
    entries, k, experts = safetensors.read(said["table"])[1]["tid2eid"], said["k"], said["experts"]
    table = [entries[i * k : (i + 1) * k] for i in range(said["vocab"])]
    rows[said["table"]] = (table, experts)
    ids = collections.Counter(entries)
    assert said["ids_per_expert"] == {"min": min(ids[e] for e in range(experts)), "max": max(ids.values())}
    assert said["max_over_mean"] >= said["bound"] - 1e-9 >= 1 - 1e-9
    if not counts:
        continue
    load = [0] * experts
    for i, row in enumerate(table):
        for expert in row:
            load[expert] += counts[i]
    total = sum(load)
    frequent = sorted(range(len(table)), key=lambda i: (-counts[i], i))[:100]
    pairs = sum(set(table[a]) == set(table[b]) for a, b in itertools.combinations(frequent, 2))
    assert said["load"] == load and said["dead_experts"] == load.count(0)
    assert math.isclose(said["max_over_mean"], max(load) * experts / total)
    assert math.isclose(said["bound"], max(1, max(counts.values()) / (total / k) * experts / k))
    assert math.isclose(said["entropy_bits"], -sum(n / total * math.log2(n / total) for n in load if n))
    assert said["collisions"]["ids"] == 100 and said["collisions"]["pairs"] == pairs
    assert math.isclose(said["collisions"]["expected"], 100 * 99 / 2 / math.comb(experts, k))
for pair in stats["pairs"]:
    (a, experts), (b, _) = (rows[name] for name in pair["tables"])
    common = sum(len(set(x) & set(y)) for x, y in zip(a, b)) / sum(len(x) for x in a)
    assert math.isclose(pair["agreement"], common) and math.isclose(pair["expected"], len(a[0]) / experts)
assert len(stats["tables"]) == 1 or len(stats["pairs"]) == 1
print(f"{len(rows)} tables as said")
