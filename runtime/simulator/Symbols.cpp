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

extern "C" {
void hash_sim_load(const void *, uint32_t, uint32_t, const hashc::sim::Site *);
void hash_sim_store(const void *, uint32_t, uint32_t, const hashc::sim::Site *);
void hash_sim_atomic(const void *, uint32_t, uint32_t,
                     const hashc::sim::Site *);
char *hash_sim_shared();
}

namespace hashc::sim {

template <typename Function> static void *getAddress(Function *function) {
  return reinterpret_cast<void *>(function);
}

std::vector<Symbol> getSymbols() {
  // Several instructions may be one function.
  std::map<std::string, void *> symbols = {
      {"hash_sim_load", getAddress(hash_sim_load)},
      {"hash_sim_store", getAddress(hash_sim_store)},
      {"hash_sim_atomic", getAddress(hash_sim_atomic)},
      {"hash_sim_shared", getAddress(hash_sim_shared)},
#define HASHC_SIM_INTRINSIC(name, function)                                    \
  {"hash_sim_" #function, getAddress(hash_sim_##function)},
#define HASHC_SIM_ASM(opcode, function) HASHC_SIM_INTRINSIC(opcode, function)
#define HASHC_SIM_TEMPLATE(function) HASHC_SIM_INTRINSIC("", function)
#include "runtime/simulator/Instructions.def"
  };
  std::vector<Symbol> result;
  for (const auto &[name, address] : symbols)
    result.push_back({name, address});
  return result;
}

} // namespace hashc::sim
