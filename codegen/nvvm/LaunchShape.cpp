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

void setLaunchShape(func::FuncOp kernel, const LaunchShape &shape) {
  Builder builder(kernel.getContext());
  auto pair = [&](StringRef name, int64_t value) -> Attribute {
    return builder.getStrArrayAttr({name, std::to_string(value)});
  };
  kernel->setAttr("passthrough",
                  builder.getArrayAttr({pair(kThreads, shape.threads),
                                        pair(kTasks, shape.tasksPerBlock),
                                        pair(kAtOnce, shape.blocksAtOnce),
                                        pair(kShared, shape.sharedBytes)}));
}

void setLaunchShape(llvm::Function &kernel, const LaunchShape &shape) {
  kernel.addFnAttr(kThreads, std::to_string(shape.threads));
  kernel.addFnAttr(kTasks, std::to_string(shape.tasksPerBlock));
  kernel.addFnAttr(kAtOnce, std::to_string(shape.blocksAtOnce));
  kernel.addFnAttr(kShared, std::to_string(shape.sharedBytes));
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
  return shape;
}

} // namespace hashc::nvvm
