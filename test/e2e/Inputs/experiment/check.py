"""Checks the results of small.toml: python3 check.py FOLDER."""

import json
import math
import statistics
import sys

with open(sys.argv[1] + "/small.json") as file:
    result = json.load(file)
rows = {row["name"]: row for row in result["rows"]}
assert list(rows) == ["dense", "balanced", "wide", "tuned", "broken"]
assert rows["broken"]["failed"] == 2 and "valid_loss" not in rows["broken"]
assert "hidden" in rows["broken"]["runs"][0]["error"], rows["broken"]
losses = {name: [run["eval"]["loss"] for run in row["runs"]] for name, row in rows.items() if name != "broken"}
assert len({loss for values in losses.values() for loss in values}) == 8, losses  # seeds differ
differences = [a - b for a, b in zip(losses["balanced"], losses["dense"])]
paired = rows["balanced"]["difference"]
assert math.isclose(paired["mean"], statistics.fmean(differences))
assert math.isclose(paired["half_width"], 12.706 * statistics.stdev(differences) / math.sqrt(2))
assert paired["verdict"] == ("no difference" if abs(paired["mean"]) <= paired["half_width"] else
                             "better" if paired["mean"] < 0 else "worse")
assert math.isclose(rows["dense"]["perplexity"]["mean"], statistics.fmean(map(math.exp, losses["dense"])))
assert rows["balanced"]["parameters"] > rows["dense"]["parameters"]
assert rows["balanced"]["flops"] == "equal" and rows["wide"]["flops"] == "more", rows
assert rows["wide"]["flops_deviation"] > 0.02
assert rows["balanced"]["max_over_mean"][0] >= rows["balanced"]["routers"][0]["bound"] > 0
assert rows["tuned"]["runs"][0]["curve"][0]["loss"] < rows["balanced"]["runs"][0]["curve"][0]["loss"]
assert [point["step"] for point in rows["dense"]["runs"][0]["curve"]] == [4, 8, 12]
assert rows["dense"]["tokens_per_s"] > 0
print("fine")
