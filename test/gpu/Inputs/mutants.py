"""Plants bugs in a kernel that hashc generated, and sees the simulator find each:
    mutants.py HASH-SIM TINY.ll CASE
A bug is found where hash-sim says what is wrong, or where the numbers change."""

import re
import subprocess
import sys

INDEX = r"(i32 %\d+), (i32 %\d+)"

# What is planted: a pattern, its replacement, which of its places (None: all), and what is said of it; no
# message: only the numbers show it.
COMMON = [
    ("barrier dropped", r".*barrier\.cta\.sync.*\n", "", None, "never written|copy"),
    ("wait for copies one short", r"wait\.group\(i32 1\)", "wait.group(i32 2)", 0, "copy"),
    ("no wait for copies", r".*wait\.group.*\n", "", None, "copy"),
    ("group of copies not ended", r".*commit\.group.*\n", "", -1, "copy"),
    ("part of the copies dropped", r".*cp\.async\.cg.*\n", "", 1, "never written"),
    ("copy to an odd address", r"(cp\.async\.cg[^(]*\(ptr addrspace\(3\)) (%\d+)",
     r"\1 getelementptr (i8, ptr addrspace(3) @grouped_gemm.shared, i64 8)", 0, "align"),
    ("copies of all threads to one place", r"(cp\.async\.cg[^(]*\(ptr addrspace\(3\)) (%\d+)",
     r"\1 @grouped_gemm.shared", 0, "nothing between|copy"),
    ("barrier for one warp only", r"( +)tail call void (@llvm\.nvvm\.barrier\.cta\.sync\.aligned)\.all\(i32 0\)",
     r"\1tail call void \2.count(i32 0, i32 32)", 0, "never written|copy"),
]
THREADS = [
    ("a sum not added to", r"(%\d+ = tail call <4 x float> @llvm\.fma\.v4f32\([^)]*), <4 x float> %\d+\)",
     r"\1, <4 x float> zeroinitializer)", 3, None),
    ("a column of another step", r"(shufflevector <4 x float> %\d+, <4 x float> poison, <4 x i32>) <i32 1, i32 1, i32 1, i32 1>",
     r"\1 zeroinitializer", 0, None),
]
MMA8 = [
    ("fragments of rows exchanged", r"(mma\.m16n8k8\.row\.col\.tf32\()" + INDEX, r"\1\3, \2", 0, None),
    ("steps of columns exchanged", r"(mma\.m16n8k8\.row\.col\.tf32\((?:i32 %\d+, ){4})" + INDEX, r"\1\3, \2", 0, None),
    ("sums exchanged", r"float %(\d+), float %(\d+)\)", r"float %\2, float %\1)", 2, None),
]
MMA16 = [
    ("fragments of rows exchanged", r"(mma\.m16n8k16\.row\.col\.bf16\()" + INDEX, r"\1\3, \2", 0, None),
    ("columns' matrix not transposed", r"m8n8\.x4\.trans\.b16", "m8n8.x4.b16", 0, None),
]
WAIT = r'call void asm sideeffect "\{ \.reg \.pred P1; LAB_WAIT.*\n'
PHASE = r"( *)((?:tail )?call void asm sideeffect .*LAB_WAIT.*\(ptr addrspace\(3\) %\d+, i32) (%\d+)(,.*\n)"
OTHER_PHASE = r'\1%"other of \3" = xor i32 \3, 1\n\1\2 %"other of \3"\4'
BOX = r".*cp\.async\.bulk\.tensor.*\n"
BOX_PARTS = r'(.*cp\.async\.bulk\.tensor[^(]*\(ptr addrspace\(3\) )(%\d+)(, ptr [a-z]* ?%\d+, i32 )(%\d+)(, i32 %\d+,.*\n)'
SUMS = r'(asm sideeffect "wgmma\.wait_group\.sync\.aligned )'
WGMMA = [
    ("mbarriers not initialized before others use them", r".*barrier\.cta\.sync\.aligned\.all.*\n", "", 0,
     "there is no mbarrier|nothing between"),
    ("one arrival fewer fills a stage", r"(mbarrier\.init.*), i32 129\)", r"\1, i32 128)", None, "more arrive|never written|nothing between|still fills"),
    ("one arrival more fills a stage", r"(mbarrier\.init.*), i32 129\)", r"\1, i32 130)", None, "no thread can go on"),
    ("one arrival fewer empties a stage", r"(mbarrier\.init.*), i32 8\)", r"\1, i32 7)", None, "another thread reads"),
    ("one arrival more empties a stage", r"(mbarrier\.init.*), i32 8\)", r"\1, i32 9)", None, "no thread can go on"),
    ("copies do not wait for an empty stage", ".*" + WAIT, "", -2, "another thread reads|still fills|more arrive"),
    ("copies wait for the wrong phase", PHASE, OTHER_PHASE, 0, "no thread can go on|another thread reads|still fills"),
    ("products do not wait for a full stage", ".*" + WAIT, "", -1, "never written|nothing between|still fills"),
    ("products wait for the wrong phase", PHASE, OTHER_PHASE, 1, "never written|nothing between|still fills|no thread can go on"),
    ("wait for copies one short", r"wait\.group\(i32 2\)", "wait.group(i32 3)", -1, "still fills"),
    ("the last wait for copies one short", r"wait\.group\(i32 0\)", "wait.group(i32 1)", 0, "still fills"),
    ("no fence between copies and products", r".*fence\.proxy\.async.*\n", "", 0, "no fence.proxy.async between"),
    ("no such fence for the last copies", r".*fence\.proxy\.async.*\n", "", -1, "no fence.proxy.async between"),
    ("a full stage is not told", r".*call i64 @llvm\.nvvm\.mbarrier\.arrive.*\n", "", 0, "no thread can go on"),
    ("an empty stage is not told", r".*call i64 @llvm\.nvvm\.mbarrier\.arrive.*\n", "", -1, "no thread can go on"),
    ("a stage is released while it is read", SUMS + "1;", r"\g<1>2;", 0, "still reads|another thread reads"),
    ("sums are read before they are complete", SUMS + "0;", r"\g<1>1;", 0, None),
    ("products not committed", r".*wgmma\.commit_group.*\n", "", 0, None),
    ("no fence before products", r"wgmma\.fence\.sync\.aligned;", "wgmma.wait_group.sync.aligned 7;", 0, "no wgmma.fence"),
    ("a warpgroup stores sums where the other still multiplies", r".*barrier\.cta\.sync\.aligned\.count.*\n", "", 0,
     "another thread reads"),
    ("the warpgroups meet one by one", r"(sync\.aligned\.count\(i32 1, i32) 256", r"\1 128", 0, "another thread reads"),
    ("sums visited before they are stored", r".*barrier\.cta\.sync\.aligned\.all.*\n", "", -1, "nothing between|never written"),
    ("not swizzled", r"= xor i64 (%\d+), %\d+", r"= or i64 \1, 0", 0, None),
    ("steps of rows one too far", "4611686293305360386", "4611686293305360388", 0, None),
    ("pieces of columns lie elsewhere", "46116862933388(49280)", r"46116862933052\1", 0, None),
    ("columns' lines taken for rows", r"i32 1, i32 1, i32 1, i32 0, i32 1\)", "i32 1, i32 1, i32 1, i32 0, i32 0)", 0, None),
    ("part of the copies dropped", r".*cp\.async\.cg.*\n", "", 1, "never written"),
    ("copies of all threads to one place", r"(cp\.async\.cg[^(]*\(ptr addrspace\(3\)) (%\d+)",
     r"\1 @grouped_gemm_launch_shared", 0, "nothing between|copy"),
    ("the copy engine may not know of mbarriers", r".*fence\.mbarrier_init.*\n", "", 0, "does not see the mbarrier yet"),
    ("more bytes expected than come", r"(expect\.tx.*i32) 16384\)", r"\1 16400)", None, "no thread can go on"),
    ("fewer bytes expected than come", r"(expect\.tx.*i32) 16384\)", r"\1 8192)", None,
     "never written|nothing between|still fills|no thread can go on"),
    ("a box dropped", BOX, "", 1, "never written|no thread can go on"),
    ("a box of other columns", BOX_PARTS, r"\1\2\g<3>8\5", 0, None),
    ("both boxes to one place", BOX_PARTS, r"\1getelementptr (i8, ptr addrspace(3) @grouped_gemm_launch_shared, i64 16384)\3\4\5", None,
     "another thread reads|still fills|never written|still reads|nothing between"),
]
# Of attention, whose pairs of tiles are 128 rows apart in its memory, and of its gradient, whose are 64.
RIGHT_SIDES = r"(mma\.sync[^(]*\((?:i32 %\d+, ){4})" + INDEX
ATTENTION = [
    ("barriers dropped", r".*barrier\.cta\.sync.*\n", "", None, "never written|copy"),
    ("no barrier between pairs of tiles", r".*barrier\.cta\.sync.*\n", "", 1, "nothing between|copy|never written"),
    ("no wait for copies", r".*wait\.all.*\n", "", None, "copy"),
    ("no wait for the next pair", r".*wait\.all.*\n", "", 1, "copy"),
    ("part of the copies dropped", r".*cp\.async\.cg.*\n", "", 1, "never written"),
    ("the next pair to where this one is read", r"= xor i32 (%\d+), (128|64)\n", r"= or i32 \1, 0\n", 0, "another thread reads|nothing between|copy"),
    ("fragments of rows exchanged", r"(mma\.sync[^(]*\()" + INDEX, r"\1\3, \2", 0, None),
    ("steps of columns exchanged", RIGHT_SIDES, r"\1\3, \2", 0, None),
    ("steps of values exchanged", RIGHT_SIDES, r"\1\3, \2", -1, None),
    ("rows of the other matrix not transposed", r"x4\.trans\.shared", "x4.shared", 0, None),
    ("probabilities of a pair exchanged", r"(cvt\.rn[^(]*\()(float %\d+), (float %\d+)", r"\1\3, \2", 0, None),
    ("a score of another unit", "0x3FC7154760000000", "0x3FC0000000000000", 0, None),
]
ATTENTION_GRAD = ATTENTION + [
    ("queries of a pair are known to one thread of each alone", r"shfl\.sync\.bfly\.f32\(i32 -1, (float %\d+), i32 2,",
     r"shfl.sync.bfly.f32(i32 -1, \1, i32 0,", -1, None),
    ("no barrier between pairs of queries", r".*barrier\.cta\.sync.*\n", "", -1, "nothing between|copy"),
    ("no wait for the next queries", r".*wait\.all.*\n", "", -1, "copy"),
    ("steps of queries exchanged", RIGHT_SIDES, r"\1\3, \2", 48, None),
]


def product(lhs, rhs, depth, *maps):
    """Arguments of one tile's product; four parts of the contraction, of which three are there at a time, or every stage again."""
    return [f"{lhs}[512x{depth}]=random", f"{rhs}[{depth}x{depth}]=random", f"{lhs}[512x{depth}]", *maps]


# A window of three tiles and two documents.
STARTS = "i32[192]=" + ",".join(["0"] * 100 + ["100"] * 92)
HEAD = "bf16[192x64]"
INPUTS = [f"{HEAD}=random"] * 3 + [STARTS]
# Of each: the kernel, tasks, what a block has, arguments, bugs.
CASES = {
    "fma": ("grouped_gemm", 1, 128, 0, product("f32", "f32", 64), COMMON + THREADS),
    "mma8": ("grouped_gemm", 1, 128, 0, product("bf16", "f32", 64), COMMON + MMA8),
    "mma16": ("grouped_gemm", 1, 128, 0, product("bf16", "bf16", 640), COMMON + MMA16),
    "wgmma": ("grouped_gemm", 1, 384, 131136, product("bf16", "bf16", 640, "map:2,640x640,64x64,128"), WGMMA),
    "attention": ("attention", 3, 128, 36864, INPUTS + [HEAD, "f32[192]"], ATTENTION),
    "attention_grad": ("attention_grad", 6, 128, 37888, INPUTS + [f"{HEAD}=random", "f32[192]=5", f"{HEAD}=random"] + [HEAD] * 3, ATTENTION_GRAD),
}


def mutate(text, pattern, replacement, place):
    places = list(re.finditer(pattern, text))
    assert places, pattern
    for match in reversed(places if place is None else [places[place]]):
        text = text[: match.start()] + match.expand(replacement) + text[match.end():]
    return text


def simulate(hash_sim, path, case):
    kernel, tasks, threads, shared, arguments, _ = CASES[case]
    command = [hash_sim, path, f"--kernel={kernel}", f"--grid={tasks}", f"--block={threads}", f"--shared={shared}",
               "--mode=late,adversarial", f"i64:{tasks}", *arguments]
    run = subprocess.run(command, capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


def main(hash_sim, path, case):
    text = open(path).read()
    kernel, *_, mutants = CASES[case]
    begin = re.search(rf"^define .*@{kernel}\(", text, re.M).start()
    end = text.index("\n}\n", begin)
    status, good, errors = simulate(hash_sim, path, case)
    assert status == 0, errors
    missed = 0
    for name, pattern, replacement, place, message in mutants:
        mutant = text[:begin] + mutate(text[begin:end], pattern, replacement, place) + text[end:]
        if ".aligned.count(" in mutant and "declare void @llvm.nvvm.barrier.cta.sync.aligned.count" not in mutant:
            mutant += "\ndeclare void @llvm.nvvm.barrier.cta.sync.aligned.count(i32, i32)\n"
        with open("mutant.ll", "w") as file:
            file.write(mutant)
        status, output, errors = simulate(hash_sim, "mutant.ll", case)
        if message:
            found = status != 0 and re.search(message, errors)
        else:
            # Other numbers, or the first of what a wrong one leads to; never code that no longer compiles.
            found = output != good if status == 0 else "kernel '" in errors
        said = errors.splitlines()[0][:150] if errors else "other numbers"
        print(f"{'found' if found else 'MISSED'}: {name}: {said}")
        missed += not found
    print(f"{len(mutants)} planted, {missed} missed")
    return 1 if missed else 0


sys.exit(main(*sys.argv[1:]))
