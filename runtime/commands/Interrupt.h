//===- Interrupt.h - Ctrl-C finishes the step -------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_INTERRUPT_H
#define HASHC_RUNTIME_COMMANDS_INTERRUPT_H

namespace hashc::runtime {

/// From now on the first SIGINT or SIGTERM is only noted; the next one kills.
void catchInterrupts();
/// From now on a write past the limit of a file's size fails, as on a full
/// disk; it would kill.
void outliveFullFiles();
/// The signal that came, or 0.
int getInterrupt();

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_INTERRUPT_H
