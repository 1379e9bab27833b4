//===- Clusters.cpp - Blocks of a cluster and what they know of each other ===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/AddressSpace.h"
#include "runtime/simulator/Instructions.h"

using namespace hashc::sim;

//===----------------------------------------------------------------------===//
// Where a block is
//===----------------------------------------------------------------------===//

static Dim getShape(const Site *site) {
  at(site);
  return Cluster::get().getLaunch().kernel.cluster;
}
static Dim getGrid(const Site *site) {
  at(site);
  return Cluster::get().getLaunch().grid;
}

HASHC_SIM_FUNCTION(ClusterX) {
  results[0] = at(site).getId().x / getShape(site).x;
}
HASHC_SIM_FUNCTION(ClusterY) {
  results[0] = at(site).getId().y / getShape(site).y;
}
HASHC_SIM_FUNCTION(ClusterZ) {
  results[0] = at(site).getId().z / getShape(site).z;
}
HASHC_SIM_FUNCTION(ClustersX) {
  results[0] = getGrid(site).x / getShape(site).x;
}
HASHC_SIM_FUNCTION(ClustersY) {
  results[0] = getGrid(site).y / getShape(site).y;
}
HASHC_SIM_FUNCTION(ClustersZ) {
  results[0] = getGrid(site).z / getShape(site).z;
}
HASHC_SIM_FUNCTION(BlockInClusterX) {
  results[0] = at(site).getId().x % getShape(site).x;
}
HASHC_SIM_FUNCTION(BlockInClusterY) {
  results[0] = at(site).getId().y % getShape(site).y;
}
HASHC_SIM_FUNCTION(BlockInClusterZ) {
  results[0] = at(site).getId().z % getShape(site).z;
}
HASHC_SIM_FUNCTION(ClusterSizeX) { results[0] = getShape(site).x; }
HASHC_SIM_FUNCTION(ClusterSizeY) { results[0] = getShape(site).y; }
HASHC_SIM_FUNCTION(ClusterSizeZ) { results[0] = getShape(site).z; }
HASHC_SIM_FUNCTION(Rank) { results[0] = at(site).getRank(); }
HASHC_SIM_FUNCTION(Ranks) { results[0] = getShape(site).count(); }

//===----------------------------------------------------------------------===//
// Shared memory of others, and the barrier of all
//===----------------------------------------------------------------------===//

/// Address, rank. Compilers may ask before they know that the rank is one: who
/// uses such an address is told.
HASHC_SIM_FUNCTION(MapShared) {
  at(site);
  Cluster &cluster = Cluster::get();
  const auto *address = as<const char *>(operands[0]);
  const uint64_t rank = operands[1];
  Block *block = cluster.findBlock(address);
  char *target = block && rank < cluster.getBlockCount()
                     ? cluster.getBlock(rank).getShared()
                     : cluster.getNowhere();
  const uint64_t offset = block ? address - block->getShared() : 0;
  results[0] = toSlot(target + offset % kWindow);
}

HASHC_SIM_FUNCTION(ClusterArrive) {
  at(site);
  Cluster::get().arrive(/*releases=*/true);
}
HASHC_SIM_FUNCTION(ClusterArriveRelaxed) {
  at(site);
  Cluster::get().arrive(/*releases=*/false);
}
HASHC_SIM_FUNCTION(ClusterWait) {
  at(site);
  Cluster::get().waitForAll();
}
