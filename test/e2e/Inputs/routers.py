"""Compares the load of every router of gradients/routers.hash with this independent statement of the language.

    routers.py TEXT apart|joined EVAL.json TABLE.safetensors PAIRS.safetensors EMBEDDING.safetensors

TEXT is what the tables were made for (its first 95 %) and what was evaluated (all of it).
"""

import collections
import functools
import json
import random
import sys

import safetensors

WINDOW, EXPERTS, VOCAB, BOS = 12, 5, 256, 0
M = (1 << 64) - 1


def mix64(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return z ^ z >> 31


def mix(*values, seed=0):
    h = seed
    for value in values:
        h = mix64(h ^ mix64(value + 0x9E3779B97F4A7C15 & M))
    return h & M >> 1


def balanced(counts, seed=0, top=1):
    """Ids by falling count to the least loaded experts; then unseen ids to the experts with the fewest ids."""
    order = sorted((i for i in range(VOCAB) if counts[i]), key=lambda i: (-counts[i], i))
    for first in range(0, len(order) if seed else 0, EXPERTS):
        for place in range(min(first + EXPERTS, len(order)) - 1, first, -1):
            other = first + mix(place, seed=seed) % (place - first + 1)
            order[place], order[other] = order[other], order[place]
    table, load, ids = {}, [0] * EXPERTS, [0] * EXPERTS
    for i in order:
        table[i] = sorted(range(EXPERTS), key=lambda e: (load[e], e))[:top]
        for e in table[i]:
            load[e] += counts[i]
            ids[e] += 1
    for i in range(VOCAB):
        if i not in table:
            table[i] = sorted(range(EXPERTS), key=lambda e: (ids[e], e))[:top]
            for e in table[i]:
                ids[e] += 1
    return table


def draw(key, seed, top):
    """The first `top` different experts of the key's draws."""
    found, number = [], 0
    while len(found) < top:
        expert = (mix(key, number, seed=seed) if number else mix(key, seed=seed)) % EXPERTS
        found += [expert] if expert not in found else []
        number += 1
    return found


def draw_by_python(seed, top):
    """The table of the paper's authors."""
    random.seed(seed)
    rows = []
    for _ in range(VOCAB):
        row = []
        while len(row) < top:
            expert = random.randrange(0, EXPERTS)
            row += [expert] if expert not in row else []
        rows.append(row)
    return rows


def permute(size, seed):
    """A Feistel network over the next power of 4, walked until inside."""
    half = 1
    while 4 ** half < size:
        half += 1
    mask = (1 << half) - 1

    def encrypt(value):
        left, right = value >> half, value & mask
        for r in range(6):
            key = mix(0, r, seed=seed)
            left, right = right, left ^ mix64(key ^ mix64(right + 0x9E3779B97F4A7C15 & M)) & mask
        return left << half | right

    for value in map(encrypt, range(size)):
        while value >= size:
            value = encrypt(value)
        yield value


def cluster(values, seed=0):
    """Members of the clusters that k-means finds among the ids, by their features."""
    width = len(values) // VOCAB
    rows = [values[i * width : (i + 1) * width] for i in range(VOCAB)]
    centroids = [rows[i] for i in list(permute(VOCAB, seed))[:EXPERTS]]
    members = None
    for _ in range(20):
        before, members, distance = members, [[] for _ in range(EXPERTS)], []
        for i, row in enumerate(rows):
            measured = []
            for centroid in centroids:
                measured.append(0.0)
                for a, b in zip(row, centroid, strict=True):
                    measured[-1] += (a - b) ** 2
            distance.append(min(measured))
            members[measured.index(distance[i])].append(i)
        assert all(members), "the test's clusters are never empty"
        if members == before:
            break
        centroids = [[functools.reduce(lambda a, b: a + b, column) / len(ids)
                      for column in zip(*(rows[i] for i in ids))] for ids in members]
    return members


authors = draw_by_python(9, 2)
text = open(sys.argv[1], "rb").read()
apart = sys.argv[2] == "apart"
results = json.load(open(sys.argv[3]))["routers"]
from_file, pairs = (safetensors.read(path)[1]["tid2eid"] for path in sys.argv[4:6])

embedding = safetensors.read(sys.argv[6])[1]["embedding"]
clustered = {i: c for c, ids in enumerate(cluster(embedding)) for i in ids}
dispersed = {i: n % EXPERTS for n, i in enumerate(sum(cluster(embedding, seed=3), []))}

split = len(text) - int(0.05 * len(text))
while split < len(text) and text[split] & 0xC0 == 0x80:
    split += 1
counts = collections.Counter(text[: (split - 1) // WINDOW * WINDOW])
table_b, table_j, table_p = balanced(counts), balanced(counts, seed=2), balanced(counts, seed=1, top=3)
table_2 = balanced(counts, top=2)
separator, begins, at = b"<|endoftext|>", {0}, 0
while apart and (at := text.find(separator, at)) >= 0:
    at += len(separator)
    begins.add(at)


def route(at, start):
    """The expert of each routed layer, or its experts, at byte `at`, whose document begins in this window at `start`."""
    token, position, document_position = text[at], at % WINDOW, at - start

    def join(*hashes):
        """Each hash has experts of its own."""
        return [value % EXPERTS + i * EXPERTS for i, value in enumerate(hashes)]

    def prev(distance=1):
        return text[at - distance] if at - distance >= start else BOS

    # The token after; what reads it routes no row without one.
    following = -1 if at + 1 in begins else text[at + 1]
    oracle = [
        mix(following) % EXPERTS,
        mix(token, following) % EXPERTS if following > 99 else following % EXPERTS,
        table_2.get(following, []),
        join(mix(token, seed=7), mix(following)),
    ]
    if following < 0:
        oracle = [[]] * len(oracle)

    return [
        mix(token, seed=7) % EXPERTS,
        table_b[token],
        token % EXPERTS,
        mix(prev()) % EXPERTS,
        mix(token, prev()) % EXPERTS,
        position % EXPERTS,
        (position // 3 + token) % EXPERTS,
        4 if token == prev() or position < 2 else mix(prev(2), seed=3) % 4,
        mix(8, document_position) % EXPERTS,
        table_j[prev(2)],
        from_file[token],
        (token - 3 * prev(2)) % EXPERTS,
        12 % EXPERTS if document_position == 0 else abs(min(token, 99) - max(token, 100)) % EXPERTS,
        mix(document_position) % EXPERTS,
        mix(14) % EXPERTS,
        join(mix(3), mix(4)),
        draw(token, 4, 2),
        table_p[token],
        [(prev() + j) % EXPERTS for j in range(5)],
        pairs[2 * token:2 * token + 2],
        authors[token],
        clustered[token],
        dispersed[prev()],
        join(mix(token, seed=7), token),
        join(mix(prev()), position // 3 + token, table_b[token][0]),
    ] + oracle[: len(oracle) if reads_next else 0]


plain = 25
reads_next = len(results) > plain
expected = [[0] * len(result["load"]) for result in results]
start = 0
for at in range(len(text) - 1):  # the last byte is a target only
    if at % WINDOW == 0 or at in begins:
        start = at
    for layer, expert in enumerate(route(at, start)):
        for one in expert if isinstance(expert, (list, tuple)) else [expert]:
            expected[layer][one] += 1
for result, load in zip(results, expected, strict=True):
    assert result["load"] == load, f"{result['path']}: {result['load']}, but the language says {load}"
    routed = len(text) - 1 if result not in results[plain:] else len(text) - len(begins)
    assert sum(load) % routed == 0
print(f"{len(results)} routers, {len(text) - 1} tokens each, as the language says")
