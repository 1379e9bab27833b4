//===- Main.cpp - Where a model executable starts -------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Commands.h"

// Alone in its file: the linker takes it, and with it the references to the
// compiled model, only for a program that has no `main` of its own.
int main(int argc, char **argv) {
  return hashc::runtime::runCommandLine(
      hash_model_descriptor, hash_model_entries, hash_model_device, argc, argv);
}
