"""Starts a second training in a folder while the first one runs: second.py EXECUTABLE."""

import pathlib
import subprocess
import sys
import time

command = [sys.argv[1], "train", "--out", "twin", "--quiet", "--steps"]
first = subprocess.Popen(command + ["100000", "--log", "twin.jsonl"])
try:
    while first.poll() is None and not pathlib.Path("twin.jsonl").exists():
        time.sleep(0.01)
    second = subprocess.run(command + ["1"], capture_output=True, text=True)
finally:
    first.kill()
    first.wait()
print(second.stderr, second.returncode)
assert second.returncode in (1, 3)
