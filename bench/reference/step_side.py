"""A side of step_time.py: does training steps in PyTorch when its standard input says so.

It reads what `info --json` prints as one line, then a number of steps a line, and answers each
line with one line of JSON.
"""

import argparse
import json
import sys
import time

import torch

import safetensors
from model import Model
from training import make_optimizer

WARM_UPS = 2


def read_memory(key):
    """A line of this process's status, in bytes."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith(key + ":"))


def split_experts(model):
    """Gives each expert leaf tensors of its own, and the model's parameters by unique names."""
    params = dict(model.params)
    for path in model.routed:
        weights = {name: [t.clone().requires_grad_() for t in tensors]
                   for name, tensors in ((n, list(w.detach())) for n, w in safetensors.take(params, path + ".").items())}
        model.experts[path] = weights
        for name in weights:
            del params[f"{path}.{name}"]
    return params


def compile_model(model):
    """The compiled loss. One expert is compiled for any number of rows, and the loop over experts
    is not: unrolled, 64 of them take longer to compile than a reader's patience."""
    # The frames around the loop are compiled one by one, anew for every layer's parameters.
    torch._dynamo.config.recompile_limit = 128
    model.expert = torch.compile(model.expert, dynamic=True)
    model.hash_ffn = torch.compiler.disable(model.hash_ffn)
    return torch.compile(model.loss, dynamic=False)


def load_model(dump_path):
    """The model with the weights and tables of a dump."""
    dump, metadata = safetensors.load(dump_path)
    params = {name: t.requires_grad_() for name, t in safetensors.take(dump, "param.").items()}
    tables = {name: safetensors.flatten(t) for name, t in safetensors.take(dump, "@").items()}
    return Model(metadata["model"], params, tables, int(metadata["window"]), int(metadata["bos"]))


def make_model(info, device):
    """The model with random weights, and tables that give every expert as many ids."""
    params = {entry["name"]: (0.02 * torch.randn(entry["shape"], device=device)).requires_grad_()
              for entry in info["parameters"]}
    tables = {table["name"]: torch.arange(table["vocab"], device=device) % table["experts"] for table in info["tables"]}
    return Model(info["name"], params, tables, info["context"])


def make_step(model, info, side, device):
    """A function that does one training step, and has done it when it returns."""
    params = model.params
    rows = info["train"]["batch"] * info["context"]
    generator = torch.Generator().manual_seed(0)
    tokens, targets = (torch.randint(info["vocab"], (rows,), generator=generator).to(device) for _ in range(2))
    starts = torch.zeros_like(tokens)
    leaves = dict(params)
    decays = {entry["name"]: entry["weight_decay"] for entry in info["parameters"]}
    if side == "modules":
        leaves = split_experts(model)
        for path, weights in model.experts.items():
            for name, tensors in weights.items():
                leaves.update({f"{path}.{name}.{i}": t for i, t in enumerate(tensors)})
                decays.update({f"{path}.{name}.{i}": decays[f"{path}.{name}"] for i in range(len(tensors))})
    settings = {**info, "parameters": [{"name": n, "weight_decay": decays[n]} for n in leaves]}
    optimizer = make_optimizer(leaves, settings, fused=True)
    loss_of = compile_model(model) if side == "compile" else model.loss

    is_bf16 = info["precision"] == "bf16"

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=is_bf16):
            loss = loss_of(tokens, targets, model.plan(tokens, starts), None)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(leaves.values(), info["train"]["clip"], foreach=True)
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("side", choices=["eager", "modules", "compile"])
    parser.add_argument("threads", type=int)
    parser.add_argument("--dump", help="what `check --dump` wrote; else weights are random")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    info = json.loads(sys.stdin.readline())
    before = read_memory("VmRSS")
    begin = time.perf_counter()
    model = load_model(args.dump) if args.dump else make_model(info, args.device)
    step = make_step(model, info, args.side, args.device)
    for _ in range(WARM_UPS):
        step()
    print(json.dumps({"torch": torch.__version__, "warm_up_s": time.perf_counter() - begin}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            step()
            times.append(time.perf_counter() - begin)
        peak = read_memory("VmHWM")
        if args.device.type == "cuda":
            peak, before = torch.cuda.max_memory_allocated(args.device), 0
        print(json.dumps({"times": times, "peak_bytes": peak, "added_bytes": peak - before}), flush=True)


if __name__ == "__main__":
    main()
