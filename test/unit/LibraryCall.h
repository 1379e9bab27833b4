//===- LibraryCall.h - The library on a GPU and on a CPU --------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_LIBRARYCALL_H
#define HASHC_TEST_UNIT_LIBRARYCALL_H

#include "GpuKernelRunner.h"
#include "KernelCases.h"

#include <functional>
#include <random>
#include <string>
#include <vector>

namespace hashc::test {

/// Gives a buffer its contents.
using Fill = std::function<void(Buffer &, std::mt19937 &)>;

/// What shows that a result was not written: no kernel gives it.
void poison(Buffer &buffer, std::mt19937 &random);
Fill reals(double low, double high);
/// These numbers, in order.
Fill numbers(const std::vector<double> &values);
/// Elements by number.
Fill each(std::function<int64_t(int64_t i, std::mt19937 &)> get);
Fill these(const std::vector<int64_t> &numbers);
Fill all(int64_t number);
/// 0 .. count-1, and -1 here and there.
Fill ids(int64_t count);
/// The same where number i is i times as rare as the first, as words of a text
/// are.
Fill words(int64_t count);
int64_t getAny(int64_t i, std::mt19937 &random);

/// An op of the library on buffers.
class Call {
public:
  explicit Call(const std::string &callee, const std::string &config = "",
                const std::string &plan = "")
      : callee(callee), config(config), plan(plan) {}

  Call &in(const std::string &type, const Fill &fill = reals(-1, 1)) {
    ins.push_back(buffers.size());
    buffers.push_back({type, fill});
    return *this;
  }
  /// A result, of which every element is written. Sums of terms whose sizes add
  /// up to `terms` may differ by what their order makes; without, bits are the
  /// same.
  Call &out(const std::string &type, double terms = 0) {
    outs.push_back(buffers.size());
    buffers.push_back({type, poison, terms, /*isNew=*/true});
    return *this;
  }
  /// Of the result before: for each element the sizes of its terms that a GPU
  /// rounds to bf16, added up.
  Call &rounded(const std::vector<double> &sizes) {
    buffers.back().rounded = sizes;
    return *this;
  }
  /// What is updated in place.
  Call &update(const std::string &type) {
    outs.push_back(buffers.size());
    buffers.push_back({type, reals(-1, 1)});
    return *this;
  }
  /// A result that overwrites one of the ins.
  Call &overwrite(unsigned number, double terms) {
    outs.push_back(number);
    buffers[number].terms = terms;
    return *this;
  }

  /// Other contents, for the same code.
  void refill(unsigned number, const Fill &fill) {
    buffers[number].fill = fill;
  }
  std::string getText() const;
  std::vector<Buffer> makeBuffers(KernelModule &runner) const;
  /// How far element i of a result may be from `value`.
  double getAllowed(unsigned number, const Buffer &buffer, int64_t i,
                    double value) const;
  bool isNew(unsigned number) const { return buffers[number].isNew; }

private:
  struct Operand {
    std::string type;
    Fill fill;
    double terms = 0;
    bool isNew = false;
    std::vector<double> rounded = {};
  };

  static std::string join(const std::vector<std::string> &parts);
  std::string list(const std::vector<unsigned> &numbers) const;

  std::string callee, config, plan;
  std::vector<Operand> buffers;
  std::vector<unsigned> ins, outs;
};

/// Numbers of rows and of their elements: fewer and more than the warps of a
/// team and the lanes of a warp have, and such that vectors do not fit.
struct Shape {
  int64_t rows, width;
};

/// Threads of a block, and what it has of a launch's tasks: a team has one, and
/// otherwise each thread.
struct Share {
  int64_t threads, tasks;
};
constexpr Share kTeam = {256, 1}, kThreads = {128, 128};

/// A call, compiled for both machines.
class Pair {
public:
  explicit Pair(const Call &call, const std::string &chip = "sm_80")
      : text(call.getText()),
        cpu(text, llvm::cantFail(cpu::resolveTarget("x86-64-v3"))),
        gpu(text, nvvm::GpuTarget{chip}) {}

  void compare(const Call &call, const Share &share = kTeam);

private:
  static std::vector<void *> getPointers(std::vector<Buffer> &buffers);
  static void expectNear(const Buffer &actual, const Buffer &expected,
                         const Call &call, unsigned number);

  std::string text;
  KernelRunner cpu;
  GpuKernelRunner gpu;
};

/// The call in every mode of the simulator and on the CPU.
void compare(const Call &call, const std::string &chip = "sm_80");
void compare(const Call &call, const Share &share);

} // namespace hashc::test

#endif // HASHC_TEST_UNIT_LIBRARYCALL_H
