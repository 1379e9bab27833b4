"""Trains every row of an experiment with every seed, and writes a table and plots; see tools/experiment.sh."""

import argparse
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "bench", "reference")]
import plan as plans  # noqa: E402
import plots  # noqa: E402
import report  # noqa: E402
import runs  # noqa: E402
import summary as summaries  # noqa: E402
from machine import describe, save  # noqa: E402


def parse():
    parser = argparse.ArgumentParser(prog="tools/experiment.sh")
    parser.add_argument("experiment", metavar="NAME|FILE.toml")
    parser.add_argument("--hashc", required=True, help=argparse.SUPPRESS)
    for name in ("data", "valid", "fine"):
        parser.add_argument("--" + name, metavar="FILE")
    parser.add_argument("--out", metavar="FOLDER")
    parser.add_argument("--only", metavar="ROW", action="append")
    for name in ("seeds", "steps", "threads"):
        parser.add_argument("--" + name, metavar="N", type=int, default=0)
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


def open_texts(plan, rows, args):
    """The texts that the rows train on."""
    texts = {}
    for name, path, valid in (("data", args.data, args.valid), ("fine", args.fine, None)):
        if not any(row.data == name for row in rows):
            continue
        if not path:
            raise plans.PlanError(f"the rows of {plan.path} train on a text: name it with --{name} FILE")
        for file in filter(None, (path, valid)):
            if not os.path.isfile(file):
                raise plans.PlanError(f"there is no file '{file}'")
        texts[name] = runs.Text(path, valid)
    return texts


def choose_rows(plan, only):
    """The rows named, and those that they begin with."""
    if not only:
        return plan.rows
    names = set()
    for name in only:
        if name not in [row.name for row in plan.rows]:
            raise plans.PlanError(f"there is no row '{name}'; there are {', '.join(row.name for row in plan.rows)}")
        work = [name]
        while work:
            names.add(work[-1])
            work += plan.find(work.pop()).get_needed()
    return [row for row in plan.rows if row.name in names]


def describe_command(name, args):
    """The command line with files by name: folders differ from machine to machine."""
    words = ["tools/experiment.sh", name]
    for option in ("data", "valid", "fine"):
        if getattr(args, option):
            words += ["--" + option, os.path.basename(getattr(args, option))]
    for option in ("seeds", "steps", "threads"):
        if getattr(args, option):
            words += ["--" + option, str(getattr(args, option))]
    return " ".join(words + [f'--only "{row}"' for row in args.only or []])


def run_all(runner, rows, seeds, progress):
    records = {}
    for seed in seeds:  # a stopped experiment has whole seeds
        for row in rows:
            before = runs.read_json(os.path.join(runner.get_folder(row, seed), "done.json"))
            record = runner.run(row, seed)
            records.setdefault(row.name, []).append(record)
            progress.finish(record, record != before)
    return records


def main():
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(runs.Stopped()))
    try:
        path = plans.find_file(args.experiment, os.path.join(ROOT, "examples", "paper"))
        plan = plans.read(path)
        rows = choose_rows(plan, args.only)
        texts = open_texts(plan, rows, args)
    except plans.PlanError as error:
        print(f"experiment: error: {error}", file=sys.stderr)
        return 2
    name = os.path.splitext(os.path.basename(path))[0]
    out = args.out or os.path.join(ROOT, "build", "experiments", name)
    seeds = plan.seeds[:args.seeds or None]
    progress = runs.Progress(len(rows) * len(seeds))
    runner = runs.Runner(plan, os.path.abspath(args.hashc), texts, out, progress, args.threads, args.steps, args.keep)
    try:
        records = run_all(runner, rows, seeds, progress)
        speeds = runner.measure_speed([row for row in rows if row.table], seeds[0])
    except (KeyboardInterrupt, runs.Stopped):
        print("\nexperiment: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    summary = summaries.summarize(plan, records, speeds)
    summary.update({"steps": args.steps or plan.steps, "machine": {key: value for key, value in describe().items() if key != "command"},
                    "command": describe_command(name, args), "texts": [part for text in texts.values() for part in text.describe()]})
    save(summary, os.path.join(out, f"{name}.json"))
    report.write(summary, os.path.join(out, f"{name}.md"), plots.draw_all(summary, out, name))
    with open(os.path.join(out, f"{name}.md")) as file:
        print(file.read())
    print(f"wrote {out}/{name}.md, .json and plots", file=sys.stderr)
    return 1 if any("error" in record for row in records.values() for record in row) else 0


if __name__ == "__main__":
    sys.exit(main())
