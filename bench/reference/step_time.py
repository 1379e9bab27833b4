"""Times a training step of hashc's executable beside PyTorch's, and measures their memory.

    python3 bench/reference/step_time.py ./hash_lm [--output FILE] [--rounds 5] [--steps 5]
        [--sides hashc,eager,modules,compile] [--device 0]

The same model and table, as many random tokens, the same threads; routing, forward, backward,
clipping and AdamW in both. Sides, each in a process of its own:

    hashc    the executable's `bench`
    eager    PyTorch; the experts are slices of one stacked tensor
    modules  PyTorch; each expert has tensors of its own, as a list of modules has
    compile  torch.compile of eager: one expert, for any number of rows, and the rest of the model

With --device, an executable for a GPU and PyTorch on the same GPU, from weights that are random
in both. `sim` stands for no GPU: hashc simulates one, PyTorch has the CPU.

A model of bf16 is autocast's. They take turns, one at a time, `--steps` steps each in `--rounds` rounds. A side's time is the
median over rounds of its medians. Without PyTorch: --sides hashc.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from machine import describe, save

SIDES = ["hashc", "eager", "modules", "compile"]


class Reference:
    """A side of PyTorch, in a process that waits while others run."""

    def __init__(self, side, dump, info, args):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "step_side.py")
        command = [sys.executable, program, side, str(args.threads)]
        if dump:
            command += ["--dump", dump]
        if args.device not in (None, "sim"):
            command += ["--device", f"cuda:{args.device}"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
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

    def __init__(self, path, args):
        self.command = [os.path.abspath(path), "bench", "--threads", str(args.threads), "--json"]
        if args.device is not None:
            self.command += ["--device", args.device]
        self.details = {"peak_bytes": 0}

    def measure(self, steps):
        command = self.command + ["--steps", str(steps)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"error: {' '.join(command)} ended with status {process.returncode}")
        report = json.loads(output)
        # Of the process: a GPU's memory is not in it.
        self.details["peak_bytes"] = 0 if self.is_on_device() else max(self.details["peak_bytes"], usage.ru_maxrss << 10)
        # The peak of a GPU is not measured.
        if "fraction_of_peak" in report:
            self.details.setdefault("fraction_of_peak", []).append(report["fraction_of_peak"])
        self.details.update({key: report[key] for key in ("kinds", "kernels")} if self.is_on_device() else {})
        return report["step_ms"] / 1e3

    def is_on_device(self):
        return "--device" in self.command

    def close(self):
        pass


def measure(args, scratch):
    info = json.loads(subprocess.run([os.path.abspath(args.executable), "info", "--json"], check=True,
                                     capture_output=True, text=True).stdout)
    dump = None
    if args.device is None:
        dump = os.path.join(scratch, "batch.safetensors")
        subprocess.run([os.path.abspath(args.executable), "check", "--dump", dump], check=True)
    sides = {side: Executable(args.executable, args) if side == "hashc" else Reference(side, dump, info, args)
             for side in args.sides.split(",")}
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
    parser.add_argument("--device", metavar="N|sim", help="a GPU's number, or sim")
    parser.add_argument("--output", metavar="FILE", help="write everything measured to FILE")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(args, scratch)
    first = next(iter(result["sides"]))
    for side, values in result["sides"].items():
        print(f"{side:8} {values['step_ms']:9.1f} ms a step, {values['ratio']:5.2f} x {first}'s "
              f"({min(values['rounds_ms']):.1f} .. {max(values['rounds_ms']):.1f})"
              + (f", {values['peak_bytes'] / 2**20:6.0f} MiB at most" if values["peak_bytes"] else ""))
    if args.output:
        save(result, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
