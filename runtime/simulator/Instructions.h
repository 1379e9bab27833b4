//===- Instructions.h - Instructions as functions ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_INSTRUCTIONS_H
#define HASHC_RUNTIME_SIMULATOR_INSTRUCTIONS_H

#include "runtime/simulator/Block.h"

#include <cstring>

/// The function that an instruction is, for Instructions.def to name.
#define HASHC_SIM_FUNCTION(name)                                               \
  extern "C" void hash_sim_##name(                                             \
      [[maybe_unused]] const hashc::sim::Slot *operands,                       \
      [[maybe_unused]] hashc::sim::Slot *results,                              \
      const hashc::sim::Site *site)

namespace hashc::sim {

template <typename T> T as(Slot slot) {
  static_assert(sizeof(T) <= sizeof(Slot));
  T value;
  std::memcpy(&value, &slot, sizeof(T));
  return value;
}

template <typename T> Slot toSlot(T value) {
  static_assert(sizeof(T) <= sizeof(Slot));
  Slot slot = 0;
  std::memcpy(&slot, &value, sizeof(T));
  return slot;
}

/// The block that runs; its thread is now at `site`.
inline Block &at(const Site *site) {
  Block &block = Block::get();
  block.getThread().site = site;
  return block;
}

/// Lanes of a warp do something together that orders nothing else.
inline void meetLanes(MeetingFunction function, const Slot *operands,
                      Slot *results, const Site *site,
                      uint32_t mask = kAllLanes) {
  at(site).meet(mask, function, operands, results, /*orders=*/false);
}

inline float fromBf16(uint16_t bits) { return as<float>(Slot(bits) << 16); }
/// The low 13 bits of a tf32 are not looked at.
inline float fromTf32(Slot bits) { return as<float>(bits & 0xffffe000); }
/// The nearest, ties to even; any NaN is the same one.
inline uint16_t toBf16(Slot number) {
  const auto bits = uint32_t(number);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fff;
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_INSTRUCTIONS_H
