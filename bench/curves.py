"""Joins the logs of bench/curves.sh into one JSON file, and writes what gnuplot draws.

    python3 bench/curves.py FOLDER --output FILE.json --plot FILE.svg

FOLDER holds NAME.jsonl, NAME.info.json and NAME.eval.json for each model, and machine.json.
"""

import argparse
import glob
import json
import os


def load(path):
    with open(path) as file:
        return json.load(file)


def read_model(folder, name):
    with open(os.path.join(folder, name + ".jsonl")) as file:
        log = [json.loads(line) for line in file]
    info = load(os.path.join(folder, name + ".info.json"))
    final = load(os.path.join(folder, name + ".eval.json"))
    steps = [entry for entry in log if "loss" in entry]
    return {
        "parameters": info["total_parameters"],
        "active_parameters": info["active_parameters"],
        "flops_per_token": info["flops_per_token"],
        "train": info["train"],
        "precision": info["precision"],
        "steps": len(steps),
        "tokens": steps[-1]["tokens"],
        "valid": [{"step": entry["step"], "loss": entry["valid_loss"]} for entry in log if "valid_loss" in entry],
        "train_loss": [{"step": entry["step"], "loss": entry["loss"]} for entry in steps],
        "final": final,
    }


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def make_plot(report, path):
    """A gnuplot program with its data in it."""
    colours = {"hash_lm": "#c0392b", "dense_lm": "#2c5f8a"}
    last = max(model["steps"] for model in report["models"].values())
    # The first steps fall from ln(vocabulary) and would flatten all that follows.
    losses = [point["loss"] for model in report["models"].values() for point in model["valid"]
              if point["step"] * 10 >= last] or [point["loss"] for m in report["models"].values() for point in m["valid"]]
    margin = 0.05 * (max(losses) - min(losses)) + 1e-3
    lines = [
        'set terminal svg noenhanced size 720,440 font "Helvetica,14" background rgb "white"',
        f"set output {quote(path)}",
        f"set title {quote('Loss on held-out text while training')}",
        'set xlabel "optimizer steps"',
        'set ylabel "validation loss (nats a token)"',
        "set grid lc rgb '#dddddd'", "set border 3", "set tics nomirror", "set key top right",
        f"set xrange [0:{last}]", f"set yrange [{min(losses) - margin}:{max(losses) + margin}]",
    ]
    curves = []
    for name, model in report["models"].items():
        block = f"${name}"
        lines += [f"{block} << END", *(f"{p['step']} {p['loss']}" for p in model["valid"]), "END"]
        title = (f"{name}: {model['parameters'] / 1e6:.1f} M parameters, "
                 f"{model['flops_per_token']['train']['total'] / 1e6:.1f} MFLOP a token")
        curves.append(f"{block} using 1:2 with linespoints lw 2 pt 7 ps 0.5 lc rgb "
                      f"{quote(colours.get(name, '#555555'))} title {quote(title)}")
    return "\n".join([*lines, "plot " + ", ".join(curves)]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--output", required=True)
    parser.add_argument("--plot", required=True, help="the SVG file that gnuplot is to write")
    args = parser.parse_args()
    names = [os.path.basename(path)[:-len(".jsonl")] for path in glob.glob(os.path.join(args.folder, "*.jsonl"))]
    report = {**load(os.path.join(args.folder, "machine.json")), **load(os.path.join(args.folder, "data.json")),
              "models": {name: read_model(args.folder, name) for name in sorted(names, reverse=True)}}
    with open(args.output, "w") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    with open(os.path.join(args.folder, "plot.gp"), "w") as file:
        file.write(make_plot(report, args.plot))
    for name, model in report["models"].items():
        print(f"{name}: {model['parameters'] / 1e6:.1f} M parameters, "
              f"{model['flops_per_token']['train']['total'] / 1e6:.2f} MFLOP a token, final validation loss "
              f"{model['final']['loss']:.4f}, perplexity {model['final']['perplexity']:.2f}")


if __name__ == "__main__":
    main()
