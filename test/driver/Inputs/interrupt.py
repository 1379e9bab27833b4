"""Interrupts a command again and again, each time a little later: interrupt.py COMMAND...

Ends when the command does before the signal. Fails where the signal did not end it.
"""

import signal
import subprocess
import sys
import time

delay = 0.02
while True:
    process = subprocess.Popen(sys.argv[1:])
    time.sleep(delay)
    number = signal.SIGINT if round(delay * 100) % 2 else signal.SIGTERM
    process.send_signal(number)
    status = process.wait(timeout=120)
    if status == 0:
        break
    if status not in (-number, 3):
        sys.exit(f"exit status {status} after signal {number} at {delay:.2f} s")
    delay += 0.05
