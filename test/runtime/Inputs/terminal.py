"""Runs a command on a terminal of 100 columns and prints what it wrote, with escapes spelled out."""

import os
import pty
import struct
import sys
import fcntl
import termios

child, master = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])
output = b""
while True:
    try:
        part = os.read(master, 4096)
    except OSError:
        break
    if not part:
        break
    output += part
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(output.decode().replace("\x1b", "<ESC>").replace("\r", "<CR>"))
sys.exit(status)
