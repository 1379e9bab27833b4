//===- MemoryPlan.h - Where each value of an entry point lives -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_PASSES_MEMORYPLAN_H
#define HASHC_PASSES_MEMORYPLAN_H

#include "passes/Arena.h"

#include "dialect/Hash.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <vector>

namespace hashc {

/// Where values live: an argument's buffer, or a place in the arena.
struct Storage {
  mlir::BlockArgument argument; // null: in the arena
  ArenaBuffer place;
  llvm::SmallVector<mlir::Value> values; // that share it, one after the other
};

/// A value that has to be copied before an op updates it, or to be returned.
struct StorageCopy {
  mlir::Value from;
  Storage *to;
};

/// The type of the buffer that holds a tensor or a plan.
mlir::MemRefType getBufferType(mlir::Type type);

/// Plans the memory of one entry point: straight-line code on tensors.
class MemoryPlan {
public:
  MemoryPlan(mlir::func::FuncOp function, bool reuse)
      : function(function), block(function.getBody().front()), reuse(reuse) {}

  /// Finds a storage for every value. Results without a buffer become
  /// arguments; else the code stays as it is. Fails with a diagnostic.
  llvm::LogicalResult build();

  Storage *getStorage(mlir::Value value) const {
    return storageOf.lookup(value);
  }
  llvm::ArrayRef<StorageCopy> getCopiesBefore(mlir::Operation *op) const {
    auto copies = copiesBefore.find(op);
    return copies == copiesBefore.end() ? llvm::ArrayRef<StorageCopy>()
                                        : copies->second;
  }
  int64_t getArenaBytes() const { return arenaBytes; }
  unsigned getNumInPlace() const { return numInPlace; }
  unsigned getNumCopies() const { return numCopies; }

private:
  llvm::LogicalResult checkInput();
  llvm::LogicalResult checkOp(mlir::Operation *op);
  void numberOps();
  llvm::LogicalResult addResultArguments();
  llvm::LogicalResult assign(mlir::Operation *op);
  llvm::LogicalResult assignResult(mlir::Operation *op, unsigned result);
  Storage *createStorage(mlir::Value value, int64_t begin);
  void join(mlir::Value value, Storage *storage);
  bool mayOverwrite(Storage *storage, mlir::Operation *op, unsigned result);
  Storage *findReusable(mlir::Operation *op, unsigned result);
  llvm::LogicalResult emitLateRead(mlir::Operation *op, unsigned result,
                                   Storage *storage);
  llvm::LogicalResult checkResults();
  llvm::LogicalResult checkCopies(llvm::ArrayRef<StorageCopy> copies);
  void placeArena();
  void remarkPeak();

  mlir::func::FuncOp function;
  mlir::Block &block;
  bool reuse;
  llvm::DenseMap<mlir::Operation *, int64_t> numbers;
  llvm::DenseMap<mlir::Value, int64_t> lastUse;
  std::vector<std::unique_ptr<Storage>> storages;
  llvm::DenseMap<mlir::Value, Storage *> storageOf;
  llvm::SmallVector<Storage *> goals;            // of each result
  llvm::DenseMap<mlir::Value, Storage *> wanted; // a goal of a returned value
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<StorageCopy>>
      copiesBefore;
  int64_t arenaBytes = 0;
  unsigned numInPlace = 0, numCopies = 0;
};

} // namespace hashc

#endif // HASHC_PASSES_MEMORYPLAN_H
