"""Compiles small models of every mixture of parts and runs `check` in each: sweep.py HASHC.

Each line is a model: what it embeds besides tokens, its blocks, its router, micro-batch and window. What a
model leaves out (attention, positions, routing, a second window) is what its entry points do not take.
"""

import pathlib
import subprocess
import sys

SPEC = """router r = {router}
model m(tokens: ids[context = {window}, vocab = 40]) {{
  let x = {embedding}
{blocks}
  return unembed(rms_norm(x), tied = {tied})
}}
train m {{
  data  = tokens("none.u16", documents = {documents})
  batch = {batch}
}}
"""
PLAIN, PLACED = "embedding(tokens, 8)", "embedding(tokens, 8) + positions(8)"
ATTENTION = "  x = x + attention(rms_norm(x), heads = 2)"
ROPE = "  x = x + attention(rms_norm(x), heads = 2, kv_heads = 1, rope = true)"
HASH = "  x = x + hash_ffn(rms_norm(x), hidden = 6, router = r, experts = 5)"
DENSE = "  x = x + dense_ffn(rms_norm(x), hidden = 6)"
#         embedding blocks             router                               batch window documents tied
MODELS = [
    (PLAIN, [HASH], "token % 5", 4, 8, "apart", "true"),
    (PLAIN, [HASH], "token % 5", 1, 8, "apart", "false"),
    (PLAIN, [HASH], "token % 5", 4, 1, "apart", "true"),
    (PLAIN, [HASH, HASH], "random(prev(token), 5)", 3, 8, "apart", "true"),
    (PLAIN, [HASH], "hash(prev(token), token) % 5", 3, 8, "joined", "false"),
    (PLAIN, [HASH], "position % 5", 4, 7, "apart", "true"),
    (PLAIN, [DENSE], "token % 5", 4, 8, "apart", "true"),
    (PLAIN, [], "token % 5", 4, 8, "joined", "true"),
    (PLACED, [HASH], "random(token, 5, seed = 3)", 4, 8, "apart", "false"),
    (PLACED, [ATTENTION], "token % 5", 2, 8, "apart", "true"),
    (PLAIN, [ATTENTION, HASH], "round_robin(token, 5)", 4, 1, "apart", "true"),
    (PLAIN, [ROPE, HASH, ROPE, DENSE], "random(token, 5)", 2, 9, "joined", "false"),
]


def main(hashc):
    for number, (embedding, blocks, router, batch, window, documents, tied) in enumerate(MODELS):
        spec, model = pathlib.Path(f"{number}.hash"), f"./{number}"
        spec.write_text(SPEC.format(embedding=embedding, blocks="\n".join(blocks), router=router, batch=batch,
                                    window=window, documents=documents, tied=tied))
        subprocess.run([hashc, spec, "-o", model], check=True)
        check = subprocess.run([model, "check", "--seconds", "0.1"], stdout=subprocess.PIPE, text=True)
        if check.returncode != 0:
            sys.exit(f"{check.stdout}check of {spec} gives {check.returncode}:\n{spec.read_text()}")
    print(len(MODELS), "models")


main(sys.argv[1])
