"""Kills a training run ten times at random moments, resumes it, and compares what it ends with.

    kill-and-resume.py EXECUTABLE CORPUS STEPS REFERENCE_RUN RUN
"""

import pathlib
import random
import subprocess
import sys
import time

executable, corpus, steps, reference, run = sys.argv[1:]
rng = random.Random(7)


def command(out, resume):
    line = [executable, "train", "--data", corpus, "--steps", steps, "--save-every", "5", "--quiet", "--out", out]
    return line + (["--resume", out] if resume else [])


begin = time.time()
subprocess.run(command(reference, False), check=True)
whole = time.time() - begin

kills = 0
while kills < 10:
    resume = any(pathlib.Path(run).rglob("*.safetensors"))
    process = subprocess.Popen(command(run, resume))
    try:
        process.wait(timeout=rng.uniform(0.05, 0.5) * whole)
        if process.returncode == 0:
            break  # it finished before it could be killed
        sys.exit(f"a resumed run failed with status {process.returncode}")
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        kills += 1
resume = any(pathlib.Path(run).rglob("*.safetensors"))
subprocess.run(command(run, resume), check=True)
print(f"killed {kills} times")
