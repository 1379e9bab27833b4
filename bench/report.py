"""Joins what bench/run.sh measured into one JSON file and one Markdown page.

    python3 bench/report.py FOLDER --out bench/results
"""

import argparse
import json
import os
import re


def load(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return json.load(file)


def table(head, rows):
    line = lambda cells: "| " + " | ".join(map(str, cells)) + " |"
    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def percent(value):
    return "" if value is None else f"{100 * value:.0f} %"


def describe_step(step):
    rows = []
    for side, values in step["sides"].items():
        fractions = values.get("fraction_of_peak")
        rows.append([side, f"{values['step_ms']:.1f}", f"{values['ratio']:.2f}",
                     f"{min(values['rounds_ms']):.1f} .. {max(values['rounds_ms']):.1f}",
                     percent(sorted(fractions)[len(fractions) // 2] if fractions else None),
                     f"{values['peak_bytes'] / 2**20:.0f}"])
    return (f"## A training step of {step['model']}\n\n{step['parameters'] / 1e6:.1f} M parameters, {step['precision']}, "
            f"{step['tokens']} random tokens a step, {step['threads']} threads; median of {step['rounds']} rounds of "
            f"{step['steps']} steps.\n\n"
            + table(["side", "ms a step", "times hashc's", "rounds", "of the FMA peak", "MiB at most"], rows))


def describe_kernels(report):
    rows = [[k["name"], f"{k['gflops']:.1f}", percent(k["fraction_of_peak"]), percent(k["wall_fraction_of_peak"]),
             percent(k.get("torch_fraction_of_peak")), f"{k['ratio']:.2f}" if "ratio" in k else ""]
            for k in report["kernels"]]
    return ("## Products of a hash layer\n\n4096 rows, f32, against the FMA peak of the same run; median of "
            f"{report['repeat']}.\n\n"
            + table(["product", "GFLOP/s a core", "of the peak, CPU time", "of the peak, wall time",
                     "PyTorch, wall time", "times as fast as PyTorch"], rows))


def describe_fusion(report):
    forms = list(report["layers"][0]["forms"])
    rows = [[layer["name"], *(f"{form['ms']:.1f} ({form['ratio']:.2f})" for form in layer["forms"].values()),
             *(f"{layer['forms'][form]['peak_bytes'] / 2**20:.0f}" for form in ("none", "all"))]
            for layer in report["layers"]]
    return ("## One hash layer with each fusion\n\nd = 512, D = 2048, 4096 rows, f32, forward and backward; ms, and in "
            f"brackets as parts of the time without fusion; median of {report['rounds']} rounds of {report['steps']} "
            "steps.\n\n"
            + table(["layer", *(f"--fuse={form}" for form in forms), "MiB at most, none", "MiB at most, all"], rows))


def describe_tables(report):
    times = [[case["name"], f"{1000 * case['seconds']:.0f}",
              f"{1000 * case['limit_seconds']:.0f}" if case["limit_seconds"] else ""] for case in report["builders"]]
    loads = [[load["experts"], *(f"{load[key]:.2f}" for key in ("bound", "balanced", "random"))]
             for load in report["loads"]]
    return ("## Routing tables\n\nMilliseconds of CPU time to make one, with reading its data; counts by Zipf's law; median of "
            f"{report['rounds']}.\n\n" + table(["table", "ms", "at most"], times)
            + "\n\nThe busiest expert's load over the mean, 50257 ids by Zipf's law; random is the mean of "
            f"{len(report['loads'][0]['random_seeds'])} seeds.\n\n"
            + table(["experts", "bound", "balanced", "random"], loads))


def describe_verify(report):
    rows = []
    for result in report["verify"]:
        worst = [max(result[kind]["differences"].values()) for kind in ("fresh", "trained")]
        training = result["training"]
        rows.append([result["example"], *(f"{w:.1e}" for w in worst), f"{training['loss']:.1e}",
                     f"{training['parameter']:.1e}", f"{training['first_loss']:.2f} to {training['last_loss']:.2f}"])
    return (f"## Equality with PyTorch\n\n{report['failed']} comparisons failed. Gradients: the largest difference, "
            "relative to the largest element of the same gradient.\n\n"
            + table(["example", "gradients, fresh", "gradients, trained", "losses of training", "trained parameters",
                     "loss in training"], rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    machine = load(args.folder, "machine.json")
    parts = {"verify": load(args.folder, "verify.json"), "kernels": load(args.folder, "kernels.json"),
             "fusion": load(args.folder, "fusion.json"), "tables": load(args.folder, "tables.json")}
    steps = [step for step in (load(args.folder, f"step-{model}.json") for model in ("hash_lm", "dense_lm")) if step]
    torch = next((side["torch"] for step in steps for side in step["sides"].values() if "torch" in side), None)
    text = [f"# Measured on {machine['cpu']}\n\n{machine['date']}, {machine['cores']} cores, "
            f"{', '.join(f'{level} {size}' for level, size in machine['caches'].items())}, "
            f"{' '.join(f for f in machine['cpu_features'] if f.startswith(('avx', 'amx', 'fma')))}; hashc "
            f"{machine['commit'][:10]}{' with changes' if machine['commit_changed'] else ''}"
            f"{f', PyTorch {torch}' if torch else ''}; load before {machine['load']:.1f}.\n\n"
            f"    {machine['command']}"]
    text += [describe_step(step) for step in steps]
    text += [describe_kernels(parts["kernels"])] if parts["kernels"] else []
    text += [describe_fusion(parts["fusion"])] if parts["fusion"] else []
    text += [describe_tables(parts["tables"])] if parts["tables"] else []
    text += [describe_verify(parts["verify"])] if parts["verify"] else []

    os.makedirs(args.out, exist_ok=True)
    processor = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower()).strip("-")
    path = os.path.join(args.out, f"{machine['date'][:10]}-{processor}")
    with open(path + ".json", "w") as file:
        json.dump({**machine, "torch": torch, "steps": steps, **{k: v for k, v in parts.items() if v}}, file, indent=1)
        file.write("\n")
    with open(path + ".md", "w") as file:
        file.write("\n\n".join(text) + "\n")
    print(f"wrote {path}.json and {path}.md")


if __name__ == "__main__":
    main()
