#!/usr/bin/env python3
"""Measures the model of a folder that `gpu.sh build` made on a GPU.

Steps of hashc and of PyTorch take turns (reference/step_time.py); then the kernels of a step, each waited for;
then, if asked for, steps with tiles of one width; then training on a text. Peaks are the data sheets', of bf16 without sparsity. Exit status: 0, 2 for a wrong command
line, 3 if there is no driver or no GPU that will do. Without PyTorch for the GPU its sides are not run, and the
output says so.
"""

import argparse
import datetime
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile

from gpu_check import Gpu, NoGpu, SimulatedGpu, find_processor, read_log

# FLOP/s in bf16 by what the driver's name of the GPU contains.
PEAKS = {"H200": 989e12, "H100 PCIe": 756e12, "H100": 989e12, "A100": 312e12}
TORCH_SIDES = ["eager", "compile"]
WIDTHS = [64, 128, 256]
KERNELS_SHOWN = 25


def find_peak(gpu):
    return next((peak for name, peak in PEAKS.items() if name in getattr(gpu, "name", "")), None)


def check_torch(gpu):
    """Why PyTorch cannot be measured; empty if it can."""
    test = "import torch; assert torch.cuda.is_available(), 'it has no GPU here'" if not gpu.is_simulated else "import torch"
    done = subprocess.run([sys.executable, "-c", test], capture_output=True, text=True)
    return (done.stderr.strip().splitlines() or ["it does not start"])[-1] if done.returncode else ""


def measure_steps(args, program, sides, scratch):
    output = scratch / "steps.json"
    command = [sys.executable, args.folder / "reference" / "step_time.py", program, "--device", args.device,
               "--rounds", str(args.rounds), "--steps", str(args.steps), "--sides", ",".join(sides), "--output", output]
    # Times of a simulator are shown to nobody.
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL if args.device == "sim" else None)
    return json.loads(output.read_text())


def measure_widths(args, size):
    """Steps with tiles of one width, which take turns, and the products in them: medians of rounds, in ms."""
    times = {width: [] for width in WIDTHS}
    for _ in range(args.rounds):
        for width in WIDTHS:
            program = (args.folder / "programs" / f"{size}.sm_90a.{width}").resolve()
            command = [program, "bench", "--device", args.device, "--steps", str(args.steps), "--json"]
            bench = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            products = sum(kernel["ms"] for kernel in bench["kernels"] if kernel["op"].startswith("grouped_"))
            times[width].append((bench["step_ms"], products))
    return {width: dict(zip(("step_ms", "products_ms"), map(statistics.median, zip(*rounds)))) for width, rounds in times.items()}


def measure_training(args, program, scratch):
    """Tokens/s in the second half of training, all of it: data, schedule, logging."""
    log = scratch / "log.jsonl"
    command = [program, "train", "--device", args.device, "--data", args.data, "--steps", str(args.train_steps), "--eval-every", "0",
               "--out", scratch / "run", "--log", log, "--quiet"]
    subprocess.run(command, check=True)
    records = [record for record in read_log(log) if "tokens_per_s" in record]
    rates = [record["tokens_per_s"] for record in records]
    return {"steps": len(records), "tokens_per_s": statistics.median(rates[len(rates) // 2:]),
            "first_loss": records[0]["loss"], "last_loss": records[-1]["loss"]}


def list_steps(steps, peak):
    flops = sum(kernel["flops"] for kernel in steps["sides"]["hashc"]["kernels"])
    base = steps["sides"]["hashc"]["step_ms"]
    rows = ["| | ms a step | times hashc's | tokens/s | TFLOP/s | of the peak |", "|---|---|---|---|---|---|"]
    for side, values in steps["sides"].items():
        seconds = values["step_ms"] / 1e3
        rate = flops / seconds
        share = f"{100 * rate / peak:.1f} %" if peak else "not known"
        rows.append(f"| {side} | {values['step_ms']:.2f} | {values['step_ms'] / base:.2f} | {steps['tokens'] / seconds:,.0f} | "
                    f"{rate / 1e12:.1f} | {share} |")
    return rows


def list_kernels(side, peak):
    kernels = [kernel for kernel in side["kernels"] if kernel["id"] >= 0][:KERNELS_SHOWN]
    rows = ["| path | op | ms a step | share | TFLOP/s | of the peak |", "|---|---|---|---|---|---|"]
    for kernel in kernels:
        share = f"{100 * kernel['gflops'] * 1e9 / peak:.1f} %" if peak else "not known"
        rows.append(f"| {kernel['path']} | {kernel['op']} | {kernel['ms']:.3f} | {100 * kernel['share']:.1f} % | "
                    f"{kernel['gflops'] / 1e3:.2f} | {share} |")
    return rows


def write_page(args, result, peak):
    facts = [f"- {name}: {value}" for name, value in result["facts"].items()]
    missing = [f"- not run: {what}" for what in result["not_run"]]
    lines = ["# A hash_lm of a GPU's size" + (", a dry run" if args.device == "sim" else ""), "", *facts, *missing, ""]
    if args.device != "sim":
        lines += ["## A step", "", *list_steps(result["steps"], peak), "", "## Its kernels, each waited for", "",
                  *list_kernels(result["steps"]["sides"]["hashc"], peak), ""]
        if widths := result.get("widths"):
            lines += ["## Tiles of one width", "", "| columns | ms a step | ms of its products, each waited for |", "|---|---|---|"]
            lines += [f"| {width} | {each['step_ms']:.2f} | {each['products_ms']:.2f} |" for width, each in widths.items()] + [""]
        if training := result.get("training"):
            lines += ["## Training", "", f"{training['tokens_per_s']:,.0f} tokens/s in the second half of {training['steps']} steps; "
                      f"the loss went from {training['first_loss']:.3f} to {training['last_loss']:.3f}.", ""]
    args.output.write_text("\n".join(lines))
    args.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--device", default="0", metavar="N|sim", help="the GPU; sim: a dry run of a small model without one")
    parser.add_argument("--data", metavar="TEXT", help="also train on this text")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10, help="of a round")
    parser.add_argument("--train-steps", type=int, default=100)
    parser.add_argument("--widths", action="store_true", help="also steps with tiles of products of 64, 128 and 256 columns; sm_90a")
    parser.add_argument("--sides", default="hashc," + ",".join(TORCH_SIDES), help="default: %(default)s")
    parser.add_argument("--output", type=pathlib.Path, metavar="FILE.md", help="default: results.md in the folder")
    args = parser.parse_args()
    if args.device != "sim" and not args.device.isdigit():
        parser.error("--device is a number, or sim")
    if "hashc" not in args.sides.split(","):
        parser.error("--sides has hashc: the others are compared with it")
    args.output = args.output or args.folder / "results.md"
    return args


def main():
    args = parse_arguments()
    try:
        gpu = SimulatedGpu() if args.device == "sim" else Gpu(int(args.device))
    except NoGpu as reason:
        print(f"error: {reason}; --device sim is a dry run without one", file=sys.stderr)
        return 3
    about = dict(line.split(": ", 1) for line in (args.folder / "about.txt").read_text().splitlines())
    facts = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "GPU": gpu.describe(),
             "CPU": find_processor(), **about, "command": shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]])}
    result = {"facts": facts, "not_run": []}
    sides = args.sides.split(",")
    if set(sides) != {"hashc"} and (why := check_torch(gpu)):
        result["not_run"].append(f"PyTorch: {why}")
        sides = ["hashc"]
    if gpu.is_simulated:
        result["not_run"].append("anything on a real GPU: times are a simulator's, and are not written here")
    if not args.data:
        result["not_run"].append("training: --data names no text")
    has_widths = gpu.is_simulated or gpu.get_arch() == "sm_90a"
    if not args.widths or not has_widths:
        result["not_run"].append("widths: " + ("this GPU's tiles have one" if args.widths else "--widths does not ask for them"))
    size = "small" if args.device == "sim" else "large"
    program = (args.folder / "programs" / f"{size}.{gpu.get_arch()}").resolve()
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        result["steps"] = measure_steps(args, program, sides, scratch)
        if args.widths and has_widths:
            result["widths"] = measure_widths(args, size)
        if args.data:
            result["training"] = measure_training(args, program, scratch)
    if gpu.is_simulated:
        result["dry_run_of"] = list(result.pop("steps")["sides"])
        result["dry_run_of"] += [part for part in ("widths", "training") if result.pop(part, None)]
    write_page(args, result, find_peak(gpu))
    for what in result["not_run"]:
        print(f"not run: {what}")
    print(f"wrote: {args.output} and {args.output.with_suffix('.json').name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
