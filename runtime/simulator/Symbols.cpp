//===- Symbols.cpp - What translated kernels call, by name ----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Symbols.h"

#include "runtime/simulator/Instructions.h"

#include <map>

#define HASHC_SIM_INTRINSIC(name, function) HASHC_SIM_FUNCTION(function);
#define HASHC_SIM_ASM(opcode, function) HASHC_SIM_FUNCTION(function);
#define HASHC_SIM_TEMPLATE(function) HASHC_SIM_FUNCTION(function);
#include "runtime/simulator/Instructions.def"

#define HASHC_SIM_TOUCH(name, touch)                                           \
  extern "C" void hash_sim_##name(const void *, uint64_t, uint32_t, uint32_t,  \
                                  const hashc::sim::Site *);
#include "runtime/simulator/Instructions.def"

extern "C" char *hash_sim_shared();

namespace hashc::sim {

template <typename Function> static void *getAddress(Function *function) {
  return reinterpret_cast<void *>(function);
}

std::vector<Symbol> getSymbols() {
  // Several instructions may be one function.
  std::map<std::string, void *> symbols = {
      {"hash_sim_shared", getAddress(hash_sim_shared)},
#define HASHC_SIM_INTRINSIC(name, function)                                    \
  {"hash_sim_" #function, getAddress(hash_sim_##function)},
#define HASHC_SIM_ASM(opcode, function) HASHC_SIM_INTRINSIC(opcode, function)
#define HASHC_SIM_TEMPLATE(function) HASHC_SIM_INTRINSIC("", function)
#define HASHC_SIM_TOUCH(name, touch) HASHC_SIM_INTRINSIC("", name)
#include "runtime/simulator/Instructions.def"
  };
  std::vector<Symbol> result;
  for (const auto &[name, address] : symbols)
    result.push_back({name, address});
  return result;
}

} // namespace hashc::sim
