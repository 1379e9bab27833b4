//===- TileChoice.h - Which tiles a product is cut into ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_TILECHOICE_H
#define HASHC_CODEGEN_NVVM_TILECHOICE_H

#include "codegen/nvvm/Tiles.h"

#include <optional>

namespace hashc::nvvm {

/// True for a module whose `hash.target` is a GPU.
bool isForGpu(mlir::ModuleOp module);

/// How the op is computed by blocks, or nothing: then each of its tasks is a
/// thread's. Copies are of 16 bytes, so rows are made of whole ones.
std::optional<TileConfig> chooseTiles(mlir::Operation *op);

/// True for what `tile_columns` of `hash.target` may be; 0: a width is chosen.
bool isTileWidth(int64_t columns);

/// Tasks of a gradient of attention by tensor cores, if the op is one
/// (UseBlocks.cpp): more than there are for a CPU.
std::optional<int64_t> countGradWalks(mlir::Operation *op);

/// Tasks of an op on buffers: of a block, or of a thread.
int64_t getNumTasks(mlir::Operation *op);

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_TILECHOICE_H
