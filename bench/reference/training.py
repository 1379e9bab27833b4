"""Trains with hashc and with PyTorch from the same weights on the same batches, and compares.

    python3 bench/reference/training.py ./hash_lm --data tokens.u16 [--steps 20] [--out FOLDER]

The executable must train on a token file or on bytes: PyTorch's side reads the same file and
follows docs/runtime-formats.md for the windows and their order, so that nothing but the start's
weights comes from hashc. The balanced table is built again from the counts. Allowed are
differences of a loss of 1e-9 in f64, 1e-3 in f32; in f64 also 1e-9 of every final parameter,
relative to its largest element.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch

import safetensors
from compare import relative
from model import Model
from routing import balanced_table, permutation

ALLOWED = {torch.float64: 1e-9, torch.float32: 1e-3}


def run(executable, *arguments):
    return subprocess.run([os.path.abspath(executable), *map(str, arguments)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


class Data:
    """The windows of a token or byte file's training part."""

    def __init__(self, path, tokenizer, window, valid, seed):
        tokens = np.fromfile(path, np.uint8 if tokenizer == "bytes" else np.uint16)
        tokens = tokens[:len(tokens) - math.floor(valid * len(tokens))]
        count = (len(tokens) - 1) // window
        tokens = torch.from_numpy(tokens[:count * window + 1].astype(np.int64))
        self.inputs, self.targets = (tokens[i:i + count * window].view(count, window) for i in (0, 1))
        self.seed = seed
        self.orders = {}

    def batch(self, step, size):
        """Tokens and targets of a step, counted from 0."""
        count = len(self.inputs)
        picked = []
        for sample in range(step * size, (step + 1) * size):
            epoch, place = divmod(sample, count)
            if epoch not in self.orders:
                self.orders[epoch] = permutation(count, self.seed, epoch)
            picked.append(self.orders[epoch][place])
        return self.inputs[picked].reshape(-1), self.targets[picked].reshape(-1)


def rate(train, step, steps):
    """Of a step, counted from 1."""
    if step <= train["warmup"]:
        return train["lr"] * step / train["warmup"]
    done = (step - train["warmup"]) / max(1, steps - train["warmup"])
    part = {"constant": 1.0, "linear": 1 - done, "cosine": 0.5 * (1 + math.cos(math.pi * done))}[train["schedule"]]
    floor = 1.0 if train["schedule"] == "constant" else train["floor"]
    return train["lr"] * (floor + (1 - floor) * part)


def make_optimizer(params, info, **options):
    """AdamW that decays what hashc decays."""
    train = info["train"]
    decays = {entry["name"]: entry["weight_decay"] for entry in info["parameters"]}
    groups = [{"params": [p for name, p in params.items() if decays[name] == decay],
               "weight_decay": train["weight_decay"] if decay else 0.0} for decay in (True, False)]
    return torch.optim.AdamW(groups, lr=train["lr"], betas=train["betas"], eps=train["eps"], **options)


def train_reference(start, data, info, steps):
    """Gives the losses, the gradients' norms, and the trained parameters."""
    params, tables, metadata = safetensors.load_checkpoint(start)
    for tensor in params.values():
        tensor.requires_grad_()
    model = Model(metadata["model"], params, tables, info["context"])
    optimizer = make_optimizer(params, info)
    starts = torch.zeros(info["train"]["batch"] * info["context"], dtype=torch.int64)
    losses, norms = [], []
    for step in range(1, steps + 1):
        tokens, targets = data.batch(step - 1, info["train"]["batch"])
        loss = model.loss(tokens, targets, model.plan(tokens, starts), model.make_mask(starts))
        optimizer.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(params.values(), info["train"]["clip"]).item())
        for group in optimizer.param_groups:
            group["lr"] = rate(info["train"], step, steps)
        optimizer.step()
        losses.append(loss.item())
    return losses, norms, params


def check_tables(start, data, info):
    """A table's differences from the one that the training tokens' counts make."""
    _, tables, _ = safetensors.load_checkpoint(start)
    counts = torch.bincount(data.inputs.reshape(-1), minlength=info["vocab"]).tolist()
    wrong = {}
    for table in info["tables"]:
        if table["builder"] != "balanced" or table["seed"] != 0:
            raise SystemExit(f"error: only balanced tables are built again, not '{table['builder']}'")
        expected = balanced_table(counts, table["experts"])
        wrong[table["name"]] = sum(a != b for a, b in zip(expected, tables[table["name"]].tolist()))
    return wrong


def largest(values):
    """NaN counts as infinite; `max` alone may pass over it."""
    return max(value if value == value else math.inf for value in values)


def compare_training(executable, data_path, steps, seed, out):
    """Trains both; gives a result for the report, and prints one line for it."""
    info = json.loads(run(executable, "info", "--json"))
    start, end, log = (os.path.join(out, name) for name in ("start", "end", "log.jsonl"))
    options = ["--data", data_path, "--seed", seed, "--quiet"]
    run(executable, "train", *options, "--steps", 0, "--out", start)
    run(executable, "train", *options, "--steps", steps, "--out", end, "--log", log, "--eval-every", 0)
    with open(log) as file:
        ours = [entry for entry in map(json.loads, file) if "loss" in entry]
    final, _, metadata = safetensors.load_checkpoint(end)
    data = Data(data_path, metadata["tokenizer"], info["context"], 0.05, seed)
    losses, norms, params = train_reference(start, data, info, steps)

    dtype = next(iter(params.values())).dtype
    allowed = ALLOWED[dtype]
    result = {
        "model": info["name"], "dtype": info["precision"], "steps": steps, "allowed": allowed,
        "first_loss": losses[0], "last_loss": losses[-1],
        "loss": largest(abs(a["loss"] - b) for a, b in zip(ours, losses)),
        "grad_norm": largest(abs(a["grad_norm"] - b) / b for a, b in zip(ours, norms)),
        "rate": largest(abs(a["lr"] - rate(info["train"], a["step"], steps)) for a in ours),
        "parameter": largest(relative(final[name], p.detach()) for name, p in params.items()),
        "clipped_steps": sum(norm > info["train"]["clip"] for norm in norms),
        "wrong_table_entries": sum(check_tables(start, data, info).values()),
    }
    passed = (len(ours) == steps and result["loss"] <= allowed and result["rate"] <= 1e-12
              and result["wrong_table_entries"] == 0
              and (dtype != torch.float64 or max(result["parameter"], result["grad_norm"]) <= allowed))
    result["passed"] = passed
    print(f"{'ok' if passed else 'FAILED'}: {result['model']} {result['dtype']}, {steps} steps, loss "
          f"{losses[0]:.4f} to {losses[-1]:.4f}, {result['clipped_steps']} clipped: differences of losses "
          f"{result['loss']:.1e}, norms {result['grad_norm']:.1e}, final parameters {result['parameter']:.1e}, "
          f"table entries {result['wrong_table_entries']}, allowed {allowed:.0e}", flush=True)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("executable")
    parser.add_argument("--data", required=True)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", help="keep both runs' folders here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = compare_training(args.executable, args.data, args.steps, args.seed, args.out or scratch)
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
