//===- SanitizerOptions.cpp - How sanitized programs run ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// LLVM's and MLIR's libraries are not instrumented, but their headers, which
/// are compiled into ours, are: a bump allocator or a vector that both sides
/// use is marked by one side only. Both marks are left out.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0:detect_container_overflow=0:"
         "detect_stack_use_after_return=1";
}

extern "C" const char *__ubsan_default_options() {
  return "print_stacktrace=1:halt_on_error=1";
}
