"""Checks the static arena: arena-overlap.py SHARED APART KERNELS.

SHARED and APART are what hash-plan-memory makes of one module, with and without sharing. Operand by
operand they are the same code, and APART, where every value has bytes of its own, tells which value
each operand is. In SHARED a value's bytes may then be written by another value's op only after the last
op that reads it, or by that very op, where each element is read before it is written. KERNELS is the
kernels stage as hashc prints it: launch by launch it works on the bytes of SHARED.
"""

import collections
import itertools
import re
import sys

WIDTH = {"i8": 1, "i32": 4, "i64": 8, "f32": 4, "f64": 8, "bf16": 2}
READ_IN_PLACE = {"rotary", "dropout", "cross_entropy_grad"}
Op = collections.namedtuple("Op", "name text ins outs")


def size(shape):
    *sizes, element = shape.split("x")
    count = 1
    for number in sizes:
        count *= int(number)
    return count * WIDTH[element]


def operands(text, keyword):
    match = re.search(keyword + r"\(([^):]*)", text)
    return re.findall(r"%[\w#]+", match[1]) if match else []


def parse(path):
    """The entry points: name -> (range of each view, arena's size, ops on buffers)."""
    entries, functions = {}, re.split(r"\n  func\.func ", open(path).read())
    for function in functions[1:]:
        if function.startswith("private"):
            continue
        name = re.match(r"@(\w+)", function)[1]
        constants = dict(re.findall(r"(%\w+) = arith\.constant (\d+) : index", function))
        ranges = {}
        for view, offset, shape in re.findall(r"(%\w+) = memref\.view %\w+\[(%\w+)\]\[\] : memref<\w+> to memref<(\S+?)>", function):
            begin = int(constants[offset])
            ranges[view] = (begin, begin + size(shape))
        ops = []
        for line in re.findall(r"\n    (hash\..*)", function):
            kind = re.match(r"hash\.(\w+)(?: \"(\w+)\")?", line)
            if kind[1] == "launch":
                ops.append(Op("launch", line, re.findall(r"%\w+", line), []))
            elif kind[1] == "library_call":
                ops.append(Op(kind[2], line, operands(line, " ins"), operands(line, " outs")))
            else:
                ins = [v for key in (" plan", " lhs", " rhs", " reads") for v in operands(line, key)]
                ops.append(Op(kind[1], line, ins, operands(line, " outs")))
        arena = int(re.search(r"memref<(\d+)xi8> {hash\.arg = #hash\.arg<arena>", function)[1])
        entries[name] = ranges, arena, ops
    return entries


def overlap(a, b):
    return a[0] < b[1] and b[0] < a[1]


def check_placement(name, ranges, arena, ops):
    used = {value for op in ops for value in op.ins + op.outs}
    for value, (begin, end) in ranges.items():
        assert begin % 64 == 0 and end <= arena, f"{name}: {value} is at {begin} of {arena} bytes"
        assert value in used, f"{name}: {value} is not used"


def check_launches(name, launched, shared):
    """Launches pass each buffer once, in the order of the op's operands."""
    assert len(launched[2]) == len(shared[2]), f"{name}: other launches than ops"
    for launch, op in zip(launched[2], shared[2]):
        passed = [launched[0].get(value, value) for value in launch.ins]
        wanted = list(dict.fromkeys(shared[0].get(value, value) for value in op.ins + op.outs))
        assert passed == wanted, f"{name}: {launch.text} is not {op.text}"


def spaces(op, keyword):
    match = re.search(keyword + r"\(.*?\) at \[(.*?)\]", op.text)
    return match[1].split(", ") if match else []


def is_read_in_place(op, apart, dying, out):
    """True if `op` reads an element of `dying` only before it writes that element of out number `out`."""
    if op.name in READ_IN_PLACE:
        return apart.ins.count(dying) == 1 and apart.ins[0] == dying
    if op.name not in ("map", "grouped_gemm"):
        return False
    reads = operands(apart.text, " reads")
    if apart.ins.count(dying) != reads.count(dying):
        return False
    written = spaces(op, " outs")[out]
    return all(
        space not in ("all", "group") and (space == written or " plan(" not in op.text)
        for value, space in zip(reads, spaces(op, " reads")) if value == dying)


def check_sharing(name, shared, apart):
    ranges, _, ops = shared
    own, _, apart_ops = apart
    assert len(ops) == len(apart_ops), f"{name}: other ops without sharing"
    for a, b in itertools.combinations(own, 2):
        assert not overlap(own[a], own[b]), f"{name}: {a} and {b} share bytes all the same"
    last = {value: n for n, op in enumerate(apart_ops) for value in op.ins + op.outs}
    held, in_place = {}, 0  # the value of `apart` -> its bytes in `shared`
    for number, (op, other) in enumerate(zip(ops, apart_ops)):
        assert op.name == other.name and len(op.ins + op.outs) == len(other.ins + other.outs), f"{name}: {op.text}"
        for value, alone in zip(op.ins, other.ins):
            if alone in own:
                assert held.get(alone) == ranges[value], f"{name}: {op.text}: {value} was written over before it is read"
        for out, (value, alone) in enumerate(zip(op.outs, other.outs)):
            if alone not in own:
                continue
            for known, where in list(held.items()):
                if known == alone or not overlap(where, ranges[value]):
                    continue
                assert last[known] <= number, f"{name}: {op.text}: writes over a value that is read later"
                if last[known] == number and known in other.ins:
                    assert where == ranges[value] and is_read_in_place(op, other, known, out), \
                        f"{name}: {op.text}: writes over what it still reads"
                    in_place += 1
                del held[known]
            held[alone] = ranges[value]
    return in_place


shared, apart, kernels = map(parse, sys.argv[1:])
assert {"grad_step", "eval_step", "update"} <= set(shared), list(shared)
in_place = 0
for name, entry in shared.items():
    check_placement(name, *entry)
    check_placement(name, *apart[name])
    in_place += check_sharing(name, entry, apart[name])
    check_launches(name, kernels[name], entry)
sizes = [sum(arena for _, arena, _ in module.values()) for module in (shared, apart)]
assert in_place > 0 and sizes[0] < sizes[1]
print(f"{in_place} results in place, each legally; {sizes[0]} bytes instead of {sizes[1]}")
