//===- LaunchShape.cpp - How the tasks of a kernel become blocks ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/LaunchShape.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace hashc::nvvm {

constexpr llvm::StringLiteral kThreads = "hash-block-threads";
constexpr llvm::StringLiteral kTasks = "hash-block-tasks";
constexpr llvm::StringLiteral kAtOnce = "hash-blocks-at-once";
constexpr llvm::StringLiteral kShared = "hash-launch-shared";

constexpr llvm::StringLiteral kBoxed = "hash-launch-boxes";

/// "buffer rows columns boxRows boxColumns ...".
static std::string writeBoxed(llvm::ArrayRef<HashBoxedMatrix> boxed) {
  std::string text;
  for (const HashBoxedMatrix &each : boxed)
    for (int64_t number :
         {each.buffer, each.rows, each.columns, each.boxRows, each.boxColumns})
      text += std::to_string(number) + " ";
  return text;
}

static llvm::SmallVector<HashBoxedMatrix> readBoxed(llvm::StringRef text) {
  llvm::SmallVector<HashBoxedMatrix> boxed;
  while (!text.ltrim().empty()) {
    HashBoxedMatrix &each = boxed.emplace_back();
    for (int64_t *number : {&each.buffer, &each.rows, &each.columns,
                            &each.boxRows, &each.boxColumns}) {
      text = text.ltrim();
      text.consumeInteger(10, *number);
    }
  }
  return boxed;
}

std::string getMapName(llvm::StringRef kernel, size_t i) {
  return (kernel + ".map" + llvm::Twine(i)).str();
}

void setLaunchShape(func::FuncOp kernel, const LaunchShape &shape) {
  Builder builder(kernel.getContext());
  auto pair = [&](StringRef name, int64_t value) -> Attribute {
    return builder.getStrArrayAttr({name, std::to_string(value)});
  };
  SmallVector<Attribute> pairs = {
      pair(kThreads, shape.threads), pair(kTasks, shape.tasksPerBlock),
      pair(kAtOnce, shape.blocksAtOnce), pair(kShared, shape.sharedBytes)};
  if (!shape.boxed.empty())
    pairs.push_back(builder.getStrArrayAttr({kBoxed, writeBoxed(shape.boxed)}));
  kernel->setAttr("passthrough", builder.getArrayAttr(pairs));
}

void setLaunchShape(llvm::Function &kernel, const LaunchShape &shape) {
  kernel.addFnAttr(kThreads, std::to_string(shape.threads));
  kernel.addFnAttr(kTasks, std::to_string(shape.tasksPerBlock));
  kernel.addFnAttr(kAtOnce, std::to_string(shape.blocksAtOnce));
  kernel.addFnAttr(kShared, std::to_string(shape.sharedBytes));
  if (!shape.boxed.empty())
    kernel.addFnAttr(kBoxed, writeBoxed(shape.boxed));
}

LaunchShape getLaunchShape(const llvm::Function &kernel) {
  LaunchShape shape;
  auto read = [&](StringRef name, int64_t &value) {
    kernel.getFnAttribute(name).getValueAsString().getAsInteger(10, value);
  };
  read(kThreads, shape.threads);
  read(kTasks, shape.tasksPerBlock);
  read(kAtOnce, shape.blocksAtOnce);
  read(kShared, shape.sharedBytes);
  shape.boxed = readBoxed(kernel.getFnAttribute(kBoxed).getValueAsString());
  return shape;
}

} // namespace hashc::nvvm
