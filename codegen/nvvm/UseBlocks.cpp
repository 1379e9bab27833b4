//===- UseBlocks.cpp - Library calls that blocks of threads run -----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/kernels/TeamShape.h"
#include "codegen/nvvm/LaunchShape.h"
#include "codegen/nvvm/TileChoice.h"
#include "codegen/nvvm/kernels/TensorShape.h"
#include "dialect/Hash.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace hashc::nvvm {

#define GEN_PASS_DEF_GPUUSEBLOCKS
#include "codegen/nvvm/GpuPasses.h.inc"

namespace {

constexpr StringLiteral kPrefix = "hash_", kBlockPrefix = "hash_block_",
                        kTensorPrefix = "hash_tensor_";

/// A function of kernels/*.cpp, which has the arguments of the one whose place
/// it takes.
struct BlockFunction {
  StringLiteral prefix; // in the place of kPrefix
  int64_t threads = 128;
  /// Blocks of a multiprocessor, as their shared memory and registers allow.
  int64_t blocksAtOnce = 1;
  /// Where it takes the number of a head's features, and which it can have.
  std::optional<unsigned> sizeArgument = std::nullopt;
  int64_t maxSize = 0, multiple = 1;
  /// What a launch gives it of shared memory for heads of that size.
  int64_t (*getSharedBytes)(int64_t size) = nullptr;
};

/// The function itself is for a block (codegen/cpu/kernels/Team.h).
constexpr BlockFunction kTeam = {kPrefix, kernels::kTeam};
constexpr BlockFunction kBlockTeam = {kBlockPrefix, kernels::kTeam};

/// Of the 512 KiB that a thread of a GPU can have of its own memory.
constexpr int64_t kMaxThreadBytes = 448 << 10;

/// Attention by FMA, which reads features by fours.
constexpr BlockFunction useFma(int64_t blocksAtOnce, unsigned sizeArgument,
                               int64_t maxSize) {
  return {kBlockPrefix, 128, blocksAtOnce, sizeArgument, maxSize, 4};
}
/// Attention by tensor cores.
constexpr BlockFunction useTensorCores(int64_t blocksAtOnce,
                                       unsigned sizeArgument, int64_t maxSize,
                                       int64_t (*getSharedBytes)(int64_t)) {
  return {kTensorPrefix,   128,           blocksAtOnce, sizeArgument, maxSize,
          kernels::kChunk, getSharedBytes};
}

/// Forms of a function: the first one that fits is the best one.
using Forms = SmallVector<BlockFunction, 3>;

const llvm::StringMap<Forms> &getBlockFunctions() {
  static const llvm::StringMap<Forms> functions = [] {
    llvm::StringMap<Forms> all;
    for (StringRef type : {"f32", "bf16"}) {
      all[("hash_attention_decode_" + type).str()] = {useFma(3, 11, 128)};
      for (StringRef kind : {"attention", "cross_attention"}) {
        Forms &forward = all[(kPrefix + kind + "_" + type).str()];
        Forms &gradient = all[(kPrefix + kind + "_grad_" + type).str()];
        if (type == "bf16") {
          forward = {useTensorCores(4, 9, 64, kernels::getAttentionShared),
                     useTensorCores(2, 9, kernels::kMaxHead,
                                    kernels::getAttentionShared)};
          gradient = {
              useTensorCores(3, 13, 48, kernels::getAttentionGradShared),
              useTensorCores(2, 13, kernels::kMaxHead,
                             kernels::getAttentionGradShared)};
        }
        forward.push_back(useFma(3, 9, 128));
        gradient.push_back(useFma(2, 13, 64));
      }
    }
    for (StringRef name : {"plan", "segments", "norm_start", "norm_add_f32",
                           "norm_add_f64", "norm_finish"})
      all[(kPrefix + name).str()] = {kBlockTeam};
    for (StringRef name :
         {"layer_norm", "layer_norm_grad", "rms_norm", "rms_norm_grad",
          "cross_entropy", "cross_entropy_grad", "embedding", "embedding_grad",
          "reduce_rows", "reduce_groups", "combine", "join", "split", "rotary",
          "lookup", "lookup_grad", "weigh_grad"})
      for (StringRef type : {"f32", "f64", "bf16"})
        all[(kPrefix + name + "_" + type).str()] = {kTeam};
    for (StringRef name :
         {"prev", "next", "position", "mix_start", "mix_absorb", "mix_finish",
          "modulo", "choice", "table_lookup_i32", "table_lookup_i64",
          "row_at_i32", "row_at_i64"})
      all[(kPrefix + name).str()] = {kTeam};
    return all;
  }();
  return functions;
}

std::optional<int64_t> getConstant(Value value) {
  APInt number;
  if (!matchPattern(value, m_ConstantInt(&number)))
    return std::nullopt;
  return number.getSExtValue();
}

/// The best form of a function for heads of that size, or null.
const BlockFunction *findForm(StringRef function, std::optional<int64_t> size) {
  auto found = getBlockFunctions().find(function);
  if (found == getBlockFunctions().end())
    return nullptr;
  const Forms &forms = found->second;
  auto form = llvm::find_if(forms, [&](const BlockFunction &each) {
    return !each.sizeArgument ||
           (size && *size <= each.maxSize && *size % each.multiple == 0);
  });
  return form == forms.end() ? nullptr : form;
}

/// The form for blocks of what is called, or null.
const BlockFunction *findBlockForm(func::CallOp call) {
  auto found = getBlockFunctions().find(call.getCallee());
  if (found == getBlockFunctions().end())
    return nullptr;
  std::optional<int64_t> size;
  if (auto argument = found->second.front().sizeArgument)
    size = getConstant(call.getOperand(*argument));
  return findForm(call.getCallee(), size);
}

/// What a launch gives each block of it.
int64_t getSharedBytes(const BlockFunction &form, func::CallOp call) {
  return form.getSharedBytes ? form.getSharedBytes(*getConstant(
                                   call.getOperand(*form.sizeArgument)))
                             : 0;
}

struct GpuUseBlocks : impl::GpuUseBlocksBase<GpuUseBlocks> {
  void runOnOperation() override {
    if (!isForGpu(getOperation()))
      return;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("hash.kernel") && failed(useBlocks(function)))
        return signalPassFailure();
  }

  /// All of a kernel's calls, or none: they have the same threads.
  LogicalResult useBlocks(func::FuncOp kernel) {
    auto calls = llvm::to_vector(kernel.getOps<func::CallOp>());
    if (calls.empty())
      return success();
    if (!llvm::all_of(calls, findBlockForm))
      return checkScratch(calls.front());
    const BlockFunction &form = *findBlockForm(calls.front());
    // Tensor cores' tiles are not free before the block ends.
    const bool isAlone = form.prefix != kTensorPrefix || calls.size() == 1;
    if (!isAlone || !llvm::all_of(calls, [&](func::CallOp call) {
          return findBlockForm(call)->prefix == form.prefix;
        }))
      return emitError(kernel.getLoc(),
                       "kernel of calls that different blocks run");
    setLaunchShape(kernel,
                   {form.threads, /*tasksPerBlock=*/1, form.blocksAtOnce,
                    getSharedBytes(form, calls.front())});
    if (form.prefix == kPrefix)
      return success();
    for (func::CallOp call : calls) {
      StringRef name = call.getCallee();
      name.consume_front(kPrefix);
      const std::string block = (form.prefix + name).str();
      declare(block, call.getCalleeType());
      call.setCallee(block);
    }
    return success();
  }

  /// Attention by a thread keeps blocks of 64 rows, and its gradient all keys
  /// of a window, in the thread's own memory.
  LogicalResult checkScratch(func::CallOp call) {
    StringRef name = call.getCallee();
    if (!name.contains("attention"))
      return success();
    const bool isGradient = name.contains("_grad_");
    const bool isCross = name.contains("cross_"), isF64 = name.ends_with("f64");
    const unsigned sizeArgument = isGradient                  ? 13
                                  : name.contains("_decode_") ? 11
                                                              : 9;
    auto read = [&](unsigned argument) {
      return getConstant(call.getOperand(argument)).value_or(0);
    };
    const int64_t size = read(sizeArgument);
    constexpr int64_t blockRows = 64;
    int64_t rows = 4 * blockRows;
    if (isGradient)
      rows =
          7 * blockRows +
          2 * llvm::alignTo(read(sizeArgument + (isCross ? 2 : 1)), blockRows);
    const int64_t bytes =
        (rows * size + 2 * blockRows * blockRows) * (isF64 ? 8 : 4);
    if (bytes <= kMaxThreadBytes)
      return success();
    return call.emitError("attention with heads of ")
           << size << " features" << (isF64 ? " in f64" : "") << " needs "
           << (bytes >> 10) << " KiB a thread of a GPU, which has "
           << (kMaxThreadBytes >> 10)
           << "; in f32 and bf16 heads of up to 64 features, a multiple of 4, "
              "work at any window, in bf16 up to 128, a multiple of 8, too; "
              "smaller windows need less";
  }

  void declare(StringRef name, FunctionType type) {
    if (getOperation().lookupSymbol(name))
      return;
    auto builder = OpBuilder::atBlockEnd(getOperation().getBody());
    func::FuncOp::create(builder, getOperation().getLoc(), name, type)
        .setPrivate();
  }
};

} // namespace

std::optional<int64_t> countGradWalks(Operation *op) {
  auto call = dyn_cast<hash::LibraryCallOp>(op);
  if (!call || !isForGpu(call->getParentOfType<ModuleOp>()) ||
      !call.getCallee().ends_with("attention_grad"))
    return std::nullopt;
  auto read = [&](StringRef name) {
    auto number = call.getConfig().getAs<IntegerAttr>(name);
    return number ? number.getInt() : 0;
  };
  auto queries = cast<MemRefType>(call.getIns().front().getType());
  const int64_t heads = read("heads"), kvHeads = read("kv_heads");
  const int64_t window = read("window"), memory = read("memory_window");
  if (!queries.getElementType().isBF16())
    return std::nullopt;
  const BlockFunction *form =
      findForm((kPrefix + call.getCallee() + "_bf16").str(),
               queries.getDimSize(1) / heads);
  if (!form || form->prefix != kTensorPrefix)
    return std::nullopt;
  return queries.getDimSize(0) / window * kvHeads *
         kernels::countWalks(heads / kvHeads, window, memory ? memory : window);
}

} // namespace hashc::nvvm
