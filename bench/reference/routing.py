"""Routing and the order of the data, from docs/runtime-formats.md and the language's definitions.

Plain Python on integers, so that nothing of hashc's own code is trusted.
"""

MASK = (1 << 64) - 1


def mix64(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def bits(state, value):
    return mix64(state ^ mix64(value + 0x9E3779B97F4A7C15 & MASK))


def mix(*values, seed=0):
    """hash(...) of the language."""
    for value in values:
        seed = bits(seed, value & MASK)
    return seed & (1 << 63) - 1


def permutation(size, seed, epoch):
    """The windows' order in one epoch: a Feistel network, walked until inside."""
    half = 1
    while 1 << 2 * half < size:
        half += 1
    keys = [mix(epoch, r, seed=seed) for r in range(6)]

    def encrypt(value):
        left, right = value >> half, value & (1 << half) - 1
        for key in keys:
            left, right = right, left ^ bits(key, right) & (1 << half) - 1
        return left << half | right

    order = []
    for value in range(size):
        value = encrypt(value)
        while value >= size:
            value = encrypt(value)
        order.append(value)
    return order


def balanced_table(counts, experts):
    """Greedy by count, then the ids without a count to the experts that hold the fewest ids."""
    load, held, table = [0] * experts, [0] * experts, {}
    seen = sorted((i for i, count in enumerate(counts) if count), key=lambda i: (-counts[i], i))
    for i in seen + [i for i, count in enumerate(counts) if not count]:
        measure = load if counts[i] else held
        table[i] = min(range(experts), key=lambda e: (measure[e], e))
        load[table[i]] += counts[i]
        held[table[i]] += 1
    return [table[i] for i in range(len(counts))]


def streams(tokens, starts, window, bos):
    """(token, token before it, position in the document) of every row."""
    for row, token in enumerate(tokens):
        position = row % window - starts[row]
        yield token, tokens[row - 1] if position > 0 else bos, position
