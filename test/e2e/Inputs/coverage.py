"""Fails if a differentiable op occurs in none of the modules: coverage.py SOURCE LLVM-TBLGEN INCLUDE MODULE.mlir...

Differentiable are the ops whose definition says so, and upstream's with a rule in dialect/ScalarVjp.cpp.
"""

import json
import pathlib
import re
import subprocess
import sys

source, tblgen, include, *modules = sys.argv[1:]


def list_own():
    """Ops with DifferentiableOpInterface, as TableGen has them."""
    command = [tblgen, "--dump-json", f"-I{source}/dialect", f"-I{include}", f"{source}/dialect/HashOps.td"]
    records = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for name in records["!instanceof"]["Op"]:
        traits = {trait["def"] for trait in records[name]["traits"]}
        if any("DifferentiableOpInterface" in json.dumps(records[trait]) for trait in traits):
            yield records[name]["opDialect"]["def"].split("_")[0].lower() + "." + records[name]["opName"]


def list_upstream():
    """arith::AddFOp is arith.addf."""
    rules = (pathlib.Path(source) / "dialect/ScalarVjp.cpp").read_text()
    for dialect, op in re.findall(r"^HASHC_RULE\((\w+)::(\w+)Op\)", rules, re.MULTILINE):
        yield f"{dialect}.{op.lower()}"


own, upstream = set(list_own()), set(list_upstream())
assert len(own) > 10 and len(upstream) > 15, (own, upstream)
used = set()
for module in modules:
    used.update(re.findall(r"= ((?:hash|arith|math)\.\w+) ", pathlib.Path(module).read_text()))
missing = sorted((own | upstream) - used)
print(f"{len(own | upstream)} differentiable ops, not in these modules: {', '.join(missing) or 'none'}")
sys.exit(1 if missing else 0)
