//===- Progress.cpp - What training shows while it runs -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Progress.h"

#include "runtime/support/Error.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace hashc::runtime {

static constexpr double kBarSeconds = 0.1;
static constexpr double kLineSeconds = 5;

std::string format(const char *text, ...) {
  va_list arguments;
  va_start(arguments, text);
  char buffer[1024];
  int length = std::vsnprintf(buffer, sizeof(buffer), text, arguments);
  va_end(arguments);
  return std::string(buffer,
                     std::min<size_t>(std::max(length, 0), sizeof(buffer) - 1));
}

void printText(const std::string &text) {
  if (text.empty())
    return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0)
    failSystem("write to", "standard output", errno);
}

std::string formatDuration(double seconds) {
  auto whole = std::llround(std::max(0.0, seconds));
  if (whole >= 3600)
    return format("%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  return format("%lld:%02lld", whole / 60, whole % 60);
}

std::string formatCount(double count) {
  if (count >= 1e9)
    return format("%.2f G", count / 1e9);
  if (count >= 1e6)
    return format("%.2f M", count / 1e6);
  if (count >= 1e4)
    return format("%.1f k", count / 1e3);
  return format("%.0f", count);
}

std::string formatBytes(double bytes) {
  if (bytes >= 1 << 30)
    return format("%.2f GiB", bytes / (1 << 30));
  if (bytes >= 1 << 20)
    return format("%.1f MiB", bytes / (1 << 20));
  return format("%.1f KiB", bytes / (1 << 10));
}

static int getTerminalWidth() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

Progress::Progress(int64_t firstStep, int64_t steps, bool quiet)
    : firstStep(firstStep), steps(steps), quiet(quiet),
      terminal(isatty(STDOUT_FILENO) != 0), begin(Clock::now()),
      lastShown(begin) {}

Progress::~Progress() { clearBar(); }

std::string Progress::formatStep(const StepRecord &record) const {
  double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  double perStep = seconds / static_cast<double>(
                                 std::max<int64_t>(1, record.step - firstStep));
  double left = perStep * static_cast<double>(steps - record.step);
  return format("step %lld/%lld  loss %.4f  lr %.2e  %s tok/s  ETA %s",
                static_cast<long long>(record.step),
                static_cast<long long>(steps), record.loss, record.lr,
                formatCount(record.tokensPerSecond).c_str(),
                formatDuration(left).c_str());
}

void Progress::drawBar(const StepRecord &record) {
  std::string text = formatStep(record);
  int room = getTerminalWidth() - static_cast<int>(text.size()) - 4;
  std::string bar;
  if (room >= 10) {
    int cells = std::min(room, 40);
    auto full =
        static_cast<int>(cells * record.step / std::max<int64_t>(1, steps));
    for (int i = 0; i < cells; ++i)
      bar += i < full ? "━" : "─";
    bar += "  ";
  }
  std::printf("\r\033[K%s%s", bar.c_str(), text.c_str());
  std::fflush(stdout);
  barShown = true;
}

void Progress::clearBar() {
  if (barShown)
    std::printf("\r\033[K");
  barShown = false;
  std::fflush(stdout);
}

void Progress::showStep(const StepRecord &record) {
  if (quiet)
    return;
  auto now = Clock::now();
  double since = std::chrono::duration<double>(now - lastShown).count();
  bool last = record.step == steps;
  if (shownBefore && !last && since < (terminal ? kBarSeconds : kLineSeconds))
    return;
  shownBefore = true;
  lastShown = now;
  if (terminal)
    return drawBar(record);
  std::printf("%s\n", formatStep(record).c_str());
  std::fflush(stdout);
}

void Progress::print(const std::string &line) {
  if (quiet)
    return;
  clearBar();
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

} // namespace hashc::runtime
