"""Runs a command that may write no file larger than so many bytes: small-disk.py BYTES COMMAND...

What a full disk is to a program: a write that fails in the middle of a file.
"""

import resource
import signal
import subprocess
import sys


def limit():
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # which kills; Python ignores it
    size = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


sys.exit(subprocess.run(sys.argv[2:], preexec_fn=limit).returncode)
