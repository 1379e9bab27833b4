"""Runs a command with so many MiB of data: little-memory.py MIB COMMAND..."""

import resource
import subprocess
import sys


def limit():
    size = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))


sys.exit(subprocess.run(sys.argv[2:], preexec_fn=limit).returncode)
