//===- FuseEpilogue.cpp - Elementwise work where its input is made --------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/BodyFusion.h"
#include "passes/EntryPoints.h"
#include "passes/Passes.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "hash-fuse-epilogue"

namespace hashc {
#define GEN_PASS_DEF_FUSEEPILOGUE
#include "passes/Passes.h.inc"

using namespace mlir;
using hash::RowSpace;

namespace {

/// What a map is called in remarks: what it computes last.
StringRef getKind(hash::MapOp map) {
  if (isCopy(map))
    return "move";
  Operation *last = map.getBodyBlock().getTerminator()->getPrevNode();
  return last ? last->getName().getStringRef() : "fill";
}

bool isUniform(int32_t space) {
  return space == static_cast<int32_t>(RowSpace::all) ||
         space == static_cast<int32_t>(RowSpace::group);
}

/// True for a gather or scatter: hash-fuse-dispatch's part.
bool isMove(hash::MapOp map) {
  return map.getPlan() && isCopy(map) && !isUniform(map.getReadsAt().front());
}

/// True if it costs less to compute again than to store.
bool isCheap(hash::MapOp map) {
  unsigned count = 0;
  for (Operation &op : map.getBodyBlock().without_terminator()) {
    bool isSlow = isa<math::MathDialect>(op.getDialect()) ||
                  isa<arith::DivFOp, arith::DivSIOp, arith::RemSIOp>(op);
    if (isSlow && !isa<math::AbsFOp>(op))
      return false;
    count += !isa<arith::ConstantOp>(op);
  }
  return count <= 4;
}

/// What fusing one function did.
struct FusionCounts {
  unsigned maps = 0, epilogues = 0;
};

/// The fusion of one function; without `movesRows` gathers and scatters stay.
class EpilogueFusion {
public:
  EpilogueFusion(func::FuncOp function, bool movesRows)
      : function(function), movesRows(movesRows) {}

  FusionCounts run() {
    // First maps into maps, so that what a product takes in is a whole chain
    // and comes from as few places as it can.
    for (hash::MapOp map : getMaps())
      fuseProducers(map);
    for (hash::MapOp map : getMaps())
      fuseIntoProduct(map);
    return counts;
  }

private:
  SmallVector<hash::MapOp> getMaps() {
    return llvm::to_vector(function.getOps<hash::MapOp>());
  }

  remark::RemarkOpts getRemark(StringRef name) {
    return remark::RemarkOpts::name(name)
        .category(DEBUG_TYPE)
        .function(function.getName());
  }

  /// A value that other maps read too is computed again if that adds no reads.
  bool isWorthwhile(hash::MapOp producer, hash::MapOp consumer) {
    if (!movesRows && (isMove(producer) || isMove(consumer)))
      return false;
    if (llvm::all_of(producer->getUsers(),
                     [&](Operation *user) { return user == consumer; }))
      return true;
    // What reads a product becomes part of it.
    if (!isCheap(producer) || isMove(producer) || getProduct(producer))
      return false;
    // Reading the value is one read itself.
    return countNewReads(producer, consumer) <= 1 &&
           llvm::all_of(producer->getUsers(),
                        [](Operation *user) { return isa<hash::MapOp>(user); });
  }

  unsigned countNewReads(hash::MapOp producer, hash::MapOp consumer) {
    unsigned count = 0;
    for (auto [read, space] :
         llvm::zip(producer.getReads(), producer.getReadsAt()))
      count +=
          !isUniform(space) && !llvm::is_contained(consumer.getReads(), read);
    return count;
  }

  void fuseProducers(hash::MapOp map) {
    DenseSet<Value> refused;
    for (unsigned i = 0; i < map.getReads().size();) {
      Value read = map.getReads()[i++];
      auto producer = read.getDefiningOp<hash::MapOp>();
      if (!producer || refused.contains(read) || !isWorthwhile(producer, map))
        continue;
      std::string kind = getKind(producer).str();
      Location location = producer.getLoc();
      Fusion<hash::MapOp> fusion = fuseMaps(producer, map);
      if (!fusion) {
        refused.insert(read);
        remark::missed(location, getRemark("not-fused"))
            << remark::reason("{0} of {1} stays a pass of its own: {2}", kind,
                              hash::getPath(location), fusion.obstacle);
        continue;
      }
      map = fusion.op;
      ++counts.maps;
      remark::passed(location, getRemark("fused")) << remark::add(
          "{0} of {1} fused into {2} of {3}", kind, hash::getPath(location),
          getKind(map), hash::getPath(map.getLoc()));
      i = 0;
    }
  }

  /// The last product that the map reads.
  hash::GroupedGemmOp getProduct(hash::MapOp map) {
    hash::GroupedGemmOp last;
    for (Value read : map.getReads())
      if (auto gemm = read.getDefiningOp<hash::GroupedGemmOp>())
        if (!last || last->isBeforeInBlock(gemm))
          last = gemm;
    return last;
  }

  void fuseIntoProduct(hash::MapOp map) {
    hash::GroupedGemmOp gemm = getProduct(map);
    // What is computed again for the gradient must not be kept by the product.
    if (!gemm || (!movesRows && isMove(map)) || isRecomputed(map))
      return;
    std::string kind = getKind(map).str();
    Location location = map.getLoc();
    Fusion<hash::GroupedGemmOp> fusion = fuseIntoGemm(gemm, map);
    if (!fusion) {
      remark::missed(location, getRemark("not-fused"))
          << remark::reason("{0} of {1} stays out of the product of {2}: {3}",
                            kind, hash::getPath(location),
                            hash::getPath(gemm.getLoc()), fusion.obstacle);
      return;
    }
    ++counts.epilogues;
    remark::passed(location, getRemark("fused")) << remark::add(
        "{0} of {1} fused into the product of {2}", kind,
        hash::getPath(location), hash::getPath(fusion.op.getLoc()));
  }

  func::FuncOp function;
  bool movesRows;
  FusionCounts counts;
};

class FuseEpilogue final : public impl::FuseEpilogueBase<FuseEpilogue> {
  using FuseEpilogueBase::FuseEpilogueBase;

  void runOnOperation() override {
    FailureOr<FusionLevel> fusions = getFusionLevel(getOperation(), level);
    if (failed(fusions))
      return signalPassFailure();
    if (!fusions->epilogue || !getStraightLine(getOperation()))
      return;
    FusionCounts counts =
        EpilogueFusion(getOperation(), fusions->dispatch).run();
    numMaps += counts.maps;
    numEpilogues += counts.epilogues;
  }
};

} // namespace
} // namespace hashc
