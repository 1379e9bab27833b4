//===- hash-opt.cpp - Runs passes on hash dialect files -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Cpu.h"
#include "dialect/Registration.h"
#include "passes/Passes.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  hashc::registerDialects(registry);
  mlir::registerTransformsPasses();
  hashc::registerHashPasses();
  hashc::registerHashPipelines();
  hashc::cpu::registerCpuPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "hashc's optimizer driver\n", registry));
}
