"""What the names and shapes of parameters do not say of examples/*.hash, transcribed by hand."""

from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn.functional as F

from routing import mix


@dataclass
class Example:
    heads: Callable  # of the model's width
    act: Callable = F.gelu  # of (x), or of (gate, up)
    rope: bool = False
    # The expert of a row: (token, previous, position in the document, routed layers before this
    # one, experts) -> expert. None where a table says it.
    router: Callable = None
    table: str = "by_token"


def swiglu(gate, up):
    return F.silu(gate) * up


def bent(x):
    return torch.where(x > 0, x + 0.1 * x * x, x * torch.sigmoid(1.702 * x))


def bigram(token, previous, position, layer, experts):
    return mix(token, previous) % experts


def mine(token, previous, position, layer, experts):
    if token == previous:
        return experts - 1
    scale = sum(position >= bound for bound in (4, 16, 64))
    return mix(token, scale, layer) % (experts - 1)


EXAMPLES = {
    "hash_lm": Example(heads=lambda dim: dim // 32),
    "dense_lm": Example(heads=lambda dim: dim // 32),
    "tiny": Example(heads=lambda dim: 4),
    "bigram_lm": Example(heads=lambda dim: 4, act=swiglu, rope=True, router=bigram),
    "my_lm": Example(heads=lambda dim: 4, act=bent, router=mine),
}


def find(name):
    if name not in EXAMPLES:
        raise SystemExit(f"error: bench/reference/examples.py does not know the model '{name}', only "
                         + ", ".join(EXAMPLES))
    return EXAMPLES[name]
