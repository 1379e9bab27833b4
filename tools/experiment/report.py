"""An experiment's results as a Markdown page."""


def table(head, rows):
    line = lambda cells: "| " + " | ".join(map(str, cells)) + " |"
    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def show_sample(sample, digits):
    if sample is None:
        return ""
    spread = "" if sample["sd"] is None else f" ± {sample['sd']:.{digits}f}"
    return f"{sample['mean']:.{digits}f}{spread}"


def show_difference(row):
    difference = row.get("difference")
    if not difference:
        return ""
    half = "" if difference["half_width"] is None else f" ± {difference['half_width']:.3f}"
    unit = " bits per byte" if difference["metric"] == "bits_per_byte" else ""
    return f"{difference['mean']:+.3f}{half}{unit}: {difference['verdict']}"


def show_load(row):
    """The largest over the mean load beside its bound, of each layer."""
    parts = []
    for router, most in zip(row["routers"], row["max_over_mean"]):
        bound = f" ({router['bound']:.2f})" if router.get("bound") else ""
        parts.append(f"{most:.2f}{bound}")
    return ", ".join(parts)


def show_row(row, has_paper):
    cells = [row["name"] + (" †" if row.get("non_causal") else "")]
    if "valid_loss" not in row:
        return cells + ["failed"] + [""] * (8 + has_paper)
    failed = f" ({row['failed']} failed)" if row["failed"] else ""
    cells += [f"{row['parameters'] / 1e6:.2f} / {row['active_parameters'] / 1e6:.2f}",
              f"{row['flops_per_token'] / 1e6:.2f}" + ("" if row.get("flops") in (None, "equal") else f" ({row['flops']})"),
              show_sample(row["valid_loss"], 4) + failed, show_sample(row["perplexity"], 2),
              show_sample(row["bits_per_byte"], 4), show_difference(row), show_load(row),
              "" if row["dead"] is None else row["dead"], f"{row['tokens_per_s'] / 1e3:.1f}" if row["tokens_per_s"] else ""]
    return cells + ([row["paper"] if row["paper"] is not None else ""] if has_paper else [])


def show_failures(summary):
    failed = [(row["name"], run) for row in summary["rows"] for run in row["runs"] if "error" in run]
    if not failed:
        return ""
    return "\n## Failed runs\n\n" + "\n".join(f"- {name}, seed {run['seed']}: `{run['error'].splitlines()[0]}`"
                                              for name, run in failed) + "\n"


def show_seeds(summary):
    seeds = sorted({run["seed"] for row in summary["rows"] for run in row["runs"]})
    rows = []
    for row in summary["rows"]:
        by_seed = {run["seed"]: run for run in row["runs"]}
        rows.append([row["name"], *(f"{by_seed[seed]['eval']['loss']:.4f}" if "eval" in by_seed.get(seed, {}) else "failed"
                                    for seed in seeds)])
    return table(["valid loss of", *(f"seed {seed}" for seed in seeds)], rows)


def show_settings(summary):
    train = summary["settings"].get("train", {})
    if not train:
        return ""
    return (f"{summary['tokens'] / 1e6:.2f} M tokens in {summary['steps']} steps of {train['batch']} windows of "
            f"{summary['settings']['context']}, vocabulary {summary['settings']['vocab']}, {summary['settings']['precision']}. "
            f"Every row has one learning rate, {train['lr']}, and one schedule; none was tuned for any row. Seeds are three: of "
            "initial weights, of the data's order, and of tables. Rows with one seed share the first two, so their differences "
            "are paired; the interval is of 95 % (Student's t), and a difference inside it is none. "
            f"{summary['scored']} tokens are scored, each once, in windows one after the other (the stride is the context); a window's first token has no context. "
            f"Speed is that of training steps on random tokens, measured at the end, rows taking turns.")


def write(summary, path, plots):
    has_paper = any(row["paper"] is not None for row in summary["rows"])
    head = ["row", "M parameters, total / active", "MFLOP a token", "valid loss", "perplexity", "bits per byte",
            f"loss − {summary['baseline']}", "max / mean load (bound)", "dead", "k tokens/s"]
    if has_paper:
        head.append(f"paper: {summary['paper']}" if summary["paper"] else "paper")
    unequal = [row["name"] for row in summary["rows"] if row.get("flops") == "NOT EQUAL"]
    texts = ", ".join(f"{text['name']} ({text['bytes']} bytes, sha256 {text['sha256'][:12]})" for text in summary["texts"])
    notes = [summary["note"]] if summary["note"] else []
    notes += [f"{row['name']}: {row['note']}" for row in summary["rows"] if row["note"]]
    if any(row.get("non_causal") for row in summary["rows"]):
        notes.append("† sees other positions: its loss is not that of a model that can generate.")
    if any((row.get("difference") or {}).get("metric") == "bits_per_byte" for row in summary["rows"]):
        notes.append("Where rows have tokens of their own, their losses are not of the same things: bits per byte are compared, and curves not drawn.")
    notes.append("FLOPs for a token are those of the kernels of a training step; all rows agree within 1 %"
                 + (f", except {', '.join(unequal)}." if unequal else
                    ", except where the table says why not." if any(row.get("flops") not in (None, "equal")
                                                                   for row in summary["rows"]) else "."))
    machine = summary["machine"]
    page = [f"# {summary['experiment']}", "", show_settings(summary), "", f"Text: {texts}.", "",
            table(head, [show_row(row, has_paper) for row in summary["rows"]]), "",
            *(f"- {note}" for note in notes), "", show_seeds(summary), show_failures(summary),
            *(f"![{title}]({file})" for title, file in plots), "",
            f"{machine['date']}, {machine['cpu']}, {machine['cores']} cores, commit {machine['commit'][:12]}"
            f"{' with changes' if machine['commit_changed'] else ''}: `{summary['command']}`"]
    with open(path, "w") as file:
        file.write("\n".join(page) + "\n")
