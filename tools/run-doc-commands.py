#!/usr/bin/env python3
"""Runs the commands of a Markdown page, so that no page can promise what does not work.

    tools/run-doc-commands.py PAGE.md...

In an empty folder, for each page in order: a fenced block whose info string is a language and a
file name (```hash my.hash) writes that file; a block of language `sh` is run by bash and must
succeed. A block of language `text` is what the last commands print: each of its lines must be
part of a line of their output, in order, but numbers may be others and `...` stands for anything.
Other blocks are prose. build/bin is on the PATH, and HASHC_SRC names the sources.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```([a-z]+)?(?: +(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?(?: [kMGT]\b)?")


def find_missing(expected, output):
    """The first line of `expected` that `output` lacks, or None."""
    lines = iter([" ".join(NUMBER.sub("0", line).split()) for line in output.splitlines()])
    for line in expected.splitlines():
        wanted = " ".join(NUMBER.sub("0", line).split())
        if wanted not in ("", "...") and not any(wanted in line for line in lines):
            return line
    return None


def run_page(page, build):
    environment = dict(os.environ, HASHC_SRC=str(ROOT), PATH=f"{build}/bin:{os.environ['PATH']}")
    output = ""
    with tempfile.TemporaryDirectory() as folder:
        for language, name, body in BLOCK.findall(page.read_text()):
            if name:
                target = pathlib.Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(body)
            elif language == "sh":
                print(f"{page.name}: {body.strip()}", flush=True)
                done = subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=folder, env=environment,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
                output = done.stdout
                print(output, end="", flush=True)
                if done.returncode != 0:
                    print(f"{page}: exit status {done.returncode}", file=sys.stderr)
                    return 1
            elif language == "text":
                missing = find_missing(body, output)
                if missing is not None:
                    print(f"{page}: the commands do not print '{missing}'", file=sys.stderr)
                    return 1
    return 0


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    build = os.environ.get("HASHC_BUILD", str(ROOT / "build"))
    return max(run_page(pathlib.Path(page).resolve(), build) for page in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
