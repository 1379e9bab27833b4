#!/usr/bin/env python3
"""Says what of the dialect no test shows.

    coverage.py TABLEGEN_JSON ROUND_TRIP.mlir INVALID.mlir...

TABLEGEN_JSON is mlir-tblgen's dump of HashOps.td. Every op, every kind of argument, every
initialiser and every row space must occur in the round trip, and for every op every named
constraint and every confined attribute must be broken somewhere in the invalid files.
"""

import json
import re
import sys

records = json.load(open(sys.argv[1]))
# Lines that only check do not show an op.
shown = "\n".join(line for line in open(sys.argv[2]) if not line.lstrip().startswith("//"))
cases = [case for path in sys.argv[3:] for case in open(path).read().split("// -----")]
missing = []


def defs(kind):
    return [records[name] for name in records["!instanceof"].get(kind, [])]


def is_confined(argument):
    """True of attributes that not every value of their type is right for."""
    if "ConfinedAttr" in argument["!superclasses"]:
        return True
    inner = argument.get("baseAttr")
    return inner is not None and is_confined(records[inner["def"]])


def is_broken(op, words):
    """True if a case about the op expects an error with these words."""
    expected = r"expected-error(?: @\S+)? \{\{.*" + words
    return any(re.search(rf"\bhash\.{op}\b", case) and re.search(expected, case) for case in cases)


for op in defs("Hash_Op"):
    name = op["opName"]
    if not re.search(rf"\bhash\.{name}\b", shown):
        missing.append(f"hash.{name} is in no round trip")
    for trait in op["traits"]:
        constraint = records.get(trait["def"], {})
        if "Hash_Constraint" in constraint.get("!superclasses", []):
            word = re.search(r"\((\w+)\)$", constraint["summary"]).group(1)
            if not is_broken(name, re.escape(constraint["summary"])):
                missing.append(f"no case breaks ({word}) of hash.{name}: '{constraint['summary']}'")
    # The names in the descriptions of constraints that are C++.
    for word in re.findall(r"^ *- \((\w+)\)", op["description"], re.MULTILINE):
        if not is_broken(name, rf"\({word}\)"):
            missing.append(f"no case breaks ({word}) of hash.{name}")
    for argument, attribute in op["arguments"]["args"]:
        if is_confined(records[argument["def"]]) and not is_broken(name, f"attribute '{attribute}' failed"):
            missing.append(f"no case breaks attribute '{attribute}' of hash.{name}")
ENUMS = {"Hash_ArgKind": r"#hash\.arg<{}\b", "Hash_Init": r"init {}\b", "Hash_GateKind": r"hash\.gate {}\b", "Hash_RowSpace": r"[\[ ]{}[,\]]"}
for enum, pattern in ENUMS.items():
    for case in records[enum]["enumerants"]:
        word = records[case["def"]]["str"]
        if not re.search(pattern.format(word), shown):
            missing.append(f"{enum}'s {word} is in no round trip")
for line in missing:
    print(line)
sys.exit(1 if missing else 0)
