"""Evaluates a printed @grad_step of elementwise ops on numbers, and compares its gradients with
finite differences of its losses: scalar-gradients.py MODULE."""

import math
import re
import sys

OPS = {
    "arith.addf": lambda a, b: a + b,
    "arith.subf": lambda a, b: a - b,
    "arith.mulf": lambda a, b: a * b,
    "arith.divf": lambda a, b: a / b,
    "arith.negf": lambda a: -a,
    "arith.maximumf": max,
    "arith.minimumf": min,
    "arith.andi": lambda a, b: a and b,
    "arith.select": lambda c, a, b: a if c else b,
    "math.exp": math.exp,
    "math.log": math.log,
    "math.log1p": math.log1p,
    "math.tanh": math.tanh,
    "math.erf": math.erf,
    "math.sqrt": math.sqrt,
    "math.rsqrt": lambda a: 1 / math.sqrt(a),
    "math.absf": abs,
    "math.sin": math.sin,
    "math.cos": math.cos,
    "math.fma": lambda a, b, c: a * b + c,
    "math.powf": lambda a, b: a**b,
    "arith.extf": lambda a: a,
    "arith.truncf": lambda a: a,
    "hash.splat": lambda a: a,
}
COMPARE = {
    "ogt": lambda a, b: a > b,
    "oge": lambda a, b: a >= b,
    "olt": lambda a, b: a < b,
    "oeq": lambda a, b: a == b,
}


def run(code, values):
    """The returned numbers, from those of the arguments."""
    for line in code:
        if match := re.match(r"return (.*?) :", line):
            return [values[name] for name in match[1].split(", ")]
        result, op, rest = re.match(r"(%\S+) = (\S+) (.*)", line).groups()
        operands = [values[name] for name in re.findall(r"%\w+", rest)]
        if op == "arith.constant":
            values[result] = float(re.match(r"dense<([^>]*)>", rest)[1])
        elif op == "arith.cmpf":
            values[result] = COMPARE[rest.split(",")[0]](*operands)
        else:
            values[result] = OPS[op](*operands)


text = open(sys.argv[1]).read()
signature, body = re.search(r"func.func @grad_step\((.*?)\) -> \(.*?\) {\n(.*?)\n  }", text, re.S).groups()
arguments = re.findall(r"(%\w+): [^{]*{hash.arg = #hash.arg<(\w+)", signature)
code = [line.strip() for line in body.splitlines()]
parameters = [name for name, kind in arguments if kind == "param"]


def step(point):
    """The sum of the losses, and the gradients, from accumulators at 10 and a scale of 2."""
    start = {"param": 0.0, "grad": 10.0, "scale": 2.0}
    values = {name: start[kind] for name, kind in arguments} | dict(zip(parameters, point))
    returned = run(code, values)
    count = len(returned) - len(parameters)
    return math.fsum(returned[:count]), [(g - 10) / 2 for g in returned[count:]]


checked = 0
for point in [(0.7, 1.3), (1.6, 0.4), (0.25, 2.5)]:
    _, gradients = step(point)
    for i, gradient in enumerate(gradients):
        width = 1e-6
        up, down = (step([x + sign * width * (i == j) for j, x in enumerate(point)])[0] for sign in (1, -1))
        expected = (up - down) / (2 * width)
        assert abs(gradient - expected) < 1e-6 * max(1, abs(expected)), (point, i, gradient, expected)
        checked += 1
print(f"{checked} gradients agree with finite differences")
