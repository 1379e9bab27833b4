//===- Engine.cpp - Barriers in shared memory and the copy engine ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Instructions.h"

using namespace hashc::sim;

HASHC_SIM_FUNCTION(MbarrierInit) {
  at(site).initMbarrier(as<void *>(operands[0]), operands[1]);
}
HASHC_SIM_FUNCTION(MbarrierArrive) {
  results[0] = 0;
  at(site).arrive(as<void *>(operands[0]));
}
HASHC_SIM_FUNCTION(MbarrierArriveCount) {
  results[0] = 0;
  at(site).arrive(as<void *>(operands[0]), operands[1]);
}
/// In any block of the cluster, which gives no state.
HASHC_SIM_FUNCTION(MbarrierArriveThere) {
  at(site).arrive(as<void *>(operands[0]));
}
HASHC_SIM_FUNCTION(MbarrierArriveCountThere) {
  at(site).arrive(as<void *>(operands[0]), operands[1]);
}
HASHC_SIM_FUNCTION(MbarrierArriveExpectThere) {
  at(site).expectBytes(as<void *>(operands[0]), operands[1]);
  at(site).arrive(as<void *>(operands[0]));
}
HASHC_SIM_FUNCTION(MbarrierExpect) {
  at(site).expectBytes(as<void *>(operands[0]), operands[1]);
}
HASHC_SIM_FUNCTION(MbarrierArriveExpect) {
  results[0] = 0;
  at(site).expectBytes(as<void *>(operands[0]), operands[1]);
  at(site).arrive(as<void *>(operands[0]));
}
HASHC_SIM_FUNCTION(MbarrierWait) {
  at(site).waitForParity(as<void *>(operands[0]), operands[1] & 1);
}
/// That it may give up is for whoever loops until it does not.
HASHC_SIM_FUNCTION(MbarrierTryWait) {
  results[0] = 1;
  at(site).waitForParity(as<void *>(operands[0]), operands[1] & 1);
}
HASHC_SIM_FUNCTION(CopyArrive) {
  at(site).arriveAfterCopies(as<void *>(operands[0]), /*counted=*/true);
}
HASHC_SIM_FUNCTION(CopyArriveNoinc) {
  at(site).arriveAfterCopies(as<void *>(operands[0]), /*counted=*/false);
}
HASHC_SIM_FUNCTION(FenceProxy) { at(site).fenceProxy(); }
HASHC_SIM_FUNCTION(FenceMbarriers) { at(site).fenceMbarriers(); }

//===----------------------------------------------------------------------===//
// The copy engine, in the order of LLVM's intrinsics and in that of PTX
//===----------------------------------------------------------------------===//

static Box getBox(Block &block, const Slot *operands) {
  return block.getBox(*as<const TensorMap *>(operands[0]),
                      as<int32_t>(operands[1]), as<int32_t>(operands[2]));
}

/// Target, barrier, map, x, y, mask of blocks, cache hint, whether there are
/// those two, and a group of blocks, which no GPU has that is simulated.
HASHC_SIM_FUNCTION(CopyBox) {
  Block &block = at(site);
  auto *target = as<char *>(operands[0]);
  auto *barrier = as<void *>(operands[1]);
  const Box box = getBox(block, operands + 2);
  if (operands[9] != 0)
    block.fail("a group of blocks, which the simulator does not know");
  if (operands[7] & 1)
    block.copyBoxToAll(target, barrier, box, operands[5]);
  else
    block.copyBox(target, barrier, box);
}

/// Target, map, x, y, barrier, and a mask.
HASHC_SIM_FUNCTION(CopyBoxPtx) {
  Block &block = at(site);
  block.copyBox(as<char *>(operands[0]), as<void *>(operands[4]),
                getBox(block, operands + 1));
}
HASHC_SIM_FUNCTION(CopyBoxToAllPtx) {
  Block &block = at(site);
  block.copyBoxToAll(as<char *>(operands[0]), as<void *>(operands[4]),
                     getBox(block, operands + 1), operands[5] & 0xffff);
}

/// Target, barrier, source, bytes, mask, cache hint, whether there are those.
HASHC_SIM_FUNCTION(CopyLine) {
  Block &block = at(site);
  auto *target = as<char *>(operands[0]);
  auto *barrier = as<void *>(operands[1]);
  const Box line = block.getLine(as<const char *>(operands[2]), operands[3]);
  if (operands[6] & 1)
    block.copyBoxToAll(target, barrier, line, operands[4]);
  else
    block.copyBox(target, barrier, line);
}

/// Target, source, bytes, barrier.
HASHC_SIM_FUNCTION(CopyLinePtx) {
  Block &block = at(site);
  block.copyBox(as<char *>(operands[0]), as<void *>(operands[3]),
                block.getLine(as<const char *>(operands[1]), operands[2]));
}

/// Source, map, x, y, cache hint, and whether there is one.
HASHC_SIM_FUNCTION(StoreBox) {
  Block &block = at(site);
  block.storeBox(as<const char *>(operands[0]), getBox(block, operands + 1));
}

/// Map, x, y, source.
HASHC_SIM_FUNCTION(StoreBoxPtx) {
  Block &block = at(site);
  block.storeBox(as<const char *>(operands[3]), getBox(block, operands));
}

/// Target, source, bytes.
HASHC_SIM_FUNCTION(StoreLine) {
  Block &block = at(site);
  block.storeBox(as<const char *>(operands[1]),
                 block.getLine(as<const char *>(operands[0]), operands[2]));
}

HASHC_SIM_FUNCTION(StoreCommit) { at(site).commitStores(); }
HASHC_SIM_FUNCTION(StoreWait) {
  at(site).waitForStores(operands[0], /*onlyRead=*/false);
}
HASHC_SIM_FUNCTION(StoreWaitRead) {
  at(site).waitForStores(operands[0], /*onlyRead=*/true);
}
