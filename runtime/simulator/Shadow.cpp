//===- Shadow.cpp - What is known of each piece of memory -----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Shadow.h"

#include <algorithm>

namespace hashc::sim {

bool Access::races(const Visit &visit) const {
  if (tick == 0 || instance < visit.launchBegin)
    return false;
  if (atomic && visit.atomic)
    return false;
  // Blocks of one launch may run in any order, or at once.
  return instance != visit.instance || !visit.clock->hasSeen(actor, tick);
}

bool Access::isHidden(const Visit &visit) const {
  return visit.asynchronous && !asynchronous && tick != 0 &&
         instance == visit.instance && !visit.clock->hasFenced(actor, tick);
}

void Shadow::reset(size_t bytes, bool defined) {
  Cell cell;
  cell.defined = defined;
  cells.assign((bytes + kGranule - 1) / kGranule, cell);
  crowds.assign(1, {});
  freeCrowds.clear();
}

const Access *Shadow::findRacingReader(const Visit &visit,
                                       const Cell &cell) const {
  if (cell.readElsewhere && cell.read.instance >= visit.launchBegin)
    return &cell.read;
  if (cell.readers == 0)
    return cell.read.races(visit) ? &cell.read : nullptr;
  for (const Access &reader : crowds[cell.readers])
    if (reader.races(visit))
      return &reader;
  return nullptr;
}

void Shadow::forgetReaders(Cell &cell) {
  if (cell.readers != 0) {
    crowds[cell.readers].clear();
    freeCrowds.push_back(cell.readers);
  }
  cell.readers = 0;
  cell.readElsewhere = false;
  cell.read = {};
}

void Shadow::noteRead(const Visit &visit, Cell &cell) {
  if (cell.read.instance < visit.launchBegin)
    forgetReaders(cell);
  if (cell.read.tick != 0 && cell.read.instance != visit.instance)
    cell.readElsewhere = true;
  // One that reads for another, as tensor cores do for a warp, is known to less
  // than that one: both are kept.
  const bool isAgent = visit.actor != visit.clock->self;
  if (cell.readers == 0 && cell.read.tick != 0 && !cell.readElsewhere &&
      (isAgent || cell.read.races(visit))) {
    if (freeCrowds.empty()) {
      freeCrowds.push_back(crowds.size());
      crowds.emplace_back();
    }
    cell.readers = freeCrowds.back();
    freeCrowds.pop_back();
    crowds[cell.readers].push_back(cell.read);
  }
  cell.read = Access(visit);
  if (cell.readers == 0)
    return;
  Crowd &crowd = crowds[cell.readers];
  auto same = std::find_if(crowd.begin(), crowd.end(), [&](const Access &it) {
    return it.actor == visit.actor;
  });
  if (same == crowd.end())
    crowd.push_back(cell.read);
  else
    *same = cell.read;
}

Finding Shadow::visit(const Visit &visit, size_t index, bool writes) {
  Cell &cell = cells[index];
  const size_t offset = index * kGranule;
  if (cell.copying)
    return {"touches memory that an asynchronous copy still fills",
            cell.written, offset};
  if (cell.written.races(visit))
    return {writes ? "writes what another thread writes, with nothing between"
                   : "reads what another thread writes, with nothing between",
            cell.written, offset};
  if (!writes)
    return {};
  if (const Access *reader = findRacingReader(visit, cell))
    return {"writes what another thread reads, with nothing between", *reader,
            offset};
  return {};
}

Finding Shadow::read(const Visit &who, size_t offset, size_t size) {
  for (size_t i = offset / kGranule; i < (offset + size) / kGranule; ++i) {
    if (Finding finding = visit(who, i, /*writes=*/false); finding.what)
      return finding;
    if (cells[i].written.isHidden(who))
      return {"reads through the asynchronous proxy what a thread wrote, with "
              "no fence.proxy.async between",
              cells[i].written, i * kGranule};
    if (!cells[i].defined)
      return {"reads what was never written", {}, i * kGranule};
    noteRead(who, cells[i]);
  }
  return {};
}

Finding Shadow::write(const Visit &who, size_t offset, size_t size) {
  for (size_t i = offset / kGranule; i < (offset + size) / kGranule; ++i) {
    if (Finding finding = visit(who, i, /*writes=*/true); finding.what)
      return finding;
    if (cells[i].written.isHidden(who))
      return {"overwrites through the asynchronous proxy what a thread wrote, "
              "with no fence.proxy.async between",
              cells[i].written, i * kGranule};
    forgetReaders(cells[i]);
    cells[i].written = Access(who);
    cells[i].defined = true;
  }
  return {};
}

Finding Shadow::beginCopy(const Visit &who, size_t offset, size_t size) {
  if (Finding finding = write(who, offset, size); finding.what)
    return finding;
  for (size_t i = offset / kGranule; i < (offset + size) / kGranule; ++i)
    cells[i].copying = true;
  return {};
}

void Shadow::completeCopy(const Visit &who, size_t offset, size_t size) {
  for (size_t i = offset / kGranule; i < (offset + size) / kGranule; ++i) {
    // The place that started the copy is what a reader wants to know of.
    const Site *begun = cells[i].written.site;
    cells[i].written = Access(who);
    cells[i].written.site = begun;
    cells[i].copying = false;
  }
}

} // namespace hashc::sim
