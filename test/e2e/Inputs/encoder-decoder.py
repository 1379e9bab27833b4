"""Computes the losses of examples/encoder_decoder.hash once more, row by row, from what `check --dump` wrote:
encoder-decoder.py DUMP HEADS TOLERANCE. Nothing of hashc is used; sums are Python's."""

import math
import sys

import safetensors

dump = safetensors.read(sys.argv[1])[1]
heads, tolerance = int(sys.argv[2]), float(sys.argv[3])
windows = len(dump["tokens"]) // 48
SOURCE, TARGET, EPS = 64, 48, 1e-5


DIM = len(dump["param.emb"]) // 256


def cut(values, size):
    return [values[i:i + size] for i in range(0, len(values), size)]


def matrix(name):
    """Rows of a parameter; of experts, one of these for each. The hidden width is twice the model's."""
    values, last = dump[name], name.split(".")[-1]
    if last in ("gamma", "beta"):
        return values
    if last in ("b_in", "b_out"):
        width = 2 * DIM if last == "b_in" else DIM
        return values if len(values) == width else cut(values, width)
    rows = cut(values, 2 * DIM if last == "w_in" else DIM)
    depth = {"w_in": DIM, "w_out": 2 * DIM}.get(last, len(rows))
    return rows if len(rows) == depth else cut(rows, depth)


params = {name[len("param."):]: matrix(name) for name in dump if name.startswith("param.")}


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def multiply(x, w):
    columns = list(zip(*w))
    return [[dot(row, column) for column in columns] for row in x]


def add(x, y):
    return [[a + b for a, b in zip(p, q)] for p, q in zip(x, y)]


def norm(x, path):
    out = []
    for row in x:
        mean = math.fsum(row) / len(row)
        variance = math.fsum((v - mean) ** 2 for v in row) / len(row)
        out.append([(v - mean) / math.sqrt(variance + EPS) * g + b
                    for v, g, b in zip(row, params[path + ".gamma"], params[path + ".beta"])])
    return out


def attention(x, memory, path, sees):
    """One window; `sees` gives the rows of the memory that a row sees."""
    q, k, v = multiply(x, params[path + ".wq"]), multiply(memory, params[path + ".wk"]), multiply(memory, params[path + ".wv"])
    size = len(q[0]) // heads
    out = []
    for r, row in enumerate(q):
        y = []
        for h in range(heads):
            part = slice(h * size, h * size + size)
            scores = {j: dot(row[part], k[j][part]) / math.sqrt(size) for j in sees(r)}
            peak = max(scores.values(), default=0)
            weights = {j: math.exp(s - peak) for j, s in scores.items()}
            total = math.fsum(weights.values())
            y += [math.fsum(w * v[j][c] for j, w in weights.items()) / total if weights else 0.0
                  for c in range(part.start, part.stop)]
        out.append(y)
    return multiply(out, params[path + ".wo"])


def network(x, weight):
    w_in, b_in, w_out, b_out = (weight(name) for name in ("w_in", "b_in", "w_out", "b_out"))
    h = [[v / 2 * (1 + math.erf(v / math.sqrt(2))) for v in row] for row in add(multiply(x, w_in), [b_in] * len(x))]
    return add(multiply(h, w_out), [b_out] * len(x))


def count(prefix):
    return len({name.split(".")[0] for name in params if name.startswith(prefix)})


def embed(tokens, positions):
    width = len(params["emb"][0])
    return add([params["emb"][t] if t >= 0 else [0.0] * width for t in tokens], params[positions])


def run(window):
    """The losses of one window's rows."""
    source = slice(window * SOURCE, (window + 1) * SOURCE)
    target = slice(window * TARGET, (window + 1) * TARGET)
    words, begins = dump["source.tokens"][source], dump["source.starts"][source]
    # Rows of one document see each other; padding is a document of its own.
    memory = embed(words, "positions")
    for i in range(count("encodes[")):
        path = f"encodes[{i}]"
        n = norm(memory, path + ".layer_norm")
        memory = add(memory, attention(n, n, path + ".attention",
                                       lambda r: [j for j in range(SOURCE) if begins[j] == begins[r]]))
        memory = add(memory, network(norm(memory, path + ".layer_norm_2"), lambda w: params[f"{path}.dense_ffn.{w}"]))
    memory = norm(memory, "layer_norm")
    live = words.index(-1) if -1 in words else SOURCE

    tokens, targets, starts = (dump[name][target] for name in ("tokens", "targets", "starts"))
    x = embed(tokens, "positions_2")
    decoders = count("decodes[")
    for i in range(decoders):
        path = f"decodes[{i}]"
        n = norm(x, path + ".layer_norm")
        x = add(x, attention(n, n, path + ".attention", lambda r: range(starts[r], r + 1)))
        n = norm(x, path + ".layer_norm_2")
        x = add(x, attention(n, memory, path + ".attention_2", lambda r: range(live)))
        n = norm(x, path + ".layer_norm_3")
        if i + 1 < decoders:
            x = add(x, network(n, lambda w: params[f"{path}.ffn.{w}"]))
            continue
        # A masked row goes to no expert.
        routed = [network([row], lambda w: params[f"{path}.ffn.{w}"][dump["@by_token"][t]])[0] if t >= 0
                  else [0.0] * len(row) for row, t in zip(n, tokens)]
        x = add(x, routed)
    losses = []
    for row, goal in zip(norm(x, "layer_norm_2"), targets):
        logits = [dot(row, word) for word in params["emb"]]
        peak = max(logits)
        losses.append(peak + math.log(math.fsum(math.exp(z - peak) for z in logits)) - logits[goal] if goal >= 0 else 0.0)
    return losses


computed = [loss for window in range(windows) for loss in run(window)]
assert len(computed) == len(dump["losses"]) and sum(loss > 0 for loss in computed) > 48
worst = max(abs(a - b) for a, b in zip(computed, dump["losses"]))
print(f"{windows} windows, losses around {max(computed):.2f}, difference {worst:.1e}")
sys.exit(0 if worst <= tolerance else 1)
