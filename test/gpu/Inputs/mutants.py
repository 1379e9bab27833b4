"""Plants bugs in a kernel that hashc generated, and sees the simulator find each:
    mutants.py HASH-SIM TINY.ll LHS-ELEMENT
A bug is found where hash-sim says what is wrong, or where the numbers change."""

import re
import subprocess
import sys

KERNEL = "grouped_gemm"
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
TENSOR_CORES = [
    ("fragments of rows exchanged", r"(mma\.m16n8k8\.row\.col\.tf32\()" + INDEX, r"\1\3, \2", 0, None),
    ("steps of columns exchanged", r"(mma\.m16n8k8\.row\.col\.tf32\((?:i32 %\d+, ){4})" + INDEX, r"\1\3, \2", 0, None),
    ("sums exchanged", r"float %(\d+), float %(\d+)\)", r"float %\2, float %\1)", 2, None),
]


def mutate(text, pattern, replacement, place):
    places = list(re.finditer(pattern, text))
    assert places, pattern
    for match in reversed(places if place is None else [places[place]]):
        text = text[: match.start()] + match.expand(replacement) + text[match.end():]
    return text


def simulate(hash_sim, path, element):
    # One tile; four parts of the contraction, of which three are there at a time.
    command = [hash_sim, path, f"--kernel={KERNEL}", "--grid=1", "--block=128", "--mode=late,adversarial", "i64:1",
               f"{element}[512x64]=random", "f32[64x64]=random", f"{element}[512x64]"]
    run = subprocess.run(command, capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


def main(hash_sim, path, element):
    text = open(path).read()
    begin = re.search(rf"^define .*@{KERNEL}\(", text, re.M).start()
    end = text.index("\n}\n", begin)
    status, good, errors = simulate(hash_sim, path, element)
    assert status == 0, errors
    missed = 0
    mutants = COMMON + (THREADS if element == "f32" else TENSOR_CORES)
    for name, pattern, replacement, place, message in mutants:
        mutant = text[:begin] + mutate(text[begin:end], pattern, replacement, place) + text[end:]
        if ".count(" in mutant:
            mutant += "\ndeclare void @llvm.nvvm.barrier.cta.sync.aligned.count(i32, i32)\n"
        with open("mutant.ll", "w") as file:
            file.write(mutant)
        status, output, errors = simulate(hash_sim, "mutant.ll", element)
        if message:
            found = status != 0 and re.search(message, errors)
        else:
            found = status == 0 and output != good
        said = errors.splitlines()[0][:150] if errors else "other numbers"
        print(f"{'found' if found else 'MISSED'}: {name}: {said}")
        missed += not found
    print(f"{len(mutants)} planted, {missed} missed")
    return 1 if missed else 0


sys.exit(main(*sys.argv[1:]))
