"""Times a training step of hashc's executable beside PyTorch's, eager and compiled.

    python3 bench/reference/step_time.py ./hash_lm --dump batch.safetensors [--compile] [--rounds 5]

Same parameters, same batch, same threads; AdamW and clipping in both. The sides alternate in one
run; medians and their ratios are printed.
"""

import argparse
import json
import statistics
import subprocess
import time

import torch

import safetensors
from model import Model


def torch_step(dump, compiled):
    tensors, metadata = safetensors.load(dump)
    get = lambda name: torch.from_numpy(tensors[name].copy())
    params = {n[len("param."):]: get(n).requires_grad_() for n in tensors if n.startswith("param.")}
    tables = {n[len("table."):]: get(n).long() for n in tensors if n.startswith("table.")}
    model = Model(params, tables, int(metadata["heads"]), int(metadata["window"]))
    tokens, targets = get("tokens").long(), get("targets").long()
    optimizer = torch.optim.AdamW(params.values(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    loss_of = torch.compile(model.loss, dynamic=False) if compiled else model.loss

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(tokens, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params.values(), 1.0)
        optimizer.step()

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("executable")
    parser.add_argument("--dump", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    sides = {"PyTorch eager": torch_step(args.dump, False)}
    if args.compile:
        sides["torch.compile"] = torch_step(args.dump, True)
    for step in sides.values():
        step()
        step()
    times = {name: [] for name in ["hashc", *sides]}
    for _ in range(args.rounds):
        output = subprocess.run(
            [args.executable, "bench", "--steps", str(args.steps), "--threads", str(args.threads), "--json"],
            check=True, capture_output=True, text=True).stdout
        times["hashc"].append(json.loads(output)["step_ms"] / 1e3)
        for name, step in sides.items():
            samples = []
            for _ in range(args.steps):
                begin = time.perf_counter()
                step()
                samples.append(time.perf_counter() - begin)
            times[name].append(statistics.median(samples))
    ours = statistics.median(times["hashc"])
    for name, samples in times.items():
        median = statistics.median(samples)
        print(f"{name:14} {median * 1e3:9.1f} ms a step, {median / ours:5.2f} x hashc's "
              f"({min(samples) * 1e3:.1f} .. {max(samples) * 1e3:.1f})")


if __name__ == "__main__":
    main()
