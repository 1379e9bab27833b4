"""The Transformer of examples/hash_lm.hash and dense_lm.hash, written by hand in PyTorch.

Independent of hashc: it reads hashc's parameters by name and nothing else. Experts are taken
apart once (`unbind`), because indexing a stacked weight inside the loop makes autograd write a
zero tensor of all experts for every expert.
"""

import re

import torch
import torch.nn.functional as F


class Model:
    """Computes from a dictionary of tensors named as hashc names its parameters."""

    def __init__(self, params, tables, heads, window):
        self.params = params
        self.tables = tables  # expert of every token id, by the path of its layer
        self.heads = heads
        self.window = window
        blocks = {int(m.group(1)) for m in (re.match(r"blocks\[(\d+)\]", n) for n in params) if m}
        self.blocks = len(blocks)

    def norm(self, x, path):
        weight, bias = self.params[f"{path}.gamma"], self.params[f"{path}.beta"]
        return F.layer_norm(x, (x.shape[-1],), weight, bias, 1e-5)

    def attention(self, x, path):
        rows, dim = x.shape
        p = self.params

        def project(name):
            y = x @ p[f"{path}.{name}"]
            bias = p.get(f"{path}.{name.replace('w', 'b')}")
            y = y if bias is None else y + bias
            return y.view(-1, self.window, self.heads, dim // self.heads).transpose(1, 2)

        y = F.scaled_dot_product_attention(project("wq"), project("wk"), project("wv"), is_causal=True)
        y = y.transpose(1, 2).reshape(rows, dim) @ p[f"{path}.wo"]
        bias = p.get(f"{path}.bo")
        return y if bias is None else y + bias

    def dense_ffn(self, x, path):
        p = self.params
        h = F.gelu(x @ p[f"{path}.w_in"] + p[f"{path}.b_in"])
        return h @ p[f"{path}.w_out"] + p[f"{path}.b_out"]

    def hash_ffn(self, x, path, experts):
        p = self.params
        order = torch.argsort(experts, stable=True)
        counts = torch.bincount(experts, minlength=p[f"{path}.w_in"].shape[0]).tolist()
        weights = [p[f"{path}.{n}"].unbind(0) for n in ("w_in", "b_in", "w_out", "b_out")]
        parts = []
        for e, rows in enumerate(x[order].split(counts)):
            if rows.shape[0] == 0:
                continue
            w_in, b_in, w_out, b_out = (w[e] for w in weights)
            parts.append(F.gelu(rows @ w_in + b_in) @ w_out + b_out)
        y = torch.cat(parts)
        return torch.empty_like(y).index_copy(0, order, y)

    def forward(self, tokens):
        p = self.params
        x = p["embedding"][tokens]
        x = x + p["positions"].repeat(tokens.shape[0] // self.window, 1)
        for i in range(self.blocks):
            block = f"blocks[{i}]"
            x = x + self.attention(self.norm(x, f"{block}.norm_1"), f"{block}.attention")
            path = f"{block}.ffn"
            y = self.norm(x, f"{block}.norm_2")
            if p[f"{path}.w_in"].dim() == 3:
                x = x + self.hash_ffn(y, path, self.tables[path][tokens])
            else:
                x = x + self.dense_ffn(y, path)
        return self.norm(x, "norm") @ p["embedding"].T

    def loss(self, tokens, targets):
        """Mean cross entropy over all targets that are not -1."""
        return F.cross_entropy(self.forward(tokens), targets, ignore_index=-1)
