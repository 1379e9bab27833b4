//===- GpuEmitter.h - Builds what a block of threads does -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_GPUEMITTER_H
#define HASHC_CODEGEN_NVVM_GPUEMITTER_H

#include "codegen/cpu/Emitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace hashc::nvvm {

/// Adds the instructions of a GPU: its threads, its shared memory, its copies
/// that run beside the threads and its tensor cores. Instructions are LLVM's
/// intrinsics (NVPTX's usage guide; PTX ISA 8.0, section 9.7).
class GpuEmitter : public cpu::Emitter {
public:
  GpuEmitter(mlir::Location loc, mlir::OpBuilder builder, int64_t vectorBytes)
      : Emitter(loc, builder, vectorBytes),
        shared(mlir::LLVM::LLVMPointerType::get(getContext(), 3)) {}

  /// The number of the thread in its block.
  Value thread();
  /// Waits for all threads of the block.
  void barrier();
  /// Waits for so many threads, whole warps, that come to barrier `id`, which
  /// is 1 to 15.
  void barrier(int64_t id, int64_t threads);

  /// Shared memory of the kernel that is built, aligned for any instruction.
  Value sharedMemory(int64_t bytes);
  /// The same, of as many bytes as the launch gives.
  Value sharedMemoryOfLaunch();
  /// The address of map `i` of the kernel that is built (LaunchShape.h).
  Value tensorMap(size_t i);
  /// base + offset bytes, in shared memory.
  Value sharedAddress(Value base, Value offset);
  /// `count` elements; the address is aligned to all of them.
  Value loadShared(Type element, int64_t count, Value address);
  /// A vector of f32; the address is aligned to all of it.
  void storeShared(Value vector, Value address);

  /// Starts the copy of kCopyBytes from global to shared memory; of zeros,
  /// where `exists` is false.
  void copy(Value to, Value from, Value exists);
  /// Ends a group of copies of this thread.
  void commitCopies();
  /// Waits until all but the last `pending` groups are done.
  void waitForCopies(int64_t pending);

  /// Four 8x8 matrices of 16-bit elements, one from every eight lanes'
  /// addresses of rows; `transposed`: of columns.
  llvm::SmallVector<Value> loadMatrices(Value address, bool transposed);
  /// sums (16x8, a vector of 4) + a (16x16, 4 registers) * b (16x8, 2), bf16.
  Value multiply(mlir::ValueRange a, mlir::ValueRange b, Value sums);

  /// sums (16x8, a vector of 4) + a (16x8, 4 registers) * b (8x8, 2), tf32.
  Value multiplyTf32(mlir::ValueRange a, mlir::ValueRange b, Value sums);
  /// The bits of f32, rounded to tf32, half away from zero.
  Value toTf32(Value value);

  /// A barrier in shared memory, 8 bytes: a phase of it ends with the arrival
  /// of so many threads.
  void initMbarrier(Value mbarrier, int64_t arrivals);
  void arrive(Value mbarrier);
  /// Waits until the phase with this parity, 0 or 1, is over.
  void waitForPhase(Value mbarrier, Value parity);
  /// Before the copy engine is told of barriers that this thread has made.
  void fenceMbarriers();
  /// Arrives, and has the phase wait for so many bytes of the copy engine.
  void arriveExpecting(Value mbarrier, int64_t bytes);
  /// The copy engine's: the box of a map from element `x` of row `y` on, which
  /// the barrier is told of.
  void copyBox(Value to, Value map, Value x, Value y, Value mbarrier);
  /// What the thread knows to be in shared memory is there for wgmma.
  void fenceForAsyncReads();

  /// Before a warpgroup's products: the sums are in registers now, and nothing
  /// but products touches those until they are waited for.
  llvm::SmallVector<Value> fenceSums(mlir::ValueRange sums);
  /// sums + lhs (64x16) * rhs (16xN), bf16, of descriptors, by the warpgroup,
  /// which goes on; a thread has N / 2 sums. Transposed are operands whose
  /// lines are of the tile.
  llvm::SmallVector<Value> multiplyAsync(mlir::ValueRange sums, Value lhs,
                                         Value rhs, bool lhsTransposed,
                                         bool rhsTransposed);
  /// Ends a group of products.
  void commitProducts();
  /// Waits until all but the last `pending` groups are done: then the sums are
  /// what is returned.
  llvm::SmallVector<Value> waitForProducts(mlir::ValueRange sums,
                                           int64_t pending);

  /// Narrows to what addresses in shared memory are computed in.
  Value toI32(Value value);

  Type shared;

private:
  Value callMma(llvm::StringRef name, mlir::ValueRange a, mlir::ValueRange b,
                Value sums);
  Value createShared(llvm::StringRef name, int64_t bytes, uint64_t alignment,
                     bool ofLaunch);
  mlir::func::FuncOp getKernel();
  /// Inline assembly with effects; "$i" are results, then operands.
  llvm::SmallVector<Value> assemble(llvm::StringRef text,
                                    llvm::StringRef constraints,
                                    int64_t results, mlir::ValueRange operands);
  mlir::Operation *callIntrinsic(llvm::StringRef name, mlir::TypeRange results,
                                 mlir::ValueRange operands);
};

/// Bytes that one instruction copies.
constexpr int64_t kCopyBytes = 16;

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_GPUEMITTER_H
