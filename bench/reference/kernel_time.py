"""Times the grouped products of bench/kernels beside PyTorch's, case by case.

    python3 bench/reference/kernel_time.py build/bin/kernel-bench [--output FILE] [--repeat 5] [--filter TEXT]

PyTorch multiplies the rows of each expert with its matrix, one after the other, into memory
that is there already; `alone` is that and nothing else, `fused` adds what the compiled kernel
has in its body: gather or scatter, bias, GELU or its derivative, the sum into the gradient. For
every case kernel-bench runs first, in a process of its own, and measures the FMA peak between
its runs; both sides are fractions of that peak, by wall time and with the same threads.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

from machine import describe, save


def make_counts(case):
    """Rows of each expert: all alike, or by Zipf's law."""
    rows, experts = case["rows"], max(1, case["experts"])
    weights = torch.tensor([1.0 / (i + 1) if case["zipf"] else 1.0 for i in range(experts)])
    generator = torch.Generator().manual_seed(1)
    chosen = torch.multinomial(weights, rows, replacement=True, generator=generator) if case["zipf"] else \
        torch.arange(rows) % experts
    return torch.bincount(chosen, minlength=experts).tolist()


class Product:
    """One case in PyTorch; `run` computes it once."""

    def __init__(self, case):
        rows, depth, columns = case["rows"], case["depth"], case["columns"]
        self.counts = make_counts(case)
        self.fused, self.first = case["form"] == "fused", depth < columns
        generator = torch.Generator().manual_seed(2)
        random = lambda *shape: torch.rand(shape, generator=generator)
        self.x, self.dy = random(rows, depth), random(rows, columns)
        self.y, self.dx = torch.empty(rows, columns), torch.empty(rows, depth)
        self.kept = random(rows, depth)  # what GELU read
        # One tensor an expert, as modules have.
        self.weights = [random(depth, columns) for _ in self.counts]
        self.bias = [random(columns) for _ in self.counts]
        self.gradients = [torch.zeros(depth, columns) for _ in self.counts]
        self.order = torch.randperm(rows, generator=generator)
        self.run = {"forward": self.forward, "input gradient": self.input_gradient,
                    "weight gradient": self.weight_gradient}[case["product"]]

    def groups(self, x):
        return x.split(self.counts)

    def forward(self):
        x = self.x[self.order] if self.fused and self.first else self.x
        for rows, w, b, out in zip(self.groups(x), self.weights, self.bias, self.groups(self.y)):
            if self.fused:
                torch.addmm(b, rows, w, out=out)
            else:
                torch.mm(rows, w, out=out)
        if self.fused:
            return F.gelu(self.y) if self.first else torch.empty_like(self.y).index_copy_(0, self.order, self.y)
        return self.y

    def input_gradient(self):
        dy = self.dy[self.order] if self.fused and not self.first else self.dy
        for rows, w, out in zip(self.groups(dy), self.weights, self.groups(self.dx)):
            torch.mm(rows, w.T, out=out)
        if self.fused:
            return torch.empty_like(self.dx).index_copy_(0, self.order, self.dx) if self.first else \
                torch.ops.aten.gelu_backward(self.dx, self.kept)
        return self.dx

    def weight_gradient(self):
        x = self.x[self.order] if self.fused and self.first else self.x
        dy = self.dy[self.order] if self.fused and not self.first else self.dy
        for rows, d, out in zip(self.groups(x), self.groups(dy), self.gradients):
            if self.fused:
                out.addmm_(rows.T, d)
            else:
                torch.mm(rows.T, d, out=out)
        return self.gradients


def time_torch(case, repeat):
    """The median wall time of a run."""
    product = Product(case)
    product.run()
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        product.run()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def measure(args):
    bench = [args.bench, f"--team={args.threads}", f"--filter={args.filter}"]
    names = subprocess.run([*bench, "--list"], check=True, capture_output=True, text=True).stdout.splitlines()
    cases = []
    for name in names:
        command = [args.bench, f"--team={args.threads}", f"--repeat={args.repeat}", f"--filter={name}", "--json"]
        report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        (case,) = report["kernels"]
        seconds = time_torch(case, args.repeat)
        flops = 2.0 * case["rows"] * case["depth"] * case["columns"]
        case["torch_gflops"] = flops / seconds / args.threads * 1e-9
        case["torch_fraction_of_peak"] = case["torch_gflops"] / case["peak_gflops"]
        case["ratio"] = case["wall_gflops"] / case["torch_gflops"]
        print(f"{name:44} hashc {100 * case['wall_fraction_of_peak']:5.1f} %  PyTorch "
              f"{100 * case['torch_fraction_of_peak']:5.1f} % of peak, {case['ratio']:5.2f} x as fast", flush=True)
        cases.append(case)
    return {**describe(), "threads": args.threads, "repeat": args.repeat, "kernels": cases}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bench", help="kernel-bench")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--filter", default="", help="only cases with TEXT in their name")
    parser.add_argument("--output", metavar="FILE", help="write everything measured to FILE")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    result = measure(args)
    if args.output:
        save(result, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
