"""Starts an experiment, stops it once its training has saved a checkpoint: python3 stop.py COMMAND..."""

import glob
import os
import signal
import subprocess
import sys
import time

process = subprocess.Popen(sys.argv[1:], start_new_session=True)
out = sys.argv[sys.argv.index("--out") + 1]
end = time.monotonic() + 120
while not glob.glob(f"{out}/runs/*/run/latest"):
    assert process.poll() is None and time.monotonic() < end, "it saved nothing"
    time.sleep(0.05)
os.killpg(process.pid, signal.SIGTERM)
assert process.wait(timeout=60) == 130, process.returncode
