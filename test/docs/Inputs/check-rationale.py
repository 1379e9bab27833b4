"""Every op and attribute has its reason: check-rationale.py RATIONALE.md DIALECT.md

Names come from the dialect's generated reference; each must stand in code somewhere on the page.
"""

import pathlib
import re
import sys

rationale, reference = (pathlib.Path(path).read_text() for path in sys.argv[1:])
names = set(re.findall(r"^### `hash\.(\w+)`", reference, re.MULTILINE))
ops = len(names)
names |= set(re.findall(r"<tr><td><code>(\w+)</code>", reference)) - {"sym_name", "sym_visibility"}  # MLIR's own
said = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", rationale))))
for name in sorted(names - said):
    print(f"no reason for '{name}'")
print(f"{ops} ops, {len(names) - ops} attributes, {len(names - said)} without a reason")
sys.exit(1 if names - said or not ops else 0)
