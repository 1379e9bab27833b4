"""Means, spreads and paired differences of an experiment's runs."""

import math
import statistics

# Student's t, 97.5 %, by degrees of freedom.
T975 = [math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045]
FLOPS_TOLERANCE = 0.01


def get_t(freedom):
    return T975[freedom] if freedom < len(T975) else 1.96


def describe_sample(values):
    return {"mean": statistics.fmean(values), "sd": statistics.stdev(values) if len(values) > 1 else None,
            "values": values}


def compare_paired(values, baseline):
    """The mean of the differences of runs with one seed, with its 95 % interval."""
    differences = [values[seed] - baseline[seed] for seed in values if seed in baseline]
    if not differences:
        return None
    mean = statistics.fmean(differences)
    if len(differences) < 2:
        return {"mean": mean, "half_width": None, "verdict": "one seed only"}
    half = get_t(len(differences) - 1) * statistics.stdev(differences) / math.sqrt(len(differences))
    verdict = "no difference" if abs(mean) <= half else "better" if mean < 0 else "worse"
    return {"mean": mean, "half_width": half, "verdict": verdict}


def compare_flops(flops, baseline):
    return flops / baseline - 1


def get_routers(record):
    return [{name: router[name] for name in ("path", "experts", "k", "load", "max_over_mean", "bound", "dead")
             if name in router} for router in record["eval"]["routers"]]


def compare_runs(records, baseline):
    """The paired difference of losses; of bits per byte where tokens differ, as a loss is that of a token."""
    tokens = {record["eval"]["targets"] for record in records + baseline}
    metric = "loss" if len(tokens) == 1 else "bits_per_byte"
    values, base = ({record["seed"]: record["eval"].get(metric) for record in runs} for runs in (records, baseline))
    if None in values.values() or None in base.values():
        return None
    difference = compare_paired(values, base)
    if difference:
        difference["metric"] = metric
    return difference


def summarize_row(row, records, step_ms, baseline, baseline_flops):
    good = [record for record in records if "eval" in record]
    result = {"name": row.name, "define": row.define, "paper": row.paper, "note": row.note, "drawn": row.curve,
              "runs": [strip(record) for record in records], "failed": len(records) - len(good)}
    if not good:
        return result
    losses = {record["seed"]: record["eval"]["loss"] for record in good}
    info = good[0]["info"]
    flops = info["flops_per_token"]["train"]
    result.update({
        "parameters": info["total_parameters"], "active_parameters": info["active_parameters"],
        "flops_per_token": flops["total"], "router_flops_per_token": flops.get("router", 0.0),
        "valid_loss": describe_sample(list(losses.values())),
        "perplexity": describe_sample([math.exp(loss) for loss in losses.values()]),
        "bits_per_byte": describe_sample([record["eval"]["bits_per_byte"] for record in good])
        if all(record["eval"].get("bits_per_byte") for record in good) else None,
        "step_ms": step_ms,
        "tokens_per_s": info["train"]["batch"] * info["context"] / step_ms * 1e3 if step_ms else None,
        "train_pflops": flops["total"] * good[0]["tokens"] / 1e15,
        "routers": get_routers(good[0]),
        "max_over_mean": [max(values) for values in
                          zip(*([router["max_over_mean"] for router in get_routers(record)] for record in good))],
        "dead": max((router["dead"] for record in good for router in get_routers(record)), default=None),
        "non_causal": any(record["eval"].get("non_causal") for record in good),
    })
    if baseline:
        result["difference"] = compare_runs(good, baseline)
    if baseline_flops:
        deviation = compare_flops(flops["total"], baseline_flops)
        result["flops_deviation"] = deviation
        result["flops"] = (row.more_flops if row.more_flops else
                           "equal" if abs(deviation) <= FLOPS_TOLERANCE else "NOT EQUAL")
    return result


def strip(record):
    """A run without what all runs of its row share."""
    return {key: value for key, value in record.items() if key not in ("row", "info")}


def summarize(plan, records, speeds):
    """`records` and milliseconds of a step by row."""
    base = [record for record in records.get(plan.baseline, []) if "eval" in record]
    flops = base[0]["info"]["flops_per_token"]["train"]["total"] if base else 0
    rows = [summarize_row(row, records[row.name], speeds.get(row.name), [] if row.name == plan.baseline else base, flops)
            for row in plan.rows if row.table and row.name in records]
    first = next((record for row in records.values() for record in row if "eval" in record), None)
    return {"experiment": plan.title, "baseline": plan.baseline, "paper": plan.paper, "note": plan.note,
            "settings": {key: first["info"][key] for key in ("train", "precision", "vocab", "context")} if first else {},
            "tokens": first["tokens"] if first else 0, "scored": first["eval"]["targets"] if first else 0, "rows": rows}
