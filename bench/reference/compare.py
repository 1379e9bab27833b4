"""Compares hashc's experts, losses and every parameter gradient with PyTorch's.

    ./hash_lm check --dump batch.safetensors
    python3 bench/reference/compare.py batch.safetensors

    ./hash_lm check --dump batch.safetensors --ckpt hash_lm.run
    python3 bench/reference/compare.py batch.safetensors --ckpt hash_lm.run

The dump holds one batch (tokens, targets, starts of documents), the parameters, the tables, the
expert of every row, the row losses and the gradients as hashc computed them. With --ckpt the
parameters and tables are read from the checkpoint instead, and the dump's must be equal to them.
Allowed are 1e-9 in f64, 1e-4 in f32: of the loss relative to it, of a gradient relative to its
largest element.
"""

import argparse
import sys

import torch

import safetensors
from model import Model

ALLOWED = {torch.float64: 1e-9, torch.float32: 1e-4}


def relative(ours, theirs):
    """The largest difference, relative to the largest element; NaN compares as infinite."""
    scale = theirs.abs().max().item()
    error = (ours.double() - theirs.double()).abs().max().item() / (scale if scale > 0 else 1.0)
    return error if error == error else float("inf")


def load_params(dump, checkpoint):
    params = safetensors.take(dump, "param.")
    tables = {name: safetensors.flatten(t) for name, t in safetensors.take(dump, "@").items()}
    if checkpoint is None:
        return params, tables
    trained, trained_tables, _ = safetensors.load_checkpoint(checkpoint)
    for ours, theirs in ((params, trained), (tables, trained_tables)):
        if ours.keys() != theirs.keys() or any(not torch.equal(ours[n], theirs[n]) for n in ours):
            raise SystemExit(f"error: the dump was not made with --ckpt {checkpoint}")
    return trained, trained_tables


def compare_experts(model, dump, tokens, starts):
    """Infinite for every routed layer in which a row went to another expert."""
    theirs = model.choose_experts(tokens, starts)
    ours = safetensors.take(dump, "experts.")
    return {f"experts of {path}": 0.0 if path in ours and path in theirs
            and torch.equal(ours[path][:, 0].long(), theirs[path]) else float("inf")
            for path in {**ours, **theirs}}


def compare(path, checkpoint=None, verbose=True):
    """Prints the differences of one dump, and gives them."""
    dump, metadata = safetensors.load(path)
    params, tables = load_params(dump, checkpoint)
    for tensor in params.values():
        tensor.requires_grad_()
    model = Model(metadata["model"], params, tables, int(metadata["window"]), int(metadata["bos"]))
    tokens, targets, starts = (dump[name].long() for name in ("tokens", "targets", "starts"))
    differences = compare_experts(model, dump, tokens, starts)
    layers = len(differences)

    losses = model.losses(tokens, targets, model.plan(tokens, starts), model.make_mask(starts))
    scored = (targets >= 0).sum()
    loss = losses.sum() / scored
    loss.backward()
    ours = dump["losses"].sum().item() / scored.item()
    differences["loss"] = abs(ours - loss.item()) / abs(loss.item())
    differences["loss of a row"] = relative(dump["losses"], losses.detach())
    gradients = safetensors.take(dump, "grad.")
    for name, param in params.items():
        theirs = torch.zeros_like(param) if param.grad is None else param.grad
        differences[name] = relative(gradients[name], theirs) if name in gradients else float("inf")

    dtype = next(iter(params.values())).dtype
    allowed = ALLOWED[dtype]
    worst = max(differences, key=differences.get)
    passed = differences[worst] <= allowed
    if verbose:
        print(f"{metadata['model']}: loss of hashc {ours:.12f}, of PyTorch {loss.item():.12f}")
        for name, error in differences.items():
            print(f"  {name:36} {str(list(params[name].shape)) if name in params else '':16} {error:.1e}")
    print(f"{'ok' if passed else 'FAILED'}: {metadata['model']} {str(dtype)[6:]}, "
          f"{'trained' if checkpoint else 'fresh'} weights, {len(params)} gradients, {layers} routed layers: loss "
          f"{differences['loss']:.1e}, worst {differences[worst]:.1e} ({worst}), allowed {allowed:.0e}", flush=True)
    return {"model": metadata["model"], "dtype": str(dtype)[6:], "allowed": allowed, "passed": passed,
            "differences": differences}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dump")
    parser.add_argument("--ckpt", help="run folder, checkpoint folder or model.safetensors")
    args = parser.parse_args()
    return 0 if compare(args.dump, args.ckpt)["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
