"""Compares docs/commands.md with the options that programs report: check-commands.py PAGE HASHC MODEL

Every option of hashc's own, and of each command of a model's executable, stands in a table of its
section, and nothing else does. MODEL is any executable that hashc wrote, or one with its runtime.
"""

import re
import subprocess
import sys


def get_help(*command):
    return subprocess.run([*command, "--help"], check=True, capture_output=True, text=True).stdout


def list_hashc_options(text):
    own = text[text.index("Compiler options:"):text.index("General options:")]
    return {name: set(re.findall(r"^    =(\w+)", body, re.MULTILINE))
            for name, body in re.findall(r"^  (--?[\w-]+)(.*?(?=^  -|\Z))", own, re.MULTILINE | re.DOTALL)}


def list_commands(text):
    return re.findall(r"^  (\w+) {2,}", text[text.index("Subcommands:"):], re.MULTILINE)


def list_options(text):
    found = re.findall(r"^  (-\w,)?(--[\w-]+)", text, re.MULTILINE)
    return {option: set() for short, name in found if name != "--help" for option in (short.strip(","), name) if option}


def get_section(page, heading):
    match = re.search(rf"^(#+) {re.escape(heading)}$\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
    return match[2] if match else ""


def list_entries(section):
    """The code in the first cells of its tables."""
    cells = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    return {entry for cell in cells for entry in re.findall(r"`([^`]+)`", cell)}


def list_documented(section):
    return {re.match(r"--?[\w-]+", entry)[0] for entry in list_entries(section) if entry.startswith("-")}


def compare(where, section, options):
    wrong = [f"{where}: {name} is not documented" for name in sorted(options.keys() - list_documented(section))]
    wrong += [f"{where}: there is no {name}" for name in sorted(list_documented(section) - options.keys())]
    for name, values in sorted(options.items()):
        known = list_entries(section) | {"text"}  # --report=text is --report
        wrong += [f"{where}: {name}={value} is not documented" for value in sorted(values)
                  if not {value, f"{name}={value}"} & known]
    return wrong


def main():
    page = open(sys.argv[1], encoding="utf-8").read()
    hashc, model = sys.argv[2:]
    options = list_hashc_options(get_help(hashc))
    wrong, count = compare("hashc", get_section(page, "hashc"), options), len(options)
    for command in list_commands(get_help(hashc, "table")):
        options = list_options(get_help(hashc, "table", command))
        count += len(options)
        wrong += compare(f"table {command}", get_section(page, f"hashc table {command}"), options)
    commands = list_commands(get_help(model))
    for command in commands:
        options = list_options(get_help(model, command))
        count += len(options)
        wrong += compare(command, get_section(page, command), options)
    print("\n".join(wrong + [f"{len(commands)} commands, {count} options, {len(wrong)} wrong"]))
    return 1 if wrong or len(commands) < 6 or count < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
