"""Fails unless a run's checkpoint holds a table file's entries: same-table.py RUN TABLE.safetensors NAME."""

import sys

import safetensors

_, stored = safetensors.read(safetensors.newest(sys.argv[1], "model.safetensors"))
_, given = safetensors.read(sys.argv[2])
assert stored[sys.argv[3]] == given["tid2eid"], "the checkpoint's table is another"
