//===- LibraryKernels.cpp - Named ops as calls of the library -------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each op on buffers is one or more calls of functions in kernels/. A function
// gets the task's number, the buffers, then constants that follow from shapes
// and attributes; LLVM specialises it for them.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/LibraryKernels.h"
#include "codegen/cpu/Cpu.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace hashc::cpu {

#define GEN_PASS_DEF_CPULOWERLIBRARYCALLS
#include "codegen/cpu/CpuPasses.h.inc"

namespace {

/// Columns of a task that sums over rows: a cache line or more of each row, and
/// fewer, but a vector, where tasks are small.
constexpr int64_t kMinTaskColumns = 4, kMaxTaskColumns = 64;
/// Experts that choose in one task, as kernels/Assignment.cpp cuts them.
constexpr int64_t kTaskExperts = 16;

/// One call: the function, the buffers (after the task's number), the
/// constants.
struct Call {
  std::string function;
  SmallVector<Value> buffers;
  SmallVector<Attribute> constants; // i64 or f64
};

/// What an op on buffers becomes.
struct Kernel {
  int64_t tasks = 1;
  SmallVector<Call> calls;
};

/// Reads an op's shapes and attributes and writes its kernel.
class KernelBuilder {
public:
  explicit KernelBuilder(hash::LibraryCallOp op)
      : op(op), builder(op.getContext()),
        target(getTargetAttributes(op->getParentOfType<ModuleOp>())) {}

  /// Fails, with a diagnostic, for a callee that the library does not have.
  FailureOr<Kernel> build();

private:
  using Rule = void (KernelBuilder::*)();
  static const llvm::StringMap<Rule> &getRules();

  Value in(unsigned i) { return op.getIns()[i]; }
  Value out(unsigned i) { return op.getOuts()[i]; }
  static MemRefType typeOf(Value value) {
    return cast<MemRefType>(value.getType());
  }
  static int64_t dim(Value value, unsigned i) {
    return typeOf(value).getDimSize(i);
  }
  static int64_t size(Value value) { return typeOf(value).getNumElements(); }
  static std::string typeName(Value value) {
    Type type = typeOf(value).getElementType();
    if (type.isBF16())
      return "bf16";
    return (isa<FloatType>(type) ? "f" : "i") +
           std::to_string(type.getIntOrFloatBitWidth());
  }
  int64_t integer(StringRef name, int64_t otherwise = 0) {
    auto value = op.getConfig().getAs<IntegerAttr>(name);
    return value ? value.getInt() : otherwise;
  }
  double real(StringRef name) {
    auto value = op.getConfig().getAs<FloatAttr>(name);
    return value ? value.getValueAsDouble() : 0.0;
  }
  bool flag(StringRef name) { return op.getConfig().contains(name); }
  hash::PlanType plan() {
    auto shape = op.getPlanShape();
    return shape ? cast<hash::PlanType>(*shape) : hash::PlanType();
  }

  Attribute constant(int64_t value) { return builder.getI64IntegerAttr(value); }
  Attribute constant(double value) { return builder.getF64FloatAttr(value); }
  /// Adds a call with all buffers, ins first.
  template <typename... Constants>
  void call(const Twine &function, Constants... constants) {
    SmallVector<Value> buffers(op.getIns());
    llvm::append_range(buffers, op.getOuts());
    callWith(function, buffers, constants...);
  }
  template <typename... Constants>
  void callWith(const Twine &function, ArrayRef<Value> buffers,
                Constants... constants) {
    kernel.calls.push_back({("hash_" + function).str(),
                            SmallVector<Value>(buffers),
                            {constant(constants)...}});
  }
  /// Rows of one task; sets the number of tasks for `rows` of `width` elements.
  int64_t cutRows(int64_t rows, int64_t width, int64_t least = 1) {
    int64_t taskRows = std::max<int64_t>(
        least,
        std::min(rows, target.taskElements / std::max<int64_t>(1, width)));
    kernel.tasks = llvm::divideCeil(rows, taskRows);
    return taskRows;
  }
  /// The same, of a task that is a team's.
  int64_t cutTeamRows(int64_t rows, int64_t width) {
    return cutRows(rows, width, target.teamRows);
  }
  int64_t cutColumns(int64_t columns) {
    int64_t taskColumns =
        target.teamColumns > 0
            ? target.teamColumns
            : std::clamp(target.taskElements / kMaxTaskColumns, kMinTaskColumns,
                         kMaxTaskColumns);
    kernel.tasks = llvm::divideCeil(columns, taskColumns);
    return taskColumns;
  }

  void prev() {
    call("prev", dim(in(0), 0), integer("window"), integer("distance"),
         integer("bos"));
  }
  void next() { call("next", dim(in(0), 0)); }
  void position() {
    call("position", dim(in(0), 0), integer("window"),
         int64_t(flag("document")));
  }
  void mix();
  void choices();
  void modulo() { call("modulo", dim(in(0), 0), integer("divisor")); }
  void tableLookup() {
    int64_t vocab = dim(in(1), 0);
    call("table_lookup_" + typeName(in(0)), dim(in(0), 0), vocab,
         size(in(1)) / vocab);
  }
  void rowAt() { call("row_at_" + typeName(in(0)), size(out(0))); }
  void planRows() {
    call("plan", plan().getTokens(), plan().getK(), plan().getGroups(),
         plan().getSlots());
  }
  void combine() { moveSlots("combine_", in(0)); }
  void join() { moveSlots("join_", in(0)); }
  void split() { moveSlots("split_", out(0)); }
  /// `rows` has the rows of slots.
  void moveSlots(StringRef name, Value rows) {
    int64_t width = dim(rows, 1);
    int64_t taskRows = cutTeamRows(plan().getTokens(), width * plan().getK());
    call(name + typeName(rows), plan().getTokens(), plan().getK(),
         plan().getGroups(), plan().getSlots(), width, taskRows);
  }
  void gate() {
    int64_t taskRows = cutRows(plan().getTokens(), dim(in(0), 1));
    call(op.getCallee() + "_" + typeName(in(0)), plan().getTokens(),
         plan().getK(), plan().getGroups(), plan().getSlots(), integer("kind"),
         int64_t(flag("normalize")), real("scale"), taskRows);
  }
  void topChoices() {
    int64_t rows = dim(in(0), 0), experts = dim(in(0), 1);
    int64_t k = size(out(0)) / rows, taskRows = cutRows(rows, experts * k);
    call("top_choices_" + typeName(in(0)), rows, experts, k, taskRows);
  }
  void balancedChoices() {
    call("balanced_choices_" + typeName(in(0)), dim(in(0), 0), dim(in(0), 1),
         real("tolerance"));
  }
  void expertChoices() {
    int64_t rows = dim(in(0), 0), experts = dim(in(0), 1);
    kernel.tasks = llvm::divideCeil(experts, kTaskExperts);
    call("expert_choices_" + typeName(in(0)), rows, experts, real("capacity"));
  }
  void logShares() {
    int64_t rows = dim(in(0), 0), experts = dim(in(0), 1);
    int64_t taskRows = cutRows(rows, experts);
    call("log_shares_" + typeName(in(0)), rows, experts, taskRows);
  }
  void limitCapacity() {
    int64_t rows = dim(in(1), 0);
    call("limit_capacity", rows, size(in(0)) / rows, size(out(1)),
         real("capacity"));
  }
  void jitter() {
    int64_t taskSize = std::min(size(in(0)), target.taskElements);
    kernel.tasks = llvm::divideCeil(size(in(0)), taskSize);
    call("jitter_" + typeName(in(0)), size(in(0)), real("amount"),
         integer("stream"), taskSize);
  }
  void expertLoad() {
    int64_t rows = dim(in(1), 0);
    call("expert_load_" + typeName(out(0)), rows, size(in(0)) / rows,
         size(out(0)), int64_t(flag("share")));
  }
  void balanceBias() {
    call("balance_bias_" + typeName(out(0)), size(out(0)), real("rate"));
  }
  void auxLoss() {
    int64_t rows = dim(in(0), 0), experts = dim(in(0), 1);
    int64_t taskRows = cutRows(rows, experts);
    call(op.getCallee() + "_" + typeName(in(0)), rows, experts, real("weight"),
         taskRows);
  }
  void weighGrad() {
    int64_t rows = dim(in(0), 0), width = dim(in(0), 1);
    int64_t taskRows = cutTeamRows(rows, width);
    call("weigh_grad_" + typeName(in(0)), rows, width, taskRows);
  }
  void embedding() {
    int64_t rows = dim(out(0), 0), width = dim(out(0), 1);
    int64_t taskRows = cutTeamRows(rows, width);
    call("embedding_" + typeName(out(0)), rows, width, dim(in(1), 0), taskRows);
  }
  void embeddingGrad() {
    int64_t columns = cutColumns(dim(in(1), 1));
    call("embedding_grad_" + typeName(in(1)), dim(in(1), 0), dim(in(1), 1),
         columns);
  }
  void reduceRows() {
    int64_t rows = dim(in(0), 0), width = dim(in(0), 1);
    int64_t columns = cutColumns(width);
    if (plan())
      call("reduce_groups_" + typeName(in(0)), plan().getGroups(), width,
           columns);
    else
      call("reduce_rows_" + typeName(in(0)), rows, width, columns);
  }
  void norm(StringRef name) {
    int64_t rows = dim(in(0), 0), width = dim(in(0), 1);
    int64_t taskRows = cutTeamRows(rows, width);
    call(name + "_" + typeName(in(0)), rows, width, real("eps"), taskRows);
  }
  void normGrad(StringRef name) {
    int64_t rows = dim(in(0), 0), width = dim(in(0), 1);
    int64_t taskRows = cutTeamRows(rows, width), rowTasks = kernel.tasks;
    int64_t columns = cutColumns(width);
    kernel.tasks += rowTasks;
    call(name + "_" + typeName(in(0)), rows, width, rowTasks, taskRows,
         columns);
  }
  void layerNorm() { norm("layer_norm"); }
  void layerNormGrad() { normGrad("layer_norm_grad"); }
  void rmsNorm() { norm("rms_norm"); }
  void rmsNormGrad() { normGrad("rms_norm_grad"); }
  void crossEntropy() { loss("cross_entropy_"); }
  void crossEntropyGrad() { loss("cross_entropy_grad_"); }
  void loss(StringRef name) {
    int64_t rows = dim(in(0), 0), vocab = dim(in(0), 1);
    int64_t taskRows = cutTeamRows(rows, vocab);
    call(name + typeName(in(0)), rows, vocab, taskRows);
  }
  void dropout() {
    int64_t taskSize = std::min(size(in(0)), target.taskElements);
    kernel.tasks = llvm::divideCeil(size(in(0)), taskSize);
    call("dropout_" + typeName(in(0)), size(in(0)), real("rate"),
         integer("stream"), taskSize);
  }
  void rotary() {
    int64_t rows = dim(in(0), 0), width = dim(in(0), 1);
    int64_t taskRows = cutTeamRows(rows, width * 4);
    call("rotary_" + typeName(in(0)), rows, width, integer("heads"),
         real("base"), int64_t(flag("inverse")), taskRows);
  }
  int64_t headSize() { return dim(in(0), 1) / integer("heads"); }
  void attention() {
    int64_t window = integer("window"), heads = integer("heads");
    // Blocks of 64 queries, as kernels/Attention.cpp cuts them.
    kernel.tasks =
        dim(in(0), 0) / window * heads * llvm::divideCeil(window, 64);
    call("attention_" + typeName(in(0)), heads, integer("kv_heads"), headSize(),
         window, real("scale"), int64_t(flag("causal")));
  }
  void attentionGrad() {
    int64_t window = integer("window"), kvHeads = integer("kv_heads");
    kernel.tasks = dim(in(0), 0) / window * kvHeads;
    call("attention_grad_" + typeName(in(0)), integer("heads"), kvHeads,
         headSize(), window, real("scale"), int64_t(flag("causal")));
  }
  void crossAttention() {
    int64_t window = integer("window"), heads = integer("heads");
    kernel.tasks =
        dim(in(0), 0) / window * heads * llvm::divideCeil(window, 64);
    call("cross_attention_" + typeName(in(0)), heads, integer("kv_heads"),
         headSize(), window, integer("memory_window"), real("scale"));
  }
  void crossAttentionGrad() {
    int64_t window = integer("window"), kvHeads = integer("kv_heads");
    kernel.tasks = dim(in(0), 0) / window * kvHeads;
    call("cross_attention_grad_" + typeName(in(0)), integer("heads"), kvHeads,
         headSize(), window, integer("memory_window"), real("scale"));
  }
  void attentionDecode() {
    kernel.tasks = integer("kv_heads");
    call("attention_decode_" + typeName(in(0)), integer("heads"),
         integer("kv_heads"), headSize(), real("scale"));
  }
  void lookup();
  void segments() { call("segments", dim(in(0), 0)); }
  void mergeKeys() { call("merge_keys", dim(in(0), 0), dim(out(0), 1)); }
  void lookupGrad() {
    int64_t rows = dim(in(1), 0), width = dim(out(0), 1);
    int64_t taskRows = cutTeamRows(rows, width);
    call("lookup_grad_" + typeName(in(3)), rows, width, dim(in(3), 1),
         integer("column"), taskRows);
  }
  void rowwiseAdagrad() {
    int64_t room = dim(out(1), 0), width = dim(out(1), 1);
    int64_t taskRows = cutRows(room, width);
    call("rowwise_adagrad_" + typeName(out(0)), room, width, real("lr_scale"),
         real("eps"), taskRows);
  }
  void norms();
  void adamw() {
    int64_t count = size(out(0)),
            taskSize = std::min(count, target.taskElements);
    kernel.tasks = llvm::divideCeil(count, taskSize);
    call("adamw_" + typeName(out(0)), count, real("beta1"), real("beta2"),
         real("eps"), real("weight_decay"), taskSize);
  }

  hash::LibraryCallOp op;
  Builder builder;
  CpuTarget target;
  Kernel kernel;
};

/// Any number of values: the hash is kept in the result between calls.
void KernelBuilder::mix() {
  int64_t rows = dim(out(0), 0);
  callWith("mix_start", {out(0)}, rows, integer("seed"));
  for (Value value : op.getIns())
    callWith("mix_absorb", {value, out(0)}, rows);
  callWith("mix_finish", {out(0)}, rows);
}

/// A column of each value.
void KernelBuilder::choices() {
  int64_t rows = dim(out(0), 0), k = dim(out(0), 1);
  for (auto [column, value] : llvm::enumerate(op.getIns()))
    callWith("choice", {value, out(0)}, rows, k, int64_t(column),
             integer("groups"));
}

/// Keys come first, then their tables; each has features of its own.
void KernelBuilder::lookup() {
  unsigned heads = op.getIns().size() / 2;
  int64_t rows = dim(out(0), 0), features = dim(out(0), 1), column = 0;
  int64_t taskRows = cutTeamRows(rows, features);
  for (unsigned head = 0; head < heads; ++head) {
    Value keys = in(head), table = in(heads + head);
    callWith("lookup_" + typeName(out(0)), {keys, table, out(0)}, rows,
             dim(table, 1), dim(table, 0), features, column, taskRows);
    column += dim(table, 1);
  }
}

/// A task for each part, of every gradient; the global norm has one.
void KernelBuilder::norms() {
  kernel.tasks = size(out(0));
  callWith("norm_start", {out(0)});
  for (Value gradient : op.getIns())
    callWith("norm_add_" + typeName(gradient), {gradient, out(0)},
             size(gradient), kernel.tasks);
  callWith("norm_finish", {out(0)});
}

const llvm::StringMap<KernelBuilder::Rule> &KernelBuilder::getRules() {
  static const llvm::StringMap<Rule> rules = {
      {"adamw", &KernelBuilder::adamw},
      {"attention", &KernelBuilder::attention},
      {"attention_decode", &KernelBuilder::attentionDecode},
      {"attention_grad", &KernelBuilder::attentionGrad},
      {"balanced_choices", &KernelBuilder::balancedChoices},
      {"balance_bias", &KernelBuilder::balanceBias},
      {"balance_loss", &KernelBuilder::auxLoss},
      {"balance_loss_grad", &KernelBuilder::auxLoss},
      {"choices", &KernelBuilder::choices},
      {"combine", &KernelBuilder::combine},
      {"cross_attention", &KernelBuilder::crossAttention},
      {"cross_attention_grad", &KernelBuilder::crossAttentionGrad},
      {"cross_entropy", &KernelBuilder::crossEntropy},
      {"cross_entropy_grad", &KernelBuilder::crossEntropyGrad},
      {"dropout", &KernelBuilder::dropout},
      {"embedding", &KernelBuilder::embedding},
      {"embedding_grad", &KernelBuilder::embeddingGrad},
      {"expert_load", &KernelBuilder::expertLoad},
      {"expert_choices", &KernelBuilder::expertChoices},
      {"gate", &KernelBuilder::gate},
      {"gate_grad", &KernelBuilder::gate},
      {"global_norm", &KernelBuilder::norms},
      {"jitter", &KernelBuilder::jitter},
      {"join", &KernelBuilder::join},
      {"layer_norm", &KernelBuilder::layerNorm},
      {"layer_norm_grad", &KernelBuilder::layerNormGrad},
      {"limit_capacity", &KernelBuilder::limitCapacity},
      {"log_shares", &KernelBuilder::logShares},
      {"lookup", &KernelBuilder::lookup},
      {"lookup_grad", &KernelBuilder::lookupGrad},
      {"merge_keys", &KernelBuilder::mergeKeys},
      {"mix", &KernelBuilder::mix},
      {"modulo", &KernelBuilder::modulo},
      {"part_norms", &KernelBuilder::norms},
      {"plan", &KernelBuilder::planRows},
      {"position", &KernelBuilder::position},
      {"prev", &KernelBuilder::prev},
      {"next", &KernelBuilder::next},
      {"reduce_rows", &KernelBuilder::reduceRows},
      {"rms_norm", &KernelBuilder::rmsNorm},
      {"rms_norm_grad", &KernelBuilder::rmsNormGrad},
      {"rotary", &KernelBuilder::rotary},
      {"row_at", &KernelBuilder::rowAt},
      {"rowwise_adagrad", &KernelBuilder::rowwiseAdagrad},
      {"segments", &KernelBuilder::segments},
      {"split", &KernelBuilder::split},
      {"table_lookup", &KernelBuilder::tableLookup},
      {"top_choices", &KernelBuilder::topChoices},
      {"weigh_grad", &KernelBuilder::weighGrad},
      {"z_loss", &KernelBuilder::auxLoss},
      {"z_loss_grad", &KernelBuilder::auxLoss},
  };
  return rules;
}

FailureOr<Kernel> KernelBuilder::build() {
  Rule rule = getRules().lookup(op.getCallee());
  if (!rule)
    return op.emitError("the CPU's kernel library has no '")
           << op.getCallee() << "'";
  (this->*rule)();
  return std::move(kernel);
}

/// The buffer's address, as the library takes it.
Value getAddress(OpBuilder &builder, Location location, Value buffer) {
  Value index =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, location, buffer);
  Value address = arith::IndexCastOp::create(builder, location,
                                             builder.getI64Type(), index);
  return LLVM::IntToPtrOp::create(
      builder, location, LLVM::LLVMPointerType::get(builder.getContext()),
      address);
}

class CpuLowerLibraryCalls final
    : public impl::CpuLowerLibraryCallsBase<CpuLowerLibraryCalls> {
  void runOnOperation() override {
    SmallVector<hash::LibraryCallOp> ops;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("hash.kernel"))
        llvm::append_range(ops, function.getOps<hash::LibraryCallOp>());
    for (hash::LibraryCallOp op : ops)
      if (failed(lower(op)))
        return signalPassFailure();
  }

  LogicalResult lower(hash::LibraryCallOp op) {
    FailureOr<Kernel> kernel = KernelBuilder(op).build();
    if (failed(kernel))
      return failure();
    OpBuilder builder(op);
    Location location = op.getLoc();
    auto function = op->getParentOfType<func::FuncOp>();
    Value task = arith::IndexCastOp::create(
        builder, location, builder.getI64Type(), function.getArgument(0));
    for (const Call &call : kernel->calls) {
      SmallVector<Value> arguments = {task};
      for (Value buffer : call.buffers)
        arguments.push_back(getAddress(builder, location, buffer));
      for (Attribute constant : call.constants)
        arguments.push_back(arith::ConstantOp::create(
            builder, location, cast<TypedAttr>(constant)));
      declare(call.function, TypeRange(ValueRange(arguments)));
      func::CallOp::create(builder, location, call.function, TypeRange(),
                           arguments);
    }
    op.erase();
    return success();
  }

  void declare(StringRef name, TypeRange types) {
    ModuleOp module = getOperation();
    if (module.lookupSymbol(name))
      return;
    auto builder = OpBuilder::atBlockEnd(module.getBody());
    auto function = func::FuncOp::create(builder, module.getLoc(), name,
                                         builder.getFunctionType(types, {}));
    function.setPrivate();
  }
};

} // namespace

int64_t getNumLibraryTasks(hash::LibraryCallOp call) {
  FailureOr<Kernel> kernel = KernelBuilder(call).build();
  return failed(kernel) ? 1 : kernel->tasks;
}

} // namespace hashc::cpu
