#!/usr/bin/env python3
"""Checks lookups against definitions.

    lookups.py keys DUMP         the keys of a dump of lookups.hash
    lookups.py same DUMP DUMP    two dumps have the same losses, parameters and gradients
    lookups.py step DENSE SPARSE TABLE RATE EPS   a step of row-wise AdaGrad; both are runs of one step from the same
                                 weights, in DENSE the table is an embedding, whose gradient is AdamW's first moment
    lookups.py weights RUN RUN   two runs end with the same parameters
    lookups.py untouched RUN     rows of tables that were not read have the bits they began with
"""

import math
import sys

import safetensors

PRIMES = [p for p in range(200, 400) if all(p % d for d in range(2, p))]


def check_keys(path):
    metadata, dump = safetensors.read(path)
    window, bos = int(metadata["window"]), int(metadata["bos"])
    tokens, starts, experts = dump["tokens"], dump["starts"], dump["experts.hash_ffn"]
    live = 0
    for row, token in enumerate(tokens):
        if token < 0:
            assert experts[row] == -1, row
            continue
        before = [tokens[row - n] if row % window - n >= starts[row] else bos for n in (1, 2)]
        # Python's integers have no end: the language's are 64 bits.
        mixed = (token * -7 ^ before[0] * 31 ^ before[1] * 0x5851F42D) & (1 << 64) - 1
        signed = mixed - (1 << 64) if mixed >> 63 else mixed
        assert signed < 0
        assert experts[row] == signed % PRIMES[5], (row, experts[row])
        live += 1
    assert live > 20 and len(set(experts)) > 15
    print(live, "keys")


def compare(name, a, b, allowed):
    assert len(a) == len(b), name
    scale = max(map(abs, a + b)) or 1
    worst = max(abs(x - y) for x, y in zip(a, b)) / scale
    assert worst <= allowed, (name, worst)


def check_same(first, second):
    a, b = safetensors.read(first)[1], safetensors.read(second)[1]
    assert set(a) == set(b)
    for name in a:
        compare(name, a[name], b[name], 1e-12)
    assert any(name.startswith("grad.") for name in a)
    print(len(a), "tensors")


def rows_of(values, count):
    width = len(values) // count
    return [values[i * width : (i + 1) * width] for i in range(count)]


def check_step(dense, sparse, table, rate, eps):
    def read(run, file):
        return safetensors.read(f"{run}/step-{file}.safetensors")[1]

    start, after = read(sparse, "000000/model")[table], read(sparse, "000001/model")[table]
    assert start == read(dense, "000000/model")[table]
    sums = read(sparse, "000001/optimizer")["moment2:" + table]
    assert "moment1:" + table not in read(sparse, "000001/optimizer")
    gradient = [m / (1 - 0.9) for m in read(dense, "000001/optimizer")["moment1:" + table]]
    read_rows = 0
    for k, (p, q, g) in enumerate(zip(*(rows_of(v, len(sums)) for v in (start, after, gradient)))):
        if not any(g):
            assert p == q and sums[k] == 0, k
            continue
        read_rows += 1
        mean = sum(x * x for x in g) / len(g)
        assert math.isclose(sums[k], mean, rel_tol=1e-9), (k, sums[k], mean)
        want = [x - rate * y / (math.sqrt(mean) + eps) for x, y in zip(p, g)]
        compare(k, q, want, 1e-9)
    assert 5 < read_rows < len(sums) - 5, read_rows
    # What else there is was updated alike: the clip is that of the same norm.
    a, b = read(dense, "000001/model"), read(sparse, "000001/model")
    for name in a:
        if name != table and not name.startswith("@"):
            compare(name, a[name], b[name], 1e-9)
    print(read_rows, "rows")


def check_weights(first, second):
    a, b = (safetensors.read(safetensors.newest(run, "model.safetensors"))[1] for run in (first, second))
    assert a == b
    print(len(a), "tensors")


def check_untouched(run):
    start = safetensors.read(f"{run}/step-000000/model.safetensors")[1]
    after = safetensors.read(safetensors.newest(run, "model.safetensors"))[1]
    state = safetensors.read(safetensors.newest(run, "optimizer.safetensors"))[1]
    touched = untouched = 0
    for name, values in start.items():
        sums = state.get("moment2:" + name)
        if sums is None or "moment1:" + name in state:
            continue
        for s, p, q in zip(sums, rows_of(values, len(sums)), rows_of(after[name], len(sums))):
            assert (p == q) == (s == 0), name
            touched += s != 0
            untouched += s == 0
    assert touched > 100 and untouched > 100
    print(touched, "rows touched,", untouched, "not")


command, *arguments = sys.argv[1:]
if command == "keys":
    check_keys(*arguments)
elif command == "same":
    check_same(*arguments)
elif command == "step":
    check_step(*arguments[:3], *map(float, arguments[3:]))
elif command == "weights":
    check_weights(*arguments)
else:
    check_untouched(*arguments)
