//===- KernelUsage.cpp - What kernels take of a GPU -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/KernelUsage.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Regex.h"

using namespace llvm;

namespace hashc {

/// Of a multiprocessor (CUDA C++ Programming Guide, "Compute Capabilities"),
/// and of a whole GPU: operations and bytes a second.
struct Machine {
  int64_t registers, shared, threads, blocks;
  double f32, tf32, bf16, bandwidth;
  StringLiteral peaks;
};
constexpr Machine kAmpere = {
    65536,  164 << 10, 2048,
    32,     19.5e12,   156e12,
    312e12, 2.04e12,   "A100: 19.5 TFLOP/s f32, 156 tf32, 312 bf16, 2.04 TB/s"};
constexpr Machine kHopper = {
    65536,  228 << 10, 2048,
    32,     67e12,     495e12,
    989e12, 4.8e12,    "H200: 67 TFLOP/s f32, 495 tf32, 989 bf16, 4.8 TB/s"};
/// Taken of shared memory for each block, and the units that registers and
/// shared memory are given out in.
constexpr int64_t kBlockShared = 1024, kSharedUnit = 128;
constexpr int64_t kWarp = 32, kRegisterUnit = 8;

static const Machine &getMachine(StringRef arch) {
  return arch == "sm_90a" ? kHopper : kAmpere;
}

/// The number in front of `unit` in the line; 0 where there is none.
static int64_t readNumber(StringRef line, StringRef unit) {
  SmallVector<StringRef> groups;
  int64_t value = 0;
  if (Regex(("([0-9]+) " + unit).str()).match(line, &groups))
    groups[1].getAsInteger(10, value);
  return value;
}

/// What PTX itself says of a kernel, from its name on.
static void readPtx(StringRef body, KernelUsage &kernel) {
  StringRef directive = ".maxntid ";
  if (size_t at = body.find(directive); at != StringRef::npos)
    body.substr(at + directive.size()).consumeInteger(10, kernel.threads);
  if (body.contains("mma.sync.aligned.m16n8k16") ||
      body.contains("wgmma.mma_async"))
    kernel.tensorCores = "bf16";
  else if (body.contains("mma.sync.aligned.m16n8k8"))
    kernel.tensorCores = "tf32";
}

/// What hashc says of launches in front of the code.
static void readLaunches(StringRef ptx, const StringMap<size_t> &places,
                         std::vector<KernelUsage> &kernels) {
  SmallVector<StringRef> lines, groups;
  ptx.take_until([](char c) { return c == '.'; }).split(lines, '\n');
  Regex launch("^// ([^:]+): .* ([0-9]+) bytes of dynamic shared memory$");
  for (StringRef line : lines) {
    int64_t bytes = 0;
    if (!launch.match(line, &groups) || groups[2].getAsInteger(10, bytes))
      continue;
    if (auto found = places.find(groups[1]); found != places.end())
      kernels[found->second].shared += bytes;
  }
}

std::vector<KernelUsage> readKernelUsage(StringRef ptx, StringRef said) {
  std::vector<KernelUsage> kernels;
  StringMap<size_t> places;
  SmallVector<StringRef> lines, groups;
  said.split(lines, '\n');
  KernelUsage *current = nullptr;
  Regex entry("Compiling entry function '([^']+)'");
  for (StringRef line : lines) {
    if (entry.match(line, &groups)) {
      places[groups[1]] = kernels.size();
      current = &kernels.emplace_back();
      current->name = groups[1].str();
    }
    if (!current)
      continue;
    if (line.contains("bytes stack frame")) {
      current->spills = readNumber(line, "bytes spill stores") +
                        readNumber(line, "bytes spill loads");
    }
    if (line.contains("Used ")) {
      current->registers = readNumber(line, "registers");
      current->shared = readNumber(line, "bytes smem");
      current->stack = readNumber(line, "bytes cumulative stack size");
      // What follows is of functions that it calls.
      current = nullptr;
    }
  }
  readLaunches(ptx, places, kernels);
  SmallVector<StringRef> parts;
  ptx.split(parts, ".visible .entry ");
  for (StringRef part : ArrayRef(parts).drop_front()) {
    auto found = places.find(part.take_until([](char c) { return c == '('; }));
    if (found != places.end())
      readPtx(part, kernels[found->second]);
  }
  return kernels;
}

Occupancy getOccupancy(const KernelUsage &kernel, StringRef arch) {
  const Machine &machine = getMachine(arch);
  const int64_t threads = std::max<int64_t>(1, kernel.threads);
  const int64_t registers =
      alignTo(threads, kWarp) *
      alignTo(std::max<int64_t>(1, kernel.registers), kRegisterUnit);
  const int64_t shared = alignTo(kernel.shared + kBlockShared, kSharedUnit);
  Occupancy occupancy = {machine.blocks, "blocks"};
  auto bound = [&](int64_t blocks, const char *limit) {
    if (blocks < occupancy.blocks)
      occupancy = {blocks, limit};
  };
  bound(machine.threads / threads, "threads");
  bound(machine.registers / registers, "registers");
  bound(machine.shared / shared, "shared memory");
  return occupancy;
}

double getRooflineTime(const KernelUsage &kernel, StringRef arch, double flops,
                       double bytes) {
  const Machine &machine = getMachine(arch);
  const double peak = kernel.tensorCores == "bf16"   ? machine.bf16
                      : kernel.tensorCores == "tf32" ? machine.tf32
                                                     : machine.f32;
  return std::max(flops / peak, bytes / machine.bandwidth) * 1e6;
}

StringRef describePeaks(StringRef arch) { return getMachine(arch).peaks; }

} // namespace hashc
