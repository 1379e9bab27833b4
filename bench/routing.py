"""Times routing: from token ids to plans, and its share of a training step.

    python3 bench/routing.py build/bin/hashc [--output FILE] [--rounds 5] [--steps 3]

bench/routing.hash, 8192 tokens a step and 64 experts, with routers of the token stream and with
those that read activations. Routers take turns, `--steps` steps each in `--rounds` rounds. `plans`
is the time of what depends on tokens alone, from their ids to plans that the step can use: it
could run while the step before it does. `in the step` is what has to wait for activations: scores
and their gradients, choices, plans, auxiliary losses. Gathering and scattering rows is the same for
all routers and counts for neither.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "bench", "reference"))
from machine import describe, save  # noqa: E402

STATIC = ["random", "balanced", "bigram"]
LEARNED = ["switch", "noaux_tc", "base", "expert_choice"]


def build(hashc, kind, folder):
    path = os.path.join(folder, kind)
    subprocess.run([hashc, os.path.join(ROOT, "bench", "routing.hash"), "-D", f"kind={kind}", "-o", path], check=True)
    return path


def is_routing(kernel):
    return kernel["kind"] == "router" or kernel["path"].endswith(".w_router")


def measure(path, steps):
    """Milliseconds of a step: all of it, its plans, and routing that waits for activations."""
    output = subprocess.run([path, "bench", "--steps", str(steps), "--json"], check=True, capture_output=True, text=True)
    result = json.loads(output.stdout)
    sums = {"plan_batch": 0.0, "grad_step": 0.0, "update": 0.0}
    for kernel in filter(is_routing, result["kernels"]):
        sums[kernel["entry"]] += kernel["ms"]
    return {"step": result["step_ms"], "plans": sums["plan_batch"], "in_step": sums["grad_step"]}


def compare(hashc, rounds, steps, folder):
    paths = {kind: build(hashc, kind, folder) for kind in STATIC + LEARNED}
    samples = {kind: [] for kind in paths}
    for _ in range(rounds):
        for kind, path in paths.items():
            samples[kind].append(measure(path, steps))
    rows = []
    for kind, measured in samples.items():
        median = {name: statistics.median(m[name] for m in measured) for name in measured[0]}
        rows.append({"router": kind, "reads": "tokens" if kind in STATIC else "activations",
                     **{f"{name}_ms": value for name, value in median.items()},
                     "plans_share": median["plans"] / median["step"],
                     "in_step_share": median["in_step"] / median["step"],
                     "rounds": measured})
        print(f"{kind:14} step {median['step']:8.1f} ms   plans {median['plans']:7.3f} ms ({rows[-1]['plans_share']:.3%})"
              f"   in the step {median['in_step']:8.3f} ms ({rows[-1]['in_step_share']:.2%})", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("hashc")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--output", metavar="FILE")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = compare(os.path.abspath(args.hashc), args.rounds, args.steps, folder)
    if args.output:
        save({**describe(), "tokens": 8192, "experts": 64, "rounds": args.rounds, "steps": args.steps,
              "routers": rows}, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
