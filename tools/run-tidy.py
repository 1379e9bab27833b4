#!/usr/bin/env python3
"""Runs clang-tidy over what the build compiles. A file that passed is checked again only when it,
a header of ours that it includes, its flags, the checks or clang-tidy changed: a hash of all that is
kept for each file, in build/tidy/ and, so that not every machine begins anew, in test/style/tidy-passed.txt.
  tools/run-tidy.py [--record]     --record writes that list, once all files have passed
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PASSED = BUILD / "tidy"
RECORD = ROOT / "test/style/tidy-passed.txt"
TIDY = "clang-tidy-22"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
FORCED_INCLUDE = re.compile(r"-include (\S+\.h)\b")
PRECOMPILED = re.compile(r"-Winvalid-pch |-Xclang -include(-pch)? -Xclang \S*/cmake_pch\S* ")


class Source:
    """A file to check, and all that its result depends on."""

    def __init__(self, name):
        self.name = name
        self.entries = []
        self.files = {}
        self.read(ROOT / name)

    def read(self, path):
        """Keeps the text of `path` and of what it includes of our own and generated headers."""
        if path in self.files:
            return
        self.files[path] = path.read_text()
        for name in INCLUDE.findall(self.files[path]):
            candidates = [(folder / name).resolve() for folder in (path.parent, ROOT, BUILD)]
            header = next((header for header in candidates if header.is_file()), None)
            if header:
                self.read(header)

    def add(self, entry):
        # Checks ask for the parents of nodes, and the map of parents takes in every declaration of
        # a precompiled header, used or not: slower than reading the headers that a file includes.
        entry["command"] = PRECOMPILED.sub("", entry["command"])
        self.entries.append(entry)
        for header in FORCED_INCLUDE.findall(entry["command"]):
            self.read(pathlib.Path(header))

    def hash(self, settings):
        parts = {str(path): text for path, text in self.files.items()}
        content = json.dumps([settings, self.entries, parts], sort_keys=True)
        # The same tree elsewhere is the same.
        return hashlib.sha256(content.replace(str(ROOT), ".").encode()).hexdigest()


def collect_sources():
    """Only what the build compiles has flags to check it with."""
    sources = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        name = os.path.relpath(entry["file"], ROOT)
        if name.startswith(("build", "cmake")) or "/Inputs/" in name:
            continue
        if name not in sources:
            sources[name] = Source(name)
        sources[name].add(entry)
    return list(sources.values())


def read_settings():
    version = subprocess.run([TIDY, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [version, (ROOT / ".clang-tidy").read_text(), pathlib.Path(__file__).read_text()]


def read_record():
    """What is known to pass: hashes by name."""
    lines = RECORD.read_text().splitlines() if RECORD.is_file() else []
    return {name: key for key, name in (line.split(maxsplit=1) for line in lines)}


def write_record(sources, settings):
    RECORD.write_text("".join(f"{source.hash(settings)} {source.name}\n"
                              for source in sorted(sources, key=lambda source: source.name)))


def check(source, settings, record):
    """Whether the file passes; prints what clang-tidy finds."""
    stamp = PASSED / (source.name + ".passed")
    key = source.hash(settings)
    if record.get(source.name) == key or (stamp.is_file() and stamp.read_text() == key):
        return True
    run = subprocess.run([TIDY, "-p", str(PASSED), "--quiet", "--warnings-as-errors=*", source.name],
                         cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode != 0:
        print(run.stdout, flush=True)
        return False
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    return True


def main(arguments):
    if arguments not in ([], ["--record"]):
        sys.exit(__doc__)
    sources = collect_sources()
    settings = read_settings()
    PASSED.mkdir(exist_ok=True)
    record = read_record()
    database = [entry for source in sources for entry in source.entries]
    (PASSED / "compile_commands.json").write_text(json.dumps(database))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        passed = list(pool.map(lambda source: check(source, settings, record), sources))
    if not all(passed):
        return 1
    if arguments:
        write_record(sources, settings)
    return 0


sys.exit(main(sys.argv[1:]))
