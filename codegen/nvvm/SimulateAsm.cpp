//===- SimulateAsm.cpp - Inline assembly that is known --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/SimulateAsm.h"
#include "codegen/nvvm/AsmText.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/Support/Regex.h"

using namespace llvm;

namespace hashc::nvvm {

static StringRef getFunction(StringRef opcode) {
  return StringSwitch<StringRef>(opcode)
#define HASHC_SIM_ASM(opcode, function) .Case(opcode, "hash_sim_" #function)
#include "runtime/simulator/Instructions.def"
      .Default("");
}

/// With one blank where there is any.
static std::string normalize(StringRef text) {
  SmallVector<StringRef> words;
  SplitString(text, words, " \t\n");
  return join(words, " ");
}

static unsigned countResults(const CallBase &call) {
  Type *type = call.getType();
  if (auto *fields = dyn_cast<StructType>(type))
    return fields->getNumElements();
  return type->isVoidTy() ? 0 : 1;
}

/// One instruction the operands of which are those of the call, in its order:
/// "opcode $0, {$1, $2}, [$3];". A result that is not wanted is "_".
static std::optional<KnownAsm> recognizeSingle(const CallBase &call,
                                               StringRef text) {
  text.consume_back(";");
  auto [opcode, operands] = text.split(' ');
  operands.consume_front("_, ");
  std::string given;
  for (char c : operands)
    if (!StringRef("{}[]").contains(c))
      given += c;
  StringRef function = getFunction(opcode);
  if (function.empty() ||
      given != listOperands(0, countResults(call) + call.arg_size()))
    return std::nullopt;
  return KnownAsm{function, opcode.str(), {}};
}

/// A loop until the phase is over, as nvvm.mbarrier.try_wait.parity is lowered
/// with uniform branches.
static std::optional<KnownAsm> recognizeWait(StringRef text) {
  static const Regex loop(
      "^\\{ \\.reg \\.pred P1; LAB_WAIT: "
      "mbarrier\\.try_wait\\.parity(\\.acquire\\.cluster)?\\.shared(::cta)?\\."
      "b64 "
      "P1, \\[\\$0\\], \\$1, \\$2; "
      "@P1 bra(\\.uni)? DONE; bra(\\.uni)? LAB_WAIT; DONE: \\}$");
  if (!loop.match(text))
    return std::nullopt;
  return KnownAsm{
      "hash_sim_MbarrierWait", "mbarrier.try_wait.parity.shared.b64", {}};
}

namespace {

/// Factors that tensor cores of a warpgroup know.
struct Factor {
  StringLiteral shape; // behind the columns
  StringLiteral function;
  unsigned flags; // signs, and which are transposed if that can be said
};

} // namespace

constexpr Factor kFactors[] = {
    {"k16.f32.bf16.bf16", "hash_sim_GroupMultiplyBf16", 4},
    {"k16.f32.f16.f16", "hash_sim_GroupMultiplyF16", 4},
    {"k8.f32.tf32.tf32", "hash_sim_GroupMultiplyTf32", 2},
    {"k32.f32.e4m3.e4m3", "hash_sim_GroupMultiplyE4m3", 2}};

/// As nvvm.wgmma.mma_async is lowered: accumulators, descriptors, whether to
/// add to the accumulators, and flags.
static std::optional<KnownAsm> recognizeMultiply(const CallBase &call,
                                                 StringRef text) {
  static const Regex shape(
      "wgmma\\.mma_async\\.sync\\.aligned\\.m64n([0-9]+)(k[a-z0-9.]+)");
  SmallVector<StringRef> matches;
  unsigned columns;
  if (!shape.match(text, &matches) || matches[1].getAsInteger(10, columns))
    return std::nullopt;
  const auto *factor = find_if(
      kFactors, [&](const Factor &it) { return it.shape == matches[2]; });
  const unsigned registers = columns / 2, rest = 2 * registers;
  if (factor == std::end(kFactors) || countResults(call) != registers ||
      call.arg_size() != registers + 3 + factor->flags)
    return std::nullopt;
  auto name = [](unsigned i) { return "$" + std::to_string(i); };
  const std::string expected = "{ .reg .pred p; setp.ne.b32 p, " +
                               name(rest + 2) + ", 0; " + matches[0].str() +
                               " {" + listOperands(0, registers) + "}, " +
                               listOperands(rest, 2) + ", p, " +
                               listOperands(rest + 3, factor->flags) + "; }";
  if (text != expected)
    return std::nullopt;
  return KnownAsm{factor->function, matches[0].str(), {columns}};
}

/// wgmma.fence and wgmma.wait_group, the results of which are their operands:
/// whoever uses them uses what was fenced, or waited for.
static std::optional<KnownAsm> recognizeTied(const CallBase &call,
                                             StringRef text) {
  if (countResults(call) != call.arg_size())
    return std::nullopt;
  if (text == "wgmma.fence.sync.aligned;")
    return KnownAsm{"hash_sim_MultiplyFenceTied",
                    "wgmma.fence.sync.aligned",
                    {call.arg_size()}};
  uint64_t left;
  StringRef rest = text;
  if (!rest.consume_front("wgmma.wait_group.sync.aligned ") ||
      rest.consumeInteger(10, left) || rest != ";")
    return std::nullopt;
  return KnownAsm{"hash_sim_MultiplyWaitTied",
                  "wgmma.wait_group.sync.aligned",
                  {left, call.arg_size()}};
}

std::optional<KnownAsm> recognizeAsm(const CallBase &call) {
  const auto *assembly = cast<InlineAsm>(call.getCalledOperand());
  const std::string text = normalize(assembly->getAsmString());
  if (auto known = recognizeSingle(call, text))
    return known;
  if (auto known = recognizeWait(text))
    return known;
  if (auto known = recognizeMultiply(call, text))
    return known;
  return recognizeTied(call, text);
}

} // namespace hashc::nvvm
