//===- OutlineKernels.cpp - From ops on buffers to launches of kernels ----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"

namespace hashc {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

bool isKernelOp(Operation *op) {
  return isa<hash::GroupedGemmOp, hash::GroupedOuterOp, hash::MapOp,
             hash::LibraryCallOp>(op);
}

class OutlineKernels final : public impl::OutlineKernelsBase<OutlineKernels> {
public:
  OutlineKernels() = default;
  explicit OutlineKernels(KernelQueries queries)
      : queries(std::move(queries)) {}
  OutlineKernels(const OutlineKernels &other)
      : OutlineKernelsBase(other), queries(other.queries) {}

private:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    SmallVector<func::FuncOp> entries = llvm::filter_to_vector(
        module.getOps<func::FuncOp>(), [](func::FuncOp function) {
          return function.isPublic() && !function.isExternal();
        });
    if (!llvm::all_of(entries, isOnBuffers))
      return signalPassFailure();
    llvm::StringMap<StringAttr> kernels; // by fingerprint
    for (func::FuncOp entry : entries)
      for (Operation &op : llvm::make_early_inc_range(entry.getBody().front()))
        if (isKernelOp(&op))
          outline(&op, symbols, kernels);
  }

  static bool isOnBuffers(func::FuncOp entry) {
    for (Operation &op : entry.getBody().front())
      if (isKernelOp(&op) && op.getNumResults() != 0) {
        op.emitError("is on tensors; hash-plan-memory puts it on buffers");
        return false;
      }
    return true;
  }

  static StringRef getName(Operation *op) {
    if (auto call = dyn_cast<hash::LibraryCallOp>(op))
      return call.getCallee();
    return op->getName().stripDialect();
  }

  /// What distinguishes kernels: the op as it prints with numbered operands.
  /// Kernels of one shape are one function, however often they are launched.
  static std::string getFingerprint(func::FuncOp kernel) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    kernel.getBody().front().front().print(
        stream, OpPrintingFlags().useLocalScope().printGenericOpForm());
    for (Type type : kernel.getArgumentTypes())
      stream << type << ';';
    // The same buffer twice is not the same as two buffers.
    for (Value operand : kernel.getBody().front().front().getOperands())
      stream << cast<BlockArgument>(operand).getArgNumber() << ',';
    return text;
  }

  DictionaryAttr describe(Operation *op) {
    Builder builder(op->getContext());
    NamedAttrList info;
    info.set("op", builder.getStringAttr(getName(op)));
    auto [flops, bytes] = queries.cost(op);
    info.set("flops", builder.getI64IntegerAttr(flops));
    info.set("bytes", builder.getI64IntegerAttr(bytes));
    if (Attribute plan = op->getAttr("plan_shape"))
      info.set("plan", plan);
    if (auto call = dyn_cast<hash::LibraryCallOp>(op))
      info.set("config", call.getConfig());
    return info.getDictionary(op->getContext());
  }

  /// The kernel's function: a task number, then each distinct buffer once.
  func::FuncOp createKernel(Operation *op, ArrayRef<Value> buffers) {
    OpBuilder builder(op->getContext());
    SmallVector<Type> types = {builder.getIndexType()};
    llvm::append_range(types, TypeRange(ValueRange(buffers)));
    auto kernel = func::FuncOp::create(builder, op->getLoc(), getName(op),
                                       builder.getFunctionType(types, {}));
    kernel.setPrivate();
    Block *entry = kernel.addEntryBlock();
    builder.setInsertionPointToEnd(entry);
    IRMapping mapping;
    mapping.map(buffers, entry->getArguments().drop_front());
    builder.clone(*op, mapping);
    func::ReturnOp::create(builder, op->getLoc());
    kernel->setAttr("hash.kernel", describe(op));
    return kernel;
  }

  void outline(Operation *op, SymbolTable &symbols,
               llvm::StringMap<StringAttr> &kernels) {
    llvm::SetVector<Value> buffers(op->operand_begin(), op->operand_end());
    func::FuncOp kernel = createKernel(op, buffers.getArrayRef());
    StringAttr &name = kernels[getFingerprint(kernel)];
    if (!name) {
      name = symbols.insert(kernel);
      ++numKernels;
    } else {
      kernel.erase();
    }
    OpBuilder builder(op);
    hash::LaunchOp::create(builder, op->getLoc(), name,
                           static_cast<uint64_t>(queries.tasks(op)),
                           buffers.getArrayRef());
    op->erase();
    ++numLaunches;
  }

  KernelQueries queries = {
      [](Operation *) { return int64_t(1); },
      [](Operation *) { return std::pair<int64_t, int64_t>(); }};
};

} // namespace

std::unique_ptr<Pass> createOutlineKernels(KernelQueries queries) {
  return std::make_unique<OutlineKernels>(std::move(queries));
}

} // namespace hashc
