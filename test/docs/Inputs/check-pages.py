"""Every page with commands is run by a test: check-pages.py ROOT"""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
tests = "".join(test.read_text() for test in (root / "test/docs").glob("*.test"))
run = set(re.findall(r"run-doc-commands\.py %src/(\S+)", tests))
pages = [root / "README.md", *sorted(root.glob("docs/*.md"))]
with_commands = {str(page.relative_to(root)) for page in pages if re.search(r"^```sh$", page.read_text(), re.MULTILINE)}
for page in sorted(with_commands ^ run):
    print(f"{page}: " + ("no test runs its commands" if page in with_commands else "has no commands"))
print(f"{len(with_commands)} pages with commands")
sys.exit(1 if with_commands != run or not run else 0)
