#!/usr/bin/env python3
"""Runs clang-tidy over what the build compiles. A file that passed is checked again only when it,
a header of ours that it includes, its flags or the checks changed: build/tidy/ keeps a hash of all
that for each file."""

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
        # Checks ask for the parents of nodes, and the map of parents takes in every declaration
        # of a precompiled header: four seconds, lost where none of it is used.
        if not any('"mlir/' in text for text in self.files.values()):
            entry["command"] = PRECOMPILED.sub("", entry["command"])
        self.entries.append(entry)
        for header in FORCED_INCLUDE.findall(entry["command"]):
            self.read(pathlib.Path(header))

    def hash(self, settings):
        parts = {str(path): text for path, text in self.files.items()}
        content = json.dumps([settings, self.entries, parts], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


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


def check(source, settings):
    """Whether the file passes; prints what clang-tidy finds."""
    stamp = PASSED / (source.name + ".passed")
    key = source.hash(settings)
    if stamp.is_file() and stamp.read_text() == key:
        return True
    run = subprocess.run([TIDY, "-p", str(PASSED), "--quiet", "--warnings-as-errors=*", source.name],
                         cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode != 0:
        print(run.stdout, flush=True)
        return False
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    return True


def main():
    sources = collect_sources()
    settings = read_settings()
    PASSED.mkdir(exist_ok=True)
    database = [entry for source in sources for entry in source.entries]
    (PASSED / "compile_commands.json").write_text(json.dumps(database))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        passed = list(pool.map(lambda source: check(source, settings), sources))
    return 0 if all(passed) else 1


sys.exit(main())
