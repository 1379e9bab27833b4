//===- HashOps.td - All ops of the hash dialect -----------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_OPS_TD
#define HASH_OPS_TD

include "HashModuleOps.td"
include "HashStreamOps.td"
include "HashRoutedOps.td"
include "HashActivationRouting.td"
include "HashComputeOps.td"
include "HashLookupOps.td"
include "HashCrossAttentionOps.td"
include "HashStructuredOps.td"

#endif // HASH_OPS_TD
