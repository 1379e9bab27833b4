//===- Target.cpp - What a module is compiled for -------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Target.h"
#include "dialect/Hash.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace hashc {

/// What `hash.target` has under the key; null where there is none.
template <typename Attribute>
static Attribute getTargetAttribute(Operation *op, StringRef key) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module)
    module = op->getParentOfType<ModuleOp>();
  auto target = module ? module->getAttrOfType<DictionaryAttr>(
                             hash::HashDialect::kTargetAttr)
                       : DictionaryAttr();
  return target ? target.getAs<Attribute>(key) : Attribute();
}

StringRef getTargetOption(Operation *op, StringRef key) {
  auto text = getTargetAttribute<StringAttr>(op, key);
  return text ? text.getValue() : "";
}

int64_t getTargetNumber(Operation *op, StringRef key, int64_t otherwise) {
  auto number = getTargetAttribute<IntegerAttr>(op, key);
  return number ? number.getInt() : otherwise;
}

} // namespace hashc
