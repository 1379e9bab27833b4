"""Compares hashc's loss and every parameter gradient with PyTorch's.

    ./hash_lm check --dump batch.safetensors && python3 bench/reference/compare.py batch.safetensors

The dump holds one batch (tokens, targets), the parameters, the tables, the row losses and the
gradients as hashc computed them. Tolerances: 1e-9 in f64, 1e-4 relative in f32.
"""

import argparse
import sys

import torch

import safetensors
from model import Model


def relative(ours, theirs):
    """The largest difference, relative to the largest element."""
    scale = theirs.abs().max().item()
    return (ours - theirs).abs().max().item() / (scale if scale > 0 else 1.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dump")
    args = parser.parse_args()
    tensors, metadata = safetensors.load(args.dump)
    get = lambda name: torch.from_numpy(tensors[name].copy())
    names = [n[len("param."):] for n in tensors if n.startswith("param.")]
    params = {n: get("param." + n).requires_grad_() for n in names}
    dtype = next(iter(params.values())).dtype
    tables = {n[len("table."):]: get(n).long() for n in tensors if n.startswith("table.")}
    model = Model(params, tables, int(metadata["heads"]), int(metadata["window"]))
    loss = model.loss(get("tokens").long(), get("targets").long())
    loss.backward()

    scored = (get("targets") >= 0).sum().item()
    ours = get("losses").double().sum().item() / scored
    tolerance = 1e-9 if dtype == torch.float64 else 1e-4
    worst = abs(ours - loss.item()) / abs(loss.item())
    print(f"{'loss':40} hashc {ours:.12f}  PyTorch {loss.item():.12f}  {worst:.1e}")
    for name in names:
        error = relative(get("grad." + name), params[name].grad)
        worst = max(worst, error)
        print(f"{name:40} {str(list(params[name].shape)):20} {error:.1e}")
    print(f"worst relative difference {worst:.1e}, allowed {tolerance:.0e} ({dtype})")
    return 0 if worst <= tolerance else 1


if __name__ == "__main__":
    sys.exit(main())
