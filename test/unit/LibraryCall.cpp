//===- LibraryCall.cpp - The library on a GPU and on a CPU ----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryCall.h"

#include "runtime/simulator/Modes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace hashc::test {

//===----------------------------------------------------------------------===//
// What buffers hold
//===----------------------------------------------------------------------===//

/// What is left in a result shows: no kernel here gives it.
constexpr int64_t kPoison = 0x5aa5a55b;

static bool isFloat(const Buffer &buffer) {
  return mlir::isa<mlir::FloatType>(buffer.element);
}

void poison(Buffer &buffer, std::mt19937 &) {
  for (int64_t i = 0; i < buffer.size(); ++i)
    if (isFloat(buffer))
      buffer.setFloat(i, NAN);
    else
      buffer.setInt(i, kPoison);
}

static bool isPoison(const Buffer &buffer, int64_t i) {
  return isFloat(buffer) ? std::isnan(buffer.getFloat(i))
                         : buffer.getInt(i) == kPoison;
}

Fill reals(double low, double high) {
  return [=](Buffer &buffer, std::mt19937 &random) {
    std::uniform_real_distribution<double> numbers(low, high);
    for (int64_t i = 0; i < buffer.size(); ++i)
      buffer.setFloat(i, numbers(random));
  };
}

Fill numbers(const std::vector<double> &values) {
  return [=](Buffer &buffer, std::mt19937 &) {
    for (int64_t i = 0; i < buffer.size(); ++i)
      buffer.setFloat(i, values.at(i));
  };
}

Fill each(std::function<int64_t(int64_t i, std::mt19937 &)> get) {
  return [=](Buffer &buffer, std::mt19937 &random) {
    for (int64_t i = 0; i < buffer.size(); ++i)
      buffer.setInt(i, get(i, random));
  };
}

Fill these(const std::vector<int64_t> &numbers) {
  return each([=](int64_t i, std::mt19937 &) { return numbers.at(i); });
}

Fill all(int64_t number) {
  return each([=](int64_t, std::mt19937 &) { return number; });
}

Fill ids(int64_t count) {
  return each([=](int64_t, std::mt19937 &random) -> int64_t {
    return random() % 8 == 0 ? -1 : int64_t(random() % count);
  });
}

Fill words(int64_t count) {
  return each([=](int64_t, std::mt19937 &random) -> int64_t {
    std::uniform_real_distribution<double> share(0, 1);
    const double word = std::pow(count, share(random));
    return random() % 8 == 0 ? -1 : int64_t(word) - 1;
  });
}

int64_t getAny(int64_t, std::mt19937 &random) {
  return int64_t(random()) << 32 ^ int64_t(random());
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

std::string Call::join(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// `%b0, %b1 : memref<..>, memref<..>`.
std::string Call::list(const std::vector<unsigned> &numbers) const {
  std::vector<std::string> names, types;
  for (unsigned number : numbers) {
    names.push_back("%b" + std::to_string(number));
    types.push_back("memref<" + buffers[number].type + ">");
  }
  return join(names) + " : " + join(types);
}

std::string Call::getText() const {
  std::vector<std::string> parameters, names, types;
  for (size_t i = 0; i < buffers.size(); ++i) {
    names.push_back("%b" + std::to_string(i));
    types.push_back("memref<" + buffers[i].type + ">");
    parameters.push_back(names.back() + ": " + types.back());
  }
  return "func.func private @kernel(%task: index, " + join(parameters) +
         ") attributes {hash.kernel = {}} {\n  hash.library_call \"" + callee +
         "\" ins(" + list(ins) + ") outs(" + list(outs) + ") {config = {" +
         config + "}" + (plan.empty() ? "" : ", plan_shape = " + plan) +
         "}\n  return\n}\nfunc.func @run(" + join(parameters) +
         ") {\n  hash.launch @kernel tasks 1 (" + join(names) +
         ") : " + join(types) + "\n  return\n}\n";
}

std::vector<Buffer> Call::makeBuffers(KernelModule &runner) const {
  std::mt19937 random(42);
  std::vector<Buffer> made;
  for (mlir::MemRefType type : runner.getTypes()) {
    const Fill &fill = buffers[made.size()].fill;
    fill(made.emplace_back(type), random);
  }
  return made;
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

std::vector<void *> Pair::getPointers(std::vector<Buffer> &buffers) {
  std::vector<void *> pointers;
  for (Buffer &buffer : buffers)
    pointers.push_back(buffer.bytes.data());
  return pointers;
}

/// Two sums of the same terms, as they are stored; each rounding to bf16
/// changes a term by 2^-8 of itself, at the most.
double Call::getAllowed(unsigned number, const Buffer &buffer, int64_t i,
                        double value) const {
  const auto &[type, fill, terms, isNew, rounded] = buffers[number];
  const double sums = buffer.element.isF64() ? 1e-12 : 1e-5;
  const double stored = buffer.element.isBF16() ? 0x1p-7 : 0;
  const double narrowed = rounded.empty() ? 0 : 0x1p-8 * rounded[i];
  if (terms == 0)
    return 0;
  return sums * std::max(terms, std::fabs(value)) + stored * std::fabs(value) +
         narrowed;
}

void Pair::expectNear(const Buffer &actual, const Buffer &expected,
                      const Call &call, unsigned number) {
  const int64_t bytes = actual.bytes.size() / actual.size();
  for (int64_t i = 0; i < actual.size(); ++i) {
    if (std::memcmp(&actual.bytes[i * bytes], &expected.bytes[i * bytes],
                    bytes) == 0)
      continue;
    ASSERT_TRUE(isFloat(actual)) << "element " << i << ": " << actual.getInt(i)
                                 << " instead of " << expected.getInt(i);
    const double x = actual.getFloat(i), y = expected.getFloat(i);
    const double allowed = call.getAllowed(number, actual, i, y);
    ASSERT_TRUE(allowed > 0 && std::fabs(x - y) <= allowed)
        << "element " << i << ": " << x << " instead of " << y << ", where "
        << allowed << " is allowed";
  }
}

/// In every mode of the simulator the bits are the same, and they are near what
/// the CPU gives.
void Pair::compare(const Call &call, const Share &share) {
  SCOPED_TRACE(text);
  ASSERT_EQ(gpu.getShape().threads, share.threads);
  ASSERT_EQ(gpu.getShape().tasksPerBlock, share.tasks);
  const std::vector<Buffer> begin = call.makeBuffers(cpu);
  std::vector<Buffer> expected = begin, first;
  cpu.run(getPointers(expected));
  for (size_t b = 0; b < expected.size(); ++b)
    for (int64_t i = 0; i < expected[b].size(); ++i)
      ASSERT_FALSE(call.isNew(b) && isPoison(expected[b], i))
          << "element " << i << " of buffer " << b << " is not written";
  for (const sim::Mode &mode : sim::getModes()) {
    SCOPED_TRACE(sim::getName(mode));
    std::vector<Buffer> actual = begin;
    gpu.launch(getPointers(actual), mode);
    if (first.empty())
      first = actual;
    for (size_t b = 0; b < actual.size(); ++b) {
      SCOPED_TRACE("buffer " + std::to_string(b));
      ASSERT_EQ(actual[b].bytes, first[b].bytes);
      expectNear(actual[b], expected[b], call, b);
    }
  }
}

void compare(const Call &call, const std::string &chip) {
  Pair(call, chip).compare(call);
}
void compare(const Call &call, const Share &share) {
  Pair(call).compare(call, share);
}

} // namespace hashc::test
