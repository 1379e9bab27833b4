"""Trains step by step and compares each with an independent AdamW: adamw.py MODEL GRADIENTS STEPS.

MODEL and GRADIENTS are one model; GRADIENTS has betas (0, 0) and no clipping, so its first moment after one step is
the gradient itself. The corpus is one batch, which every step sees.
"""

import json
import math
import pathlib
import shutil
import subprocess
import sys

import safetensors

model, gradients, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
LR, BETA1, BETA2, EPS, DECAY, CLIP, WARMUP = 1e-2, 0.9, 0.95, 1e-8, 0.3, 1.18, 3

info = json.loads(subprocess.run([model, "info", "--json"], check=True, capture_output=True, text=True).stdout)
decays = {param["name"]: param["weight_decay"] for param in info["parameters"]}
assert any(decays.values()) and not all(decays.values())


def train(executable, run, *options):
    subprocess.run([executable, "train", "--quiet", "--out", run, "--log", run + ".jsonl", *options], check=True)
    return [safetensors.read(safetensors.newest(run, file))[1] for file in ("model.safetensors", "optimizer.safetensors")]


def compare(what, name, ours, theirs):
    size = max(map(abs, theirs)) or 1.0
    error = max(abs(x - y) for x, y in zip(ours, theirs, strict=True)) / size
    assert error < 1e-12, f"{what} of {name} after step {step} differs by {error:.1e}"


shutil.rmtree("adamw.run", ignore_errors=True)
params, _ = train(model, "adamw.run", "--steps", "0")
first = {name: [0.0] * len(values) for name, values in params.items() if name in decays}
second = {name: [0.0] * len(values) for name, values in first.items()}
clipped = 0
for step in range(1, steps + 1):
    start = safetensors.newest("adamw.run", "model.safetensors")
    shutil.rmtree("gradient.run", ignore_errors=True)
    pathlib.Path("gradient.run.jsonl").unlink(missing_ok=True)
    _, gradient = train(gradients, "gradient.run", "--steps", "1", "--init", str(start))
    theirs, state = train(model, "adamw.run", "--steps", str(step), "--resume", "adamw.run")
    record = json.loads(open("adamw.run.jsonl").read().splitlines()[-1])
    assert record["step"] == step

    norm = math.sqrt(sum(g * g for name in decays for g in gradient["moment1:" + name]))
    assert abs(record["grad_norm"] - norm) < 1e-12 * norm, (record["grad_norm"], norm)
    lr = LR * min(1.0, step / WARMUP)
    assert abs(record["lr"] - lr) < 1e-15, (record["lr"], lr)
    scale = min(1.0, CLIP / (norm + 1e-6))  # torch.nn.utils.clip_grad_norm_
    clipped += scale < 1
    for name in decays:
        ours = []
        for i, g in enumerate(gradient["moment1:" + name]):
            first[name][i] = BETA1 * first[name][i] + (1 - BETA1) * scale * g
            second[name][i] = BETA2 * second[name][i] + (1 - BETA2) * (scale * g) ** 2
            m, v = first[name][i] / (1 - BETA1**step), second[name][i] / (1 - BETA2**step)
            p = params[name][i] * (1 - (lr * DECAY if decays[name] else 0.0))
            ours.append(p - lr * m / (math.sqrt(v) + EPS))
        compare("the first moment", name, first[name], state["moment1:" + name])
        compare("the second moment", name, second[name], state["moment2:" + name])
        compare("the value", name, ours, theirs[name])
    params = theirs
print(f"{steps} steps, {clipped} of them clipped, as AdamW says")
sys.exit(0 if 0 < clipped < steps else 1)
