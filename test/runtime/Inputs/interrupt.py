"""Sends a signal once a run's log holds so many lines: interrupt.py SIGNAL LOG LINES COMMAND...

Prints the exit status (negative: killed by that signal).
"""

import pathlib
import signal
import subprocess
import sys
import time

name, log, lines = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
process = subprocess.Popen(sys.argv[4:])
deadline = time.time() + 120
while process.poll() is None and time.time() < deadline:
    if log.exists() and log.read_bytes().count(b"\n") >= lines:
        process.send_signal(getattr(signal, name))
        break
    time.sleep(0.002)
print("status", process.wait(timeout=120))
