"""The Transformers of examples/*.hash, written by hand in PyTorch.

Independent of hashc: it takes parameters by name and shape, tables, and what examples.py
transcribes. Experts are taken apart once (`unbind`), because indexing a stacked weight inside
the loop makes autograd write a zero tensor of all experts for every expert.
"""

import re

import torch
import torch.nn.functional as F

import examples
from routing import streams

EPS = 1e-5  # of the norms
ROPE_BASE = 10000.0


class Model:
    """Computes from a dictionary of tensors, named as hashc names its parameters."""

    def __init__(self, name, params, tables, window, bos=0):
        self.example = examples.find(name)
        self.params = params
        self.tables = tables  # [ids] by name
        self.window = window
        self.bos = bos
        self.dim = params["embedding"].shape[1]
        self.heads = self.example.heads(self.dim)
        self.norm_name = "layer_norm" if "layer_norm.gamma" in params else "rms_norm"
        self.blocks = len({m.group() for m in (re.match(r"blocks\[\d+\]", n) for n in params) if m})
        last = {f"blocks[{i}].ffn": params[f"blocks[{i}].ffn.w_out"] for i in range(self.blocks)}
        self.routed = {path: w.shape[0] for path, w in last.items() if w.dim() == 3}
        # A model that trains on separate tensors, one an expert, puts them here.
        self.experts = {}
        # What computes one expert; a compiled one may stand in for it.
        self.expert = lambda rows, tensors: self.network(rows, tensors.get)

    # Routing: depends on the tokens alone, and runs once a batch.

    def choose_experts(self, tokens, starts):
        """Expert of every row by routed layer; -1 for rows without a token."""
        router, chosen = self.example.router, {}
        for layer, (path, experts) in enumerate(self.routed.items()):
            if router is None:
                table = self.tables[self.example.table]
                chosen[path] = torch.where(tokens < 0, -1, table[tokens.clamp(min=0)])
                continue
            rows = streams(tokens.tolist(), starts.tolist(), self.window, self.bos)
            chosen[path] = torch.tensor([-1 if row[0] < 0 else router(*row, layer, experts) for row in rows])
        return chosen

    def plan(self, tokens, starts):
        """Rows in expert order and the number of rows of each expert, by routed layer. The rows
        without an expert come first."""
        plans = {}
        for path, experts in self.choose_experts(tokens, starts).items():
            counts = torch.bincount(experts + 1, minlength=self.routed[path] + 1)
            plans[path] = torch.argsort(experts, stable=True), counts.tolist()
        return plans

    # Layers.

    def norm(self, x, path):
        gamma = self.params[f"{path}.gamma"]
        if self.norm_name == "rms_norm":
            return F.rms_norm(x, gamma.shape, gamma, EPS)
        return F.layer_norm(x, gamma.shape, gamma, self.params[f"{path}.beta"], EPS)

    def rotate(self, x):
        """Turns the feature pairs (i, i + half) of x [window, head, row, feature] by the row."""
        half = x.shape[-1] // 2
        frequency = ROPE_BASE ** (-torch.arange(half, dtype=torch.float64) / half)
        angle = torch.arange(self.window, dtype=torch.float64)[:, None] * frequency
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def attention(self, x, path, mask):
        p = self.params
        width = self.dim // self.heads

        def project(name):
            y = x @ p[f"{path}.{name}"]
            return y.view(-1, self.window, y.shape[-1] // width, width).transpose(1, 2)

        q, k, v = project("wq"), project("wk"), project("wv")
        if self.example.rope:
            q, k = self.rotate(q), self.rotate(k)
        shared = k.shape[1] != q.shape[1]
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, enable_gqa=shared)
        return y.transpose(1, 2).reshape(x.shape) @ p[f"{path}.wo"]

    def network(self, x, weight):
        """One feed-forward network; `weight` gives its tensors by name, None where it has none."""
        def linear(x, w, b):
            return x @ w if b is None else torch.addmm(b, x, w)

        if weight("w_gate") is not None:
            h = self.example.act(x @ weight("w_gate"), x @ weight("w_up"))
        else:
            h = self.example.act(linear(x, weight("w_in"), weight("b_in")))
        return linear(h, weight("w_out"), weight("b_out"))

    def take_apart(self, path):
        """The tensors of a routed layer, one an expert, by name."""
        prefix = path + "."
        return self.experts.get(path) or {name.removeprefix(prefix): tensor.unbind(0)
                                          for name, tensor in self.params.items() if name.startswith(prefix)}

    def hash_ffn(self, x, path, plan):
        order, counts = plan
        weights = self.take_apart(path)
        idle, *groups = x[order].split(counts)
        parts = [torch.zeros_like(idle)]
        for e, rows in enumerate(groups):
            if rows.shape[0] > 0:
                parts.append(self.expert(rows, {name: tensors[e] for name, tensors in weights.items()}))
        y = torch.cat(parts)
        return torch.empty_like(y).index_copy(0, order, y)

    def make_mask(self, starts):
        """Which rows each row sees, [window, 1, row, row]; None where every document is a window."""
        if not starts.any():
            return None
        rows = torch.arange(self.window)
        own = rows[None, None, :] >= starts.view(-1, self.window, 1)
        return (own & (rows[None, :] <= rows[:, None])).unsqueeze(1)

    def forward(self, tokens, plans, mask):
        p = self.params
        x = F.embedding(tokens.clamp(min=0), p["embedding"])
        if "positions" in p:
            x = (x.view(-1, self.window, self.dim) + p["positions"]).view(x.shape)
        for i in range(self.blocks):
            block = f"blocks[{i}]"
            path = f"{block}.ffn"
            x = x + self.attention(self.norm(x, f"{block}.{self.norm_name}"), f"{block}.attention", mask)
            y = self.norm(x, f"{block}.{self.norm_name}_2")
            x = x + (self.hash_ffn(y, path, plans[path]) if path in plans else
                     self.network(y, lambda name: p.get(f"{path}.{name}")))
        return self.norm(x, self.norm_name) @ p["embedding"].T

    def loss(self, tokens, targets, plans, mask):
        """Mean cross entropy over all targets that are not -1."""
        return F.cross_entropy(self.forward(tokens, plans, mask), targets, ignore_index=-1)

    def losses(self, tokens, targets, plans, mask):
        """The same for every row; 0 where nothing is scored."""
        return F.cross_entropy(self.forward(tokens, plans, mask), targets, ignore_index=-1, reduction="none")
