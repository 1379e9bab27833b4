//===- Progress.h - What training shows while it runs -----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_PROGRESS_H
#define HASHC_RUNTIME_COMMANDS_PROGRESS_H

#include "runtime/commands/Log.h"

#include <chrono>

namespace hashc::runtime {

/// On a terminal a bar that is drawn over; elsewhere a plain line every few
/// seconds. Lines of their own stay above the bar.
class Progress {
public:
  Progress(int64_t firstStep, int64_t steps, bool quiet);
  ~Progress();

  void showStep(const StepRecord &record);
  /// A line that stays.
  void print(const std::string &line);

private:
  using Clock = std::chrono::steady_clock;
  std::string formatStep(const StepRecord &record) const;
  void drawBar(const StepRecord &record);
  void clearBar();

  int64_t firstStep, steps;
  bool quiet, terminal, barShown = false;
  Clock::time_point begin, lastShown;
  bool shownBefore = false;
};

/// Streams to standard output.
void printText(const std::string &text);
/// "1:02:03", "2:03".
std::string formatDuration(double seconds);
/// "12.3 M", "850 k".
std::string formatCount(double count);
/// "1.5 GiB", "12.0 MiB".
std::string formatBytes(double bytes);
/// printf into a string.
__attribute__((format(printf, 1, 2))) std::string format(const char *text, ...);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_PROGRESS_H
