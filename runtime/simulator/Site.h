//===- Site.h - A place in a kernel -----------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_SITE_H
#define HASHC_RUNTIME_SIMULATOR_SITE_H

#include <cstdint>

namespace hashc::sim {

/// One instruction of a kernel, as the translation to the host lays it down in
/// constants of the same shape.
struct Site {
  const char *what; // "store", "barrier.cta.sync.aligned.all"
  const char *file; // of the source; "" if the kernel says nothing of it
  uint32_t line;
  uint32_t column;
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_SITE_H
