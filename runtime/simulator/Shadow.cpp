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
  cells.assign((bytes + kWord - 1) / kWord, cell);
  crowds.assign(1, {});
  splits.assign(1, {});
  freeCrowds.clear();
  freeSplits.clear();
}

//===----------------------------------------------------------------------===//
// Words and bytes
//===----------------------------------------------------------------------===//

/// An index of an unused element.
template <typename T>
static uint32_t take(std::vector<T> &all, std::vector<uint32_t> &free) {
  if (free.empty()) {
    free.push_back(all.size());
    all.emplace_back();
  }
  const uint32_t index = free.back();
  free.pop_back();
  return index;
}

uint32_t Shadow::split(Cell &word) {
  if (word.bytes != 0)
    return word.bytes;
  const uint32_t index = take(splits, freeSplits);
  for (Cell &byte : splits[index]) {
    byte = word;
    if (word.readers == 0)
      continue;
    byte.readers = take(crowds, freeCrowds);
    crowds[byte.readers] = crowds[word.readers];
  }
  forgetReaders(word);
  word.bytes = index;
  return index;
}

/// After all bytes were written as one.
void Shadow::merge(Cell &word) {
  freeSplits.push_back(word.bytes);
  word = splits[word.bytes][0];
}

/// fn(cell, offset) for every word or byte, until one finds something.
template <typename Fn>
Finding Shadow::forEachCell(size_t offset, size_t bytes, bool merges, Fn fn) {
  for (size_t at = offset, end = offset + bytes; at < end;) {
    Cell &word = cells[at / kWord];
    const size_t next = std::min(end, (at / kWord + 1) * kWord);
    const bool whole = next - at == kWord;
    if (whole && word.bytes == 0) {
      if (Finding finding = fn(word, at); finding.what)
        return finding;
      at = next;
      continue;
    }
    const uint32_t index = split(word);
    for (; at < next; ++at)
      if (Finding finding = fn(splits[index][at % kWord], at); finding.what)
        return finding;
    if (whole && merges)
      merge(word);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

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
    cell.readers = take(crowds, freeCrowds);
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

Finding Shadow::visit(const Visit &visit, const Cell &cell, size_t offset,
                      bool writes) const {
  if (cell.copying)
    return {"touches memory that an asynchronous copy still fills",
            cell.written, offset};
  if (cell.written.races(visit))
    return {writes ? "writes what another thread writes, with nothing between"
                   : "reads what another thread writes, with nothing between",
            cell.written, offset};
  if (cell.written.isHidden(visit))
    return {writes ? "overwrites through the asynchronous proxy what a thread "
                     "wrote, with no fence.proxy.async between"
                   : "reads through the asynchronous proxy what a thread "
                     "wrote, with no fence.proxy.async between",
            cell.written, offset};
  if (!writes)
    return {};
  if (const Access *reader = findRacingReader(visit, cell))
    return {"writes what another thread reads, with nothing between", *reader,
            offset};
  return {};
}

Finding Shadow::read(const Visit &who, size_t offset, size_t bytes) {
  return forEachCell(
      offset, bytes, /*merges=*/false, [&](Cell &cell, size_t at) -> Finding {
        if (Finding finding = visit(who, cell, at, /*writes=*/false);
            finding.what)
          return finding;
        if (!cell.defined)
          return {"reads what was never written", {}, at};
        noteRead(who, cell);
        return {};
      });
}

Finding Shadow::write(const Visit &who, size_t offset, size_t bytes) {
  return forEachCell(
      offset, bytes, /*merges=*/true, [&](Cell &cell, size_t at) -> Finding {
        if (Finding finding = visit(who, cell, at, /*writes=*/true);
            finding.what)
          return finding;
        forgetReaders(cell);
        cell.written = Access(who);
        cell.defined = true;
        return {};
      });
}

Finding Shadow::beginCopy(const Visit &who, size_t offset, size_t bytes) {
  if (Finding finding = write(who, offset, bytes); finding.what)
    return finding;
  return forEachCell(offset, bytes, /*merges=*/false,
                     [](Cell &cell, size_t) -> Finding {
                       cell.copying = true;
                       return {};
                     });
}

void Shadow::completeCopy(const Visit &who, size_t offset, size_t bytes) {
  forEachCell(offset, bytes, /*merges=*/false,
              [&](Cell &cell, size_t) -> Finding {
                // The place that started the copy is what a reader wants to
                // know of.
                const Site *begun = cell.written.site;
                cell.written = Access(who);
                cell.written.site = begun;
                cell.copying = false;
                return {};
              });
}

} // namespace hashc::sim
