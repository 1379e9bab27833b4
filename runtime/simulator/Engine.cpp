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
HASHC_SIM_FUNCTION(CopyArrive) {
  at(site).arriveAfterCopies(as<void *>(operands[0]), /*counted=*/true);
}
HASHC_SIM_FUNCTION(CopyArriveNoinc) {
  at(site).arriveAfterCopies(as<void *>(operands[0]), /*counted=*/false);
}
HASHC_SIM_FUNCTION(FenceProxy) { at(site).fenceProxy(); }
HASHC_SIM_FUNCTION(FenceMbarriers) { at(site).fenceMbarriers(); }

/// Target, barrier, map, x, y, mask of a multicast, cache hint, and whether
/// there are those two.
HASHC_SIM_FUNCTION(CopyBox) {
  Block &block = at(site);
  if (operands[7] & 1)
    block.fail("copies to several blocks, which the simulator does not know");
  block.copyBox(as<char *>(operands[0]), as<void *>(operands[1]),
                *as<const TensorMap *>(operands[2]), as<int32_t>(operands[3]),
                as<int32_t>(operands[4]));
}

/// The same in PTX' order: target, map, x, y, barrier.
HASHC_SIM_FUNCTION(CopyBoxPtx) {
  at(site).copyBox(as<char *>(operands[0]), as<void *>(operands[4]),
                   *as<const TensorMap *>(operands[1]),
                   as<int32_t>(operands[2]), as<int32_t>(operands[3]));
}
