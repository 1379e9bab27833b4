"""Checks the trace of sync-trace.c: sync-order.py TRACE FOLDER.

Every file is flushed before it gets its name, a checkpoint's folder after all its files have theirs, and
the run's folder before `latest` names the checkpoint. So no crash of the machine makes `latest` name what
is not on the disk.
"""

import os
import sys

trace, out = sys.argv[1], os.path.realpath(sys.argv[2])
dirty_files, dirty_folders, named = set(), set(), []


def fail(why):
    sys.exit(f"{why}, after {named}")


for line in open(trace):
    what, inode, source, target = line.rstrip("\n").split("\t")
    if what == "write":
        dirty_files.add(inode)
    elif what == "fsync":
        dirty_files.discard(inode)
        dirty_folders.discard(os.path.realpath(source))
    else:
        source, target = os.path.abspath(source), os.path.abspath(target)
        name = os.path.relpath(target, out)
        if inode in dirty_files:
            fail(f"{name} is named before it is flushed")
        if source in dirty_folders:
            fail(f"{name} is named before its folder's entries are flushed")
        if name == "latest" and out in dirty_folders:
            fail("latest is written before the checkpoint's name is flushed")
        dirty_folders.add(os.path.dirname(target))
        named.append(name)
if out in dirty_folders:
    fail("the names in the run's folder are never flushed")
for name in named:
    print(name)
