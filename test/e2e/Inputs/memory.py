"""Compares the memory that `info` predicts with what commands use at their peak: memory.py SMALL LARGE.

`info` leaves out the process (code, libraries, stacks) and the data. Both models have the same, so what the larger one
uses more is what it is predicted to use more, to 5 %; and the process and the data stay below 32 MiB.
"""

import json
import os
import subprocess
import sys

COMMANDS = {
    # Resumed, so that no tokenizer is learned on the way.
    "train": lambda run: ["train", "--resume", run, "--steps", "3", "--quiet"],
    "eval": lambda run: ["eval", "--ckpt", run],
    "generate": lambda run: ["generate", "--ckpt", run, "--prompt", "a", "--tokens", "4"],
}


def measure_peak(command):
    """The largest resident size; that of this process is a lower bound, so it must stay small."""
    with open(os.devnull, "w") as null:
        actions = [(os.POSIX_SPAWN_DUP2, null.fileno(), 1)]
        _, status, usage = os.wait4(os.posix_spawn(command[0], command, os.environ, file_actions=actions), 0)
    assert status == 0, command
    return usage.ru_maxrss << 10


def predict(model):
    return json.loads(subprocess.run([model, "info", "--json"], check=True, capture_output=True, text=True).stdout)["memory"]


for model in sys.argv[1:]:
    measure_peak([model, "train", "--steps", "1", "--quiet", "--out", model + ".run"])
failed = False
small, large = map(predict, sys.argv[1:])
for name, command in COMMANDS.items():
    used = [measure_peak([model, *command(model + ".run")]) for model in sys.argv[1:]]
    predicted = [small[name]["total"], large[name]["total"]]
    ratio = (used[1] - used[0]) / (predicted[1] - predicted[0])
    base = max(used[0] - predicted[0], used[1] - predicted[1])
    print(
        f"{name:9} predicted {predicted[0] / 2**20:6.1f} and {predicted[1] / 2**20:6.1f} MiB, used {used[0] / 2**20:6.1f} and {used[1] / 2**20:6.1f} MiB: "
        f"{ratio:.3f} of the difference; {base / 2**20:.1f} MiB beside it"
    )
    failed |= abs(ratio - 1) > 0.05 or base > 32 << 20
sys.exit(failed)
