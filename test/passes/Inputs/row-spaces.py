"""Which operand's place a result takes, for every row space read and written: row-spaces.py HASH_OPT

Makes a function for each case, in which an op reads a value that nobody reads later and that has the
type of the result, and prints what hash-plan-memory makes of it.
"""

import re
import subprocess
import sys

M = "tensor<8x8xf32>"
PLAN = "!hash.plan<tokens = 8, k = 1, groups = 8, slots = 8>"
BODY = "{\n  ^bb0(%s):\n    hash.yield %%v : f32\n  }"


def body(arguments):
    return BODY % ", ".join(f"%{name}: f32" for name in ["v", "u", "t"][:arguments])


def use_map(read, out, init="%e", planned=True):
    plan = f"plan(%p : {PLAN}) " if planned else ""
    return f"hash.map {plan}reads(%a : {M}) at [{read}] outs({init} : {M}) at [{out}] {body(2)} -> {M}"


def use_gemm(read, out, init="%e", planned=True, lhs="%x", rhs="%w"):
    plan, matrix = (f"plan(%p : {PLAN}) ", "tensor<8x8x8xf32>") if planned else ("", M)
    reads = f"reads(%a : {M}) at [{read}]" if read else "reads() at []"
    return (f"hash.grouped_gemm {plan}lhs({lhs} : {M}) at [position] rhs({rhs} : {matrix}) into [0] {reads} "
            f"outs({init} : {M}) at [{out}] {body(3 if read else 2)} -> {M}")


def use_outer(lhs, rhs):
    return (f"hash.grouped_outer lhs({lhs} : {M}) rhs({rhs} : {M}) at [position, position] reads() "
            f"outs(%e : {M}) {body(2)} -> {M}")


cases = {}
for out in ("position", "slot"):
    for read in ("position", "slot", "token", "group"):
        cases[f"map {read} to {out}"] = use_map(read, out)
        cases[f"gemm {read} to {out}"] = use_gemm(read, out)
        cases[f"map {read} to {out}, updated"] = use_map(read, out, "%a")
        cases[f"gemm {read} to {out}, updated"] = use_gemm(read, out, "%a")
for read in ("position", "slot", "token"):  # rows themselves, where there is no plan
    cases[f"map {read} to position, no plan"] = use_map(read, "position", planned=False)
    cases[f"gemm {read} to position, no plan"] = use_gemm(read, "position", planned=False, rhs="%x")
cases["gemm of lhs"] = use_gemm(None, "position", planned=False, lhs="%a", rhs="%x")
cases["gemm of rhs"] = use_gemm(None, "position", planned=False, rhs="%a")
cases["gemm of lhs by plan"] = use_gemm(None, "position", lhs="%a")
cases["gemm of lhs, updated"] = use_gemm(None, "position", "%a", planned=False, lhs="%a", rhs="%x")
cases["outer of lhs"] = use_outer("%a", "%x")
cases["outer of rhs"] = use_outer("%x", "%a")

module = ""
for number, op in enumerate(cases.values()):
    module += f"""func.func @case{number}(%x: {M} {{hash.arg = #hash.arg<param, "x">}}, %w: tensor<8x8x8xf32> {{hash.arg = #hash.arg<param, "w">}},
    %p: {PLAN} {{hash.arg = #hash.arg<plan, "plan0">}}) -> (tensor<8xf32> {{hash.arg = #hash.arg<losses>}}) {{
  %e = tensor.empty() : {M}
  %a = hash.map reads(%x : {M}) at [position] outs(%e : {M}) at [position] {body(2)} -> {M}
  %b = {op}
  %r = hash.reduce_rows %b : ({M}) -> tensor<8xf32>
  return %r : tensor<8xf32>
}}
"""
planned = subprocess.run([sys.argv[1], "--hash-plan-memory"], input=module, check=True, stdout=subprocess.PIPE, text=True).stdout

for name, function in zip(cases, planned.split("func.func ")[1:]):
    first, *ops = re.findall(r"^    hash\.(?:map|grouped_\w+) .*? outs\((\S+) :", function, re.MULTILINE)
    # Views of the same place are one view.
    offsets = dict(re.findall(r"(%\w+) = arith.constant (\d+) : index", function))
    places = {view: offsets[offset] for view, offset in re.findall(r"(%\w+) = memref.view \S+\[(%\w+)\]", function)}
    verdict = "copied" if len(ops) == 2 else "in place" if places[ops[0]] == places[first] else "apart"
    print(f"{name}: {verdict}")
