//===- OtherKernelTest.cpp - What is no team's on a GPU against a CPU -----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels of the library that threads run, or blocks, but no teams.
//
//===----------------------------------------------------------------------===//

#include "LibraryCall.h"

#include <gtest/gtest.h>

using namespace hashc;
using namespace hashc::test;

namespace {

class OtherKernel : public testing::TestWithParam<const char *> {
protected:
  static std::string numbers(std::initializer_list<int64_t> shape) {
    return type(shape, GetParam());
  }
};

TEST_P(OtherKernel, AdamW) {
  for (int64_t size : {1, 4, 7, 600, 1030}) {
    Call call("adamw", "beta1 = 0.9 : f64, beta2 = 0.99 : f64, "
                       "eps = 1.0e-8 : f64, weight_decay = 0.1 : f64");
    call.in("4xf64", reals(0.1, 1)).in("1xf64", reals(0.1, 10));
    for (int i = 0; i < 4; ++i)
      call.update(numbers({size}));
    // Second moments are not negative.
    call.refill(5, reals(0, 1));
    compare(call, kThreads);
  }
}

/// The same bits as on a CPU, as each element has its own random number.
TEST_P(OtherKernel, DropoutAndJitter) {
  for (int64_t size : {1, 7, 600}) {
    compare(Call("dropout", "rate = 0.25 : f64, stream = 3 : i64")
                .in(numbers({size}))
                .in("1xi64", each(getAny))
                .out(numbers({size})),
            kThreads);
    compare(Call("jitter", "amount = 0.25 : f64, stream = 2 : i64")
                .in(numbers({size, 1}))
                .in("1xi64", each(getAny))
                .out(numbers({size, 1})),
            kThreads);
  }
}

TEST_P(OtherKernel, Norms) {
  for (int64_t size : {1, 255, 257, 9000}) {
    compare(Call("global_norm")
                .in(numbers({size}))
                .in(numbers({3}))
                .out("1xf64", 1),
            kTeam);
    // Some of the parts are empty.
    compare(
        Call("part_norms").in(numbers({size})).in(numbers({3})).out("5xf64", 1),
        kTeam);
  }
}

TEST_P(OtherKernel, RoutersByActivations) {
  for (auto [n, experts] : {Shape{1, 1}, {33, 3}, {300, 8}, {5, 130}}) {
    const std::string logits = numbers({n, experts}), each = numbers({n});
    compare(Call("top_choices").in(logits).out(type({n, 1}, "i32")), kThreads);
    compare(Call("log_shares").in(logits).out(logits, 1), kThreads);
    compare(Call("z_loss", "weight = 0.5 : f64")
                .in(logits)
                .in(type({n}, "i32"), ids(1000))
                .out(each, 1),
            kThreads);
    compare(Call("balance_loss", "weight = 0.5 : f64")
                .in(logits)
                .in(numbers({experts}), reals(0, 1))
                .in(type({n}, "i32"), ids(1000))
                .out(each, 1),
            kThreads);
    compare(Call("expert_load")
                .in(type({n, 1}, "i32"), ids(experts))
                .in(type({n}, "i32"), ids(1000))
                .out(numbers({experts})),
            kThreads);
  }
}

INSTANTIATE_TEST_SUITE_P(All, OtherKernel, testing::Values("f32", "f64"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
