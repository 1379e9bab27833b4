"""Compares the losses of two `eval --json`: same-loss.py A B TOLERANCE."""

import json
import sys

a, b = (json.load(open(path))["loss"] for path in sys.argv[1:3])
print(f"{a:.15f} {b:.15f}, difference {abs(a - b):.2e}")
sys.exit(0 if abs(a - b) <= float(sys.argv[3]) else 1)
