"""Adds up the parameters that a module declares: count-parameters.py MODULE EXPECTED."""

import math
import re
import sys

text = open(sys.argv[1]).read()
total = sum(math.prod(int(extent) for extent in shape.split("x"))
            for shape in re.findall(r"hash\.param @\S+ : tensor<([0-9x]+)xf32>", text))
print(total)
assert total == int(sys.argv[2])
