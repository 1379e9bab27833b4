"""An experiment's curves and loads, drawn by gnuplot."""

import math
import os
import shutil
import subprocess
import sys

COLOURS = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d98200", "#444444", "#16a3a3", "#b5527a", "#7f8c2a", "#5d6d9e",
           "#a0522d", "#000000"]


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def begin(path, title, x, y):
    return ['set terminal svg noenhanced size 820,520 font "Helvetica,14" background rgb "white"',
            f"set output {quote(path)}", f"set title {quote(title)}", f"set xlabel {quote(x)}", f"set ylabel {quote(y)}",
            "set grid lc rgb '#dddddd'", "set border 3", "set tics nomirror", "set key outside right top"]


def draw(lines, curves, folder, name):
    path = os.path.join(folder, name + ".gp")
    with open(path, "w") as file:
        file.write("\n".join([*lines, "plot " + ", ".join(curves)]) + "\n")
    done = subprocess.run(["gnuplot", path], capture_output=True, text=True)
    os.remove(path)
    if done.returncode != 0:
        raise SystemExit(f"error: gnuplot: {done.stderr.strip()}")


def get_curve(row, x):
    """Mean and range over seeds of the perplexity at each evaluation."""
    curves = [run["curve"] for run in row["runs"] if "eval" in run]
    points = []
    for same in zip(*curves):
        values = [math.exp(point["loss"]) for point in same]
        at = same[0]["step"] * (row["step_ms"] / 1e3 if x == "seconds" else 1)
        points.append((at, sum(values) / len(values), min(values), max(values)))
    return points


def get_ticks(low, high):
    """Four to ten round numbers between them: a logarithmic axis has none of its own within a decade."""
    size = 10.0 ** math.floor(math.log10(high - low))
    step = next(size * factor for factor in (0.1, 0.2, 0.5, 1, 2) if (high - low) / (size * factor) <= 10)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def draw_curves(rows, x, label, path, folder):
    # The first evaluations would flatten all that follows.
    ends = [point for row in rows for point in get_curve(row, x)[len(get_curve(row, x)) // 3:]]
    if not ends:
        return False
    low, high = min(p[2] for p in ends) * 0.98, max(p[3] for p in ends) * 1.02
    lines = begin(path, "Perplexity of held-out text (mean and range over seeds)", label, "perplexity")
    lines += ["set logscale y", f"set yrange [{low}:{high}]",
              f"set ytics ({', '.join(f'{tick:.6g}' for tick in get_ticks(low, high))})"]
    curves = []
    for index, row in enumerate(rows):
        lines += [f"$row{index} << END", *(" ".join(map(str, point)) for point in get_curve(row, x)), "END"]
        colour = quote(COLOURS[index % len(COLOURS)])
        curves += [f"$row{index} using 1:3:4 with filledcurves fs transparent solid 0.15 noborder lc rgb {colour} notitle",
                   f"$row{index} using 1:2 with linespoints lw 2 pt 7 ps 0.4 lc rgb {colour} title {quote(row['name'])}"]
    draw(lines, curves, folder, "curve-" + x)
    return True


def draw_loads(rows, path, folder):
    """Each expert's share of the mean load, the largest first, and the bound that one token sets."""
    lines = begin(path, "Load of experts on held-out text, first seed, first hash layer", "expert, by falling load, of all",
                  "load / mean load")
    lines += ["set logscale y", "set xrange [0:1]"]
    curves, bounds = [], {}
    for index, row in enumerate(rows):
        if not row["routers"]:
            continue
        router = row["routers"][0]
        loads = sorted(router["load"], reverse=True)
        mean = sum(loads) / len(loads)
        lines += [f"$row{index} << END",
                  *(f"{(place + 0.5) / len(loads)} {max(load / mean, 1e-3)}" for place, load in enumerate(loads)), "END"]
        colour = quote(COLOURS[index % len(COLOURS)])
        curves.append(f"$row{index} with steps lw 2 lc rgb {colour} title {quote(row['name'])}")
        if router.get("bound"):
            bounds[round(router["bound"], 2)] = router["experts"]
    for bound, experts in sorted(bounds.items()):
        curves.append(f"{bound} with lines dt 2 lc rgb '#888888' title {quote(f'bound, {experts} experts')}")
    if curves:
        draw(lines, curves, folder, "loads")
    return bool(curves)


def has_same_tokens(row):
    """Perplexities are compared with the baseline's only where they are of the same tokens."""
    return (row.get("difference") or {}).get("metric", "loss") == "loss"


def draw_all(summary, folder, name):
    """Titles and files."""
    if not shutil.which("gnuplot"):
        print("experiment: there is no gnuplot here, so there are no plots", file=sys.stderr)
        return []
    rows = [row for row in summary["rows"] if "valid_loss" in row]
    plots = []
    for x, label in (("step", "optimizer steps"), ("seconds", "seconds of training")):
        file = f"{name}-{x}.svg"
        timed = [row for row in rows if row["drawn"] and has_same_tokens(row) and (x == "step" or row["step_ms"])]
        if draw_curves(timed, x, label, os.path.join(folder, file), folder):
            plots.append((f"Perplexity over {label}", file))
    file = f"{name}-load.svg"
    if draw_loads(rows, os.path.join(folder, file), folder):
        plots.append(("Load of experts", file))
    return plots
