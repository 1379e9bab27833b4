//===- Interrupt.cpp - Ctrl-C finishes the step ---------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Interrupt.h"

#include <csignal>

namespace hashc::runtime {

static volatile std::sig_atomic_t interrupt = 0;

void catchInterrupts() {
  interrupt = 0;
  struct sigaction action = {};
  action.sa_handler = [](int signal) {
    interrupt = signal;
    // Whoever asks again does not want to wait for the step.
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
  };
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // Ctrl-C ends the reader of `train | tee log` at once; the step is saved all
  // the same.
  std::signal(SIGPIPE, SIG_IGN);
}

void outliveFullFiles() { std::signal(SIGXFSZ, SIG_IGN); }

int getInterrupt() { return interrupt; }

} // namespace hashc::runtime
