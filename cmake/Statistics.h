//===- Statistics.h - LLVM's counters as its libraries see them -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// LLVM's release libraries are built without statistics, which makes their
// counters smaller. With assertions on (-UNDEBUG) our code would see the larger
// ones, with parts that no constructor of the libraries has written. This
// header comes first wherever assertions are on.
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
static_assert(!LLVM_ENABLE_STATS, "our counters are those of LLVM's libraries");
