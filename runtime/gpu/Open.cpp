//===- Open.cpp - Opens the device that the user names --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/gpu/GpuDevice.h"
#include "runtime/gpu/SimulatedDevice.h"
#include "runtime/simulator/Modes.h"
#include "runtime/support/Error.h"

#include <charconv>
#include <string_view>

using namespace hashc;
using namespace hashc::runtime;

static constexpr std::string_view kSimulator = "sim";

/// `sim`, or with how it runs: `sim:late,adversarial`, `sim:eager,random,7`.
static std::optional<sim::Mode> parseSimulator(std::string_view name) {
  if (name == kSimulator)
    return sim::Mode();
  if (name.substr(0, kSimulator.size() + 1) != std::string(kSimulator) + ":")
    return std::nullopt;
  std::optional<sim::Mode> mode =
      sim::parseMode(name.substr(kSimulator.size() + 1));
  if (!mode)
    failUsage(std::string("--device=sim: is followed by ") + sim::kModeNames);
  return mode;
}

extern "C" Device *hash_rt_open_device(const HashDeviceImage &image,
                                       const char *name) {
  const std::string_view text = name;
  if (std::optional<sim::Mode> mode = parseSimulator(text))
    return new SimulatedDevice(image, *mode);
  int ordinal = -1;
  const char *end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, ordinal);
  if (error != std::errc() || rest != end || ordinal < 0)
    failUsage("--device: '" + std::string(text) +
              "' is no GPU: give its number, from 0 on, or sim");
  return new GpuDevice(image, ordinal);
}
