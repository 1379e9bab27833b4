//===- Target.cpp - What the code is generated for ------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Cpu.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

#include <unistd.h>

using namespace mlir;

namespace hashc::cpu {

/// The register tile that keeps one broadcast, the vectors of a row of B and
/// every accumulator in registers: 16 vector registers with AVX2, 32 with
/// AVX-512.
static void setVectors(CpuTarget &target, bool avx512) {
  target.vectorBytes = avx512 ? 64 : 32;
  target.tileRows = 6;
  target.tileVectors = avx512 ? 4 : 2;
  target.panel = target.tileVectors * target.vectorBytes / 4;
}

static void setHostCaches(CpuTarget &target) {
  if (long bytes = sysconf(_SC_LEVEL1_DCACHE_SIZE); bytes > 0)
    target.l1Bytes = bytes;
  if (long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); bytes > 0)
    target.l2Bytes = bytes;
}

static llvm::Expected<CpuTarget> resolveHost() {
  CpuTarget target;
  target.cpu = llvm::sys::getHostCPUName().str();
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  if (!features.lookup("avx2") || !features.lookup("fma"))
    return llvm::createStringError(
        "this machine's processor lacks AVX2 or FMA, which compiled models "
        "need; compile for another machine with --arch=x86-64-v3");
  std::string list;
  for (auto &feature : features)
    list += (list.empty() ? "" : ",") +
            std::string(feature.second ? "+" : "-") + feature.first().str();
  target.features = list;
  setVectors(target,
             features.lookup("avx512f") && features.lookup("avx512bw") &&
                 features.lookup("avx512vl") && features.lookup("avx512dq"));
  setHostCaches(target);
  return target;
}

llvm::Expected<CpuTarget> resolveTarget(llvm::StringRef arch) {
  if (arch == "native")
    return resolveHost();
  CpuTarget target;
  target.cpu = arch.str();
  if (arch == "x86-64-v3") {
    setVectors(target, /*avx512=*/false);
    return target;
  }
  if (arch == "x86-64-v4") {
    setVectors(target, /*avx512=*/true);
    target.l2Bytes = 512 << 10;
    return target;
  }
  return llvm::createStringError("unknown CPU architecture '" + arch +
                                 "': expected native, x86-64-v3 or x86-64-v4");
}

/// The shapes by the names they have in `hash.target`.
template <typename Fn> static void forEachShape(CpuTarget &target, Fn fn) {
  fn("vector_bytes", target.vectorBytes);
  fn("tile_rows", target.tileRows);
  fn("tile_vectors", target.tileVectors);
  fn("panel", target.panel);
  fn("l1_bytes", target.l1Bytes);
  fn("l2_bytes", target.l2Bytes);
  fn("task_elements", target.taskElements);
  fn("team_rows", target.teamRows);
  fn("team_columns", target.teamColumns);
  fn("norm_parts", target.normParts);
  fn("narrow_rows", target.narrowRows);
}

void setTargetAttributes(ModuleOp module, const CpuTarget &target) {
  CpuTarget shapes = target;
  auto old = module->getAttrOfType<DictionaryAttr>("hash.target");
  NamedAttrList attrs(old);
  Builder builder(module.getContext());
  forEachShape(shapes, [&](StringRef name, int64_t &value) {
    if (!attrs.get(name))
      attrs.set(name, builder.getI64IntegerAttr(value));
  });
  module->setAttr("hash.target", attrs.getDictionary(module.getContext()));
}

CpuTarget getTargetAttributes(ModuleOp module) {
  CpuTarget target;
  auto attrs = module->getAttrOfType<DictionaryAttr>("hash.target");
  if (!attrs)
    return target;
  forEachShape(target, [&](StringRef name, int64_t &value) {
    if (auto attr = attrs.getAs<IntegerAttr>(name))
      value = attr.getInt();
  });
  return target;
}

} // namespace hashc::cpu
