"""Times a training step of hashc's executable beside PyTorch's, and measures their memory.

    python3 bench/reference/step_time.py ./hash_lm [--output FILE] [--rounds 5] [--steps 5]
        [--sides hashc,eager,modules,compile]

The same model, the same random tokens and table, the same threads; forward, backward, clipping
and AdamW in both, and routing too. Sides, each in a process of its own:

    hashc    the executable's `bench`
    eager    PyTorch; the experts are slices of one stacked tensor
    modules  PyTorch; each expert has tensors of its own, as a list of modules has
    compile  torch.compile of eager; the rows of each expert are constants to it, so that it
             never compiles again, which it would have to in real training

They take turns, one at a time, `--steps` steps each in `--rounds` rounds. A side's time is the
median over rounds of its medians.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch

import safetensors
from machine import describe
from model import Model
from training import make_optimizer

SIDES = ["hashc", "eager", "modules", "compile"]
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


def make_step(dump_path, info, side):
    """A function that does one training step."""
    dump, metadata = safetensors.load(dump_path)
    params = {name: t.requires_grad_() for name, t in safetensors.take(dump, "param.").items()}
    tables = {name: safetensors.flatten(t) for name, t in safetensors.take(dump, "@").items()}
    model = Model(metadata["model"], params, tables, int(metadata["window"]), int(metadata["bos"]))
    rows = info["train"]["batch"] * info["context"]
    generator = torch.Generator().manual_seed(0)
    tokens, targets = (torch.randint(info["vocab"], (rows,), generator=generator) for _ in range(2))
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
    loss_of = torch.compile(model.loss, dynamic=False) if side == "compile" else model.loss

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss_of(tokens, targets, model.plan(tokens, starts), None).backward()
        torch.nn.utils.clip_grad_norm_(leaves.values(), info["train"]["clip"], foreach=True)
        optimizer.step()

    return step


def serve(args):
    """A side's process: prints the times of some steps for every line it reads."""
    torch.set_num_threads(args.threads)
    info = json.loads(sys.stdin.readline())
    before = read_memory("VmRSS")
    begin = time.perf_counter()
    step = make_step(args.dump, info, args.serve)
    for _ in range(WARM_UPS):
        step()
    print(json.dumps({"warm_up_s": time.perf_counter() - begin}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            step()
            times.append(time.perf_counter() - begin)
        peak = read_memory("VmHWM")
        print(json.dumps({"times": times, "peak_bytes": peak, "added_bytes": peak - before}), flush=True)


class Reference:
    """A side of PyTorch, in a process that waits while others run."""

    def __init__(self, side, dump, info, threads):
        command = [sys.executable, os.path.abspath(__file__), "", "--serve", side, "--dump", dump,
                   "--threads", str(threads)]
        # OpenMP's threads must not spin while another side is timed.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "OMP_WAIT_POLICY": "passive"})
        self.details = self.ask(json.dumps(info))

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("error: a side of PyTorch stopped; its message is above")
        return json.loads(answer)

    def measure(self, steps):
        answer = self.ask(str(steps))
        self.details.update({key: answer[key] for key in ("peak_bytes", "added_bytes")})
        return statistics.median(answer["times"])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Executable:
    """hashc's side."""

    def __init__(self, path, threads):
        self.path, self.threads = os.path.abspath(path), threads
        self.details = {"peak_bytes": 0}

    def measure(self, steps):
        command = [self.path, "bench", "--steps", str(steps), "--threads", str(self.threads), "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"error: {' '.join(command)} ended with status {process.returncode}")
        report = json.loads(output)
        self.details["peak_bytes"] = max(self.details["peak_bytes"], usage.ru_maxrss << 10)
        self.details.setdefault("fraction_of_peak", []).append(report["fraction_of_peak"])
        return report["step_ms"] / 1e3

    def close(self):
        pass


def measure(args, scratch):
    info = json.loads(subprocess.run([os.path.abspath(args.executable), "info", "--json"], check=True,
                                     capture_output=True, text=True).stdout)
    dump = os.path.join(scratch, "batch.safetensors")
    subprocess.run([os.path.abspath(args.executable), "check", "--dump", dump], check=True)
    sides = {side: Executable(args.executable, args.threads) if side == "hashc" else
             Reference(side, dump, info, args.threads) for side in args.sides.split(",")}
    times = {side: [] for side in sides}
    for _ in range(args.rounds):
        for side, process in sides.items():
            times[side].append(process.measure(args.steps))
    for process in sides.values():
        process.close()
    base = statistics.median(next(iter(times.values())))
    return {
        **describe(), "model": info["name"], "precision": info["precision"], "threads": args.threads,
        "rounds": args.rounds, "steps": args.steps, "tokens": info["train"]["batch"] * info["context"],
        "parameters": info["total_parameters"],
        "sides": {side: {"step_ms": statistics.median(samples) * 1e3, "ratio": statistics.median(samples) / base,
                         "rounds_ms": [s * 1e3 for s in samples], **sides[side].details}
                  for side, samples in times.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("executable")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sides", default=",".join(SIDES))
    parser.add_argument("--output", metavar="FILE", help="write everything measured to FILE")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--dump", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        return serve(args)
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(args, scratch)
    first = next(iter(result["sides"]))
    for side, values in result["sides"].items():
        print(f"{side:8} {values['step_ms']:9.1f} ms a step, {values['ratio']:5.2f} x {first}'s "
              f"({min(values['rounds_ms']):.1f} .. {max(values['rounds_ms']):.1f}), "
              f"{values['peak_bytes'] / 2**20:6.0f} MiB at most")
    if args.output:
        with open(args.output, "w") as file:
            json.dump(result, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
