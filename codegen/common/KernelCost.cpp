//===- KernelCost.cpp - Arithmetic and traffic of a kernel ----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/common/KernelCost.h"

#include "dialect/Hash.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace hashc {

static ShapedType shapeOf(Value value) {
  return cast<ShapedType>(value.getType());
}

static int64_t elements(Value value) { return shapeOf(value).getNumElements(); }

/// Two for each row, contracted index and column.
static int64_t getProductFlops(hash::GroupedGemmOp op) {
  int64_t flops = 0;
  for (auto [lhs, rhs] : llvm::zip(op.getLhs(), op.getRhs())) {
    int64_t depth = shapeOf(lhs).getDimSize(1);
    ShapedType out = shapeOf(op.getInits().front());
    flops += 2 * out.getDimSize(0) * depth * out.getDimSize(1);
  }
  return flops;
}

static int64_t getProductFlops(hash::GroupedOuterOp op) {
  ShapedType lhs = shapeOf(op.getLhs()), rhs = shapeOf(op.getRhs());
  int64_t rows = lhs.getDimSize(0);
  if (hash::PlanType plan = op.getPlanType())
    rows = plan.getSlots();
  return 2 * rows * lhs.getDimSize(1) * rhs.getDimSize(1);
}

/// Scores and sums over half the window for a causal row, per query feature;
/// the backward pass has five products for the forward pass's two.
static int64_t getAttentionFlops(hash::LibraryCallOp op, int64_t products) {
  ShapedType query = shapeOf(op.getIns().front());
  auto window = op.getConfig().getAs<IntegerAttr>("memory_window");
  if (!window)
    window = op.getConfig().getAs<IntegerAttr>("window");
  int64_t keys = window ? window.getInt() : 0;
  if (op.getConfig().get("causal"))
    keys = (keys + 1) / 2;
  return 2 * products * query.getNumElements() * keys;
}

static int64_t getLibraryFlops(hash::LibraryCallOp op) {
  StringRef callee = op.getCallee();
  // Of the table only the rows that were read.
  if (callee == "rowwise_adagrad")
    return 6 * elements(op.getOuts()[1]);
  if (callee == "attention" || callee == "cross_attention")
    return getAttentionFlops(op, 2);
  if (callee == "attention_grad" || callee == "cross_attention_grad")
    return getAttentionFlops(op, 5);
  if (callee == "global_norm" || callee == "part_norms") {
    int64_t all = 0;
    for (Value gradient : op.getIns())
      all += elements(gradient);
    return 2 * all;
  }
  // What the others compute for an element, roughly: they are bound by memory.
  int64_t perElement = llvm::StringSwitch<int64_t>(callee)
                           .Cases({"layer_norm", "rms_norm"}, 8)
                           .Cases({"layer_norm_grad", "rms_norm_grad"}, 14)
                           .Cases({"cross_entropy", "cross_entropy_grad"}, 6)
                           .Case("adamw", 14)
                           .Case("lookup_grad", 1)
                           .Case("reduce_rows", 2)
                           .Cases({"gate", "gate_grad", "weigh_grad"}, 2)
                           .Cases({"balance_loss", "balance_loss_grad"}, 6)
                           .Cases({"z_loss", "z_loss_grad"}, 4)
                           .Case("jitter", 2)
                           .Cases({"rotary", "embedding_grad", "dropout"}, 2)
                           .Default(0);
  int64_t size = 0;
  for (Value value : op.getIns())
    size = std::max(size, elements(value));
  for (Value value : op.getOuts())
    size = std::max(size, elements(value));
  return perElement * size;
}

/// Every element of every out, for every op of the body.
static int64_t getBodyFlops(Block &body, ValueRange outs) {
  int64_t flops = 0;
  for (Operation &op : body.without_terminator())
    flops += op.getNumResults() == 1 &&
             isa<FloatType>(op.getResult(0).getType()) && op.getNumOperands();
  return flops * elements(outs.front());
}

static int64_t getBytes(Value value) {
  auto type = dyn_cast<ShapedType>(value.getType());
  return type ? type.getNumElements() *
                    llvm::divideCeil(type.getElementTypeBitWidth(), 8)
              : 0;
}

/// What an op reads or writes of an operand, at the most: of a table that is
/// looked up, as many rows as there are keys.
static int64_t getTraffic(Operation *op, Value operand) {
  int64_t bytes = getBytes(operand);
  auto call = dyn_cast<hash::LibraryCallOp>(op);
  if (!call)
    return bytes;
  if (call.getCallee() == "lookup")
    return std::min(bytes, getBytes(call.getOuts().front()));
  if (call.getCallee() == "rowwise_adagrad")
    return std::min(bytes, getBytes(call.getOuts()[1]));
  return bytes;
}

static int64_t getBytes(Operation *op) {
  int64_t bytes = 0;
  for (Value operand : op->getOperands())
    bytes += getTraffic(op, operand);
  return bytes;
}

KernelCost getKernelCost(Operation *op) {
  int64_t flops =
      TypeSwitch<Operation *, int64_t>(op)
          .Case([](hash::GroupedGemmOp gemm) {
            return getProductFlops(gemm) +
                   getBodyFlops(gemm.getBodyBlock(), gemm.getInits());
          })
          .Case([](hash::GroupedOuterOp outer) {
            return getProductFlops(outer) +
                   getBodyFlops(outer.getBodyBlock(), outer.getInits());
          })
          .Case([](hash::MapOp map) {
            return getBodyFlops(map.getBodyBlock(), map.getInits());
          })
          .Case([](hash::LibraryCallOp call) { return getLibraryFlops(call); })
          .Default(int64_t(0));
  return {flops, getBytes(op)};
}

StringRef getKernelKind(StringRef op, StringRef path) {
  StringRef kind =
      llvm::StringSwitch<StringRef>(op)
          .Cases({"attention", "attention_grad", "attention_decode", "rotary",
                  "cross_attention", "cross_attention_grad"},
                 "attention")
          .Cases({"layer_norm", "layer_norm_grad", "rms_norm", "rms_norm_grad"},
                 "norm")
          .Cases({"cross_entropy", "cross_entropy_grad"}, "loss")
          .Cases({"embedding", "embedding_grad"}, "embedding")
          .Cases({"lookup", "lookup_grad", "merge_keys", "segments"}, "lookup")
          .Cases({"adamw", "global_norm", "part_norms", "balance_bias",
                  "rowwise_adagrad"},
                 "optimizer")
          .Cases({"plan", "prev", "next", "position", "mix", "modulo",
                  "table_lookup", "row_at", "gate", "gate_grad"},
                 "router")
          .Cases({"top_choices", "balanced_choices", "expert_choices",
                  "log_shares", "limit_capacity", "jitter", "expert_load",
                  "balance_loss", "balance_loss_grad", "z_loss", "z_loss_grad"},
                 "router")
          .Default("");
  if (!kind.empty())
    return kind;
  if (op != "map") {
    // The product that makes a gate's logits goes by its weight's name.
    if (path.ends_with("w_router"))
      return "router";
    if (path.contains("attention"))
      return "attention";
    if (path.contains("unembed"))
      return "unembedding";
    if (path.contains("ffn") || op.starts_with("grouped"))
      return "ffn";
  }
  return "elementwise";
}

} // namespace hashc
