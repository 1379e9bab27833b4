//===- TileProduct.cpp - Products that a block of threads sums ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/TileProduct.h"

namespace hashc::nvvm {

std::unique_ptr<TileProduct> TileProduct::create(GpuEmitter &e,
                                                 const TileConfig &config) {
  return config.product == TileConfig::Product::wgmma
             ? createWarpSpecializedProduct(e, config)
             : createMultistageProduct(e, config);
}

size_t TileProduct::countSums(llvm::ArrayRef<Term> terms) {
  size_t count = 0;
  for (const Term &term : terms)
    count = std::max(count, term.into + 1);
  return count;
}

} // namespace hashc::nvvm
