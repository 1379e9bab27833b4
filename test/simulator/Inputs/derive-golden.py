"""What single instructions must give, derived from the formulas of the PTX ISA and from arithmetic, beside what was noted:
    derive-golden.py GPU-CHECK FOLDER [NAME...]
FOLDER has a file for each instruction of GPU-CHECK/instructions/kernels.txt. Knows nothing of the simulator's code."""

import fractions
import math
import pathlib
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import instructions as known

MASK = (1 << 64) - 1
SIZES = {"i16": 2, "i32": 4, "i64": 8, "bf16": 2, "f32": 4, "f64": 8}


# ---- Arguments, as hash-sim has them

def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def get_random(seed, i):
    return mix(seed ^ mix(i + 0x9E3779B97F4A7C15 & MASK))


def to_f32(x):
    """To the nearest, ties to even; the exact numbers are rationals."""
    return round_to(x, 24, -149, 2.0**128)


def to_bf16(x):
    return round_to(x, 8, -133, 2.0**128)


def round_to(x, digits, lowest, end):
    if isinstance(x, float) and (math.isnan(x) or math.isinf(x) or x == 0):
        return x
    exact = fractions.Fraction(x)
    if exact == 0:
        return 0.0
    exponent = get_exponent(exact)
    unit = fractions.Fraction(2) ** max(exponent - digits + 1, lowest)
    result = round(exact / unit) * unit
    size = math.inf if abs(result) >= end else float(abs(result))
    return -size if exact < 0 else size


def get_exponent(exact):
    """Of the power of two at or below it."""
    exponent = abs(exact.numerator).bit_length() - exact.denominator.bit_length()
    return exponent if abs(exact) >= fractions.Fraction(2) ** exponent else exponent - 1


ROUND = {"bf16": to_bf16, "f32": to_f32, "f64": float}


def read_argument(text):
    """Its type and values; of a buffer that is written, none."""
    if text.startswith("map:"):
        return "map", text
    if "[" not in text:
        return text.partition(":")[0], [int(x) for x in text.partition(":")[2].split(",")]
    kind, _, rest = text.partition("[")
    shape, _, value = rest.partition("]")
    count = math.prod(int(size) for size in shape.split("x"))
    if not value:
        return kind, None
    name, _, seed = value[1:].partition(":")
    is_float = kind in ROUND
    if name == "iota":
        values = list(range(count))
    elif name == "random":
        numbers = [get_random(int(seed or 0), i) for i in range(count)]
        values = [number % 17 / 8 - 1 if is_float else number % 256 for number in numbers]
    else:
        values = [(float if is_float else int)(word) for word in name.split(",")]
        values *= count if len(values) == 1 else 1
    return kind, [ROUND[kind](float(x)) for x in values] if is_float else values


def pack(kind, values):
    if kind == "bf16":
        return b"".join(struct.pack("<f", x)[2:] for x in values)
    return struct.pack(f"<{len(values)}{dict(i16='h', i32='i', i64='q', f32='f', f64='d')[kind]}", *values)


def unpack(kind, data):
    if kind == "bf16":
        return [struct.unpack("<f", b"\0\0" + data[i:i + 2])[0] for i in range(0, len(data), 2)]
    return list(struct.unpack(f"<{len(data) // SIZES[kind]}{dict(i16='h', i32='i', i64='q', f32='f', f64='d')[kind]}", data))


# ---- "Warp Level Matrix Instructions": fragments

def derive_ldmatrix(order, transposed):
    """Lane 8 i + r has the address of row r of matrix i; lane t gets elements 2 (t % 4) and the next one of row t / 4,
    of a transposed matrix these are its columns."""
    result = []
    for lane in range(32):
        for i in range(4):
            for half in range(2):
                row, column = lane // 4, lane % 4 * 2 + half
                if transposed:
                    row, column = column, row
                result.append(order[i * 8 + row] * 8 + column)
    return result


def multiply(a, b, rows, columns, depth):
    """Exact sums. Of a NaN or an infinity times zero a NaN."""
    def element(row, column):
        return sum((fractions.Fraction(a[row, k]) * fractions.Fraction(b[k, column]) for k in range(depth)),
                   start=fractions.Fraction(0))

    def special(row, column):
        return sum(a[row, k] * b[k, column] for k in range(depth))
    is_special = not all(math.isfinite(x) for x in (*a.values(), *b.values()))
    return {(row, column): (special if is_special else element)(row, column)
            for row in range(rows) for column in range(columns)}


def derive_mma(a, b, c, depth):
    """m16n8k16 of bf16, in pairs, and m16n8k8 of tf32, whose low 13 bits are ignored."""
    left, right = {}, {}
    for lane in range(32):
        group, inside = lane >> 2, lane % 4
        for i in range(depth // 2):
            if depth == 16:
                row = group if i < 2 or 4 <= i < 6 else group + 8
                column = inside * 2 + (i & 1) + (8 if i >= 4 else 0)
            else:
                row = group if i in (0, 2) else group + 8
                column = inside if i in (0, 1) else inside + 4
            left[row, column] = a[lane * depth // 2 + i]
        for i in range(depth // 4):
            if depth == 16:
                row = inside * 2 + (i & 1) + (8 if i >= 2 else 0)
            else:
                row = inside if i == 0 else inside + 4
            right[row, group] = b[lane * depth // 4 + i]
    assert len(left) == 16 * depth and len(right) == 8 * depth
    product = multiply(left, right, 16, 8, depth)
    result = []
    for lane in range(32):
        group, inside = lane >> 2, lane % 4
        for i in range(4):
            row, column = group if i < 2 else group + 8, inside * 2 + (i & 1)
            result.append(to_f32(product[row, column] + type(product[row, column])(c[lane * 4 + i])))
    return result


def truncate_tf32(x):
    return struct.unpack("<f", struct.pack("<I", struct.unpack("<I", struct.pack("<f", x))[0] & ~0x1FFF))[0]


# ---- "Asynchronous Warpgroup Level Matrix Instructions": shared memory, and fragments of the sums

def swizzle(address):
    """128-byte mode: bits 4 to 6 by exclusive or with bits 7 to 9."""
    return address ^ (address >> 7 & 7) << 4


def read_operand(memory, start, leading, stride, transposed, extent):
    """The canonical layouts: ((8,m),(T,2k)):((8T,SBO),(1,T)), and of the major dimension that is not the contraction
    ((T,8,m),(8,k)):((1,T,LBO),(8T,SBO)), T being 8 elements of bf16."""
    elements = {}
    for row in range(extent):
        for k in range(16):
            if transposed:
                offset = row % 8 * 2 + row // 8 % 8 * 16 + row // 64 * leading + k % 8 * 128 + k // 8 * stride
            else:
                offset = row % 8 * 128 + row // 8 * stride + k % 8 * 2 + k // 8 * 16
            at = swizzle(start + offset) // 2
            elements[row, k] = memory[at]
    return elements


def derive_wgmma(left, right, columns, lhs_transposed, rhs_transposed):
    sums = {}
    for step in range(4):
        def read(memory, transposed, extent):
            start = step * 16 * 128 if transposed else step * 32
            return read_operand(memory, start, 64 * 128, 8 * 128, transposed, extent)
        a = read(left, lhs_transposed, 64)
        b = {(k, row): x for (row, k), x in read(right, rhs_transposed, columns).items()}
        # In 64ths, as all elements are eighths.
        a, b = ({at: int(x * 8) for at, x in side.items()} for side in (a, b))
        for row in range(64):
            line = [a[row, k] for k in range(16)]
            for column in range(columns):
                sums[row, column] = sums.get((row, column), 0) + sum(
                    line[k] * b[k, column] for k in range(16))
    result = []
    for thread in range(128):
        for i in range(columns // 2):
            row = thread // 32 * 16 + thread % 32 // 4 + (8 if i % 4 >= 2 else 0)
            column = i // 4 * 8 + thread % 4 * 2 + (i & 1)
            result.append(float(sums[row, column] + 64 * i))
    return result


# ---- Copies

def derive_box(matrix, shape, x, y):
    """A row of the box is 128 bytes; outside of the matrix are zeros."""
    rows, columns, box_rows, box_columns = shape
    memory = [0.0] * (box_rows * box_columns)
    for row in range(box_rows):
        for column in range(box_columns):
            if 0 <= y + row < rows and 0 <= x + column < columns:
                memory[swizzle(row * 128 + column * 2) // 2] = matrix[(y + row) * columns + x + column]
    return memory


def derive_cp_async(kind, data, sizes):
    source = pack(kind, data)
    return unpack(kind, b"".join(source[i * 16:i * 16 + size].ljust(16, b"\0") for i, size in enumerate(sizes)))


# ---- Shuffles

def derive_shuffle(values, clamp):
    """.bfly: the clamp's bits 8 to 12 say which of a lane's bits are its segment's."""
    segment, limit = clamp >> 8 & 31, clamp & 31
    result = []
    for by in range(32):
        for lane in range(32):
            largest = lane & segment | limit & ~segment
            source = lane ^ by
            result.append(values[source if source <= largest else lane])
    return result


# ---- Numbers

def to_signed(x, bits=64):
    return (x & (1 << bits) - 1 ^ 1 << bits - 1) - (1 << bits - 1)


def derive_narrow_pair(values):
    """cvt.rn.bf16x2.f32 d, a, b: b is in the low half; a NaN is 0x7fff."""
    bits = [0x7FFF if math.isnan(x) else struct.unpack("<I", struct.pack("<f", to_bf16(x)))[0] >> 16 for x in values]
    return [struct.unpack("<i", struct.pack("<I", low | high << 16))[0] for low, high in zip(bits[::2], bits[1::2])]


def derive_mul_hi(xs, ys):
    return [to_signed(result) for x, y in zip(xs, ys)
            for result in ((x & MASK) * (y & MASK) >> 64, x * y >> 64, (x & 0xFFFFFFFF) // 3)]


def derive_to_float(narrow, wide):
    pairs = [x for pair in zip(narrow, (x & MASK for x in wide)) for x in pair]
    return [to_f32(x) for x in pairs], [float(x) for x in pairs]


def derive_round(xs):
    results = [result for x in xs for result in (math.copysign(round(x), x), math.copysign(math.ceil(x), x))]
    return results, [int(x) for x in xs]


def divide(x, y):
    if y != 0:
        return x / y
    return math.nan if x == 0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1, y)


def take_root(x):
    return x if math.isnan(x) or x == math.inf or x == 0 else math.nan if x < 0 else math.sqrt(x)


def compute(operation, *operands):
    """Rounded once by the caller: exact for finite numbers; zeros, infinities and NaNs are those of doubles."""
    is_plain = all(math.isfinite(x) and x != 0 for x in operands)
    result = operation(*map(fractions.Fraction, operands)) if is_plain else operation(*operands)
    return result if result != 0 or not is_plain else 0.0


def derive_arithmetic(kind, xs, ys, zs):
    result = []
    for x, y, z in zip(xs, ys, zs):
        exact = [compute(lambda a, b: a + b, x, y), compute(lambda a, b: a - b, x, y), compute(lambda a, b: a * b, x, y),
                 compute(lambda a, b, c: a * b + c, x, y, z), compute(divide, x, y), compute(divide, 1.0, x),
                 take_root(x)]
        # A double's root is exact enough to be rounded again to an f32.
        result += [round_to(number, 24, -149, 2.0**128) if kind == "f32" else round_to(number, 53, -1074, 2**1024)
                   for number in exact]
        if kind == "f32":
            result.append(math.copysign(x, y))
    return result


def derive_compare(xs, ys):
    bits = []
    for x, y in zip(xs, ys):
        tests = [x < y, x <= y, x > y, x >= y, x == y, x != y]
        tests += [not test for test in tests[:4]]
        unordered = math.isnan(x) or math.isnan(y)
        tests += [not unordered, unordered, x < y or x > y]
        bits.append(sum(test << i for i, test in enumerate(tests)))
    return bits


def derive(instruction):
    """The buffers that the kernel writes, or None where no formula is here."""
    arguments = [read_argument(text) for text in instruction.arguments]
    values = [value for _, value in arguments]
    kernel = instruction.kernel
    if kernel in ("ldmatrix", "ldmatrix_trans"):
        return [derive_ldmatrix(values[1], kernel == "ldmatrix_trans")]
    if kernel == "mma_bf16":
        return [derive_mma(values[1], values[2], values[3], 16)]
    if kernel == "mma_tf32":
        return [derive_mma(*([truncate_tf32(x) for x in side] for side in values[1:3]), values[3], 8)]
    if kernel.startswith("wgmma_n"):
        columns, _, side = kernel[len("wgmma_n"):].partition("_")
        return [derive_wgmma(values[1], values[2], int(columns), side in ("lhs", "both"), side in ("rhs", "both"))]
    if kernel == "box":
        shape = [int(size) for part in values[2].split(",")[1:3] for size in part.split("x")]
        return [derive_box(values[1], shape, values[3][0], values[4][0])]
    if kernel in ("cp_async", "cp_async_all"):
        return [derive_cp_async(arguments[1][0], values[1], values[2])]
    if kernel == "shuffle_xor":
        return [derive_shuffle(values[1], values[2][0])]
    if kernel == "mul_hi":
        return [derive_mul_hi(values[1], values[2])]
    if kernel == "to_float":
        return derive_to_float(values[2], values[3])
    if kernel in ("arithmetic", "arithmetic_f64"):
        return [derive_arithmetic(arguments[0][0], *values[1:])]
    if kernel == "compare":
        larger = [y if math.isnan(x) or x < y else x for x, y in zip(*values[3:5])]
        return derive_compare(*values[3:5]), derive_compare(*values[5:]), larger
    if kernel == "round":
        return derive_round(values[2])
    if kernel == "narrow_pair":
        return [derive_narrow_pair(values[1])]
    if kernel in ("narrow", "narrow_f64", "widen", "widen_f32"):
        return [[ROUND[arguments[0][0]](x) for x in values[1]]]
    return None


def read_outputs(text, kinds):
    return [[(float if kind in ROUND else int)(word) for word in line.partition(" = ")[2].split()]
            for line, kind in zip(text.splitlines(), kinds)]


def is_equal(kind, x, y):
    if kind not in ROUND:
        return x == y
    return math.isnan(x) and math.isnan(y) or (ROUND[kind](x) == y and math.copysign(1, x) == math.copysign(1, y))


def main():
    listed = known.read_list(pathlib.Path(sys.argv[1]) / "instructions" / known.LIST)
    listed = [each for each in listed if each.name in sys.argv[3:] or not sys.argv[3:]]
    derived = wrong = 0
    for instruction in listed:
        expected = derive(instruction)
        if expected is None:
            continue
        derived += 1
        _, output = known.read_golden(pathlib.Path(sys.argv[2]), instruction)
        kinds = [kind for kind, value in map(read_argument, instruction.arguments) if value is None]
        given = read_outputs(output, kinds)
        for kind, ours, theirs in zip(kinds, expected, given):
            places = [i for i, (x, y) in enumerate(zip(theirs, ours)) if not is_equal(kind, x, y)]
            if len(ours) != len(theirs) or places or len(given) != len(expected):
                wrong += 1
                print(f"{instruction.name}: " + (f"element {places[0]} is {theirs[places[0]]} instead of {ours[places[0]]}; {len(places)} "
                      f"of {len(ours)} differ" if places else f"{len(theirs)} elements instead of {len(ours)}"))
                break
    print(f"{derived} of {len(listed)} derived, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
