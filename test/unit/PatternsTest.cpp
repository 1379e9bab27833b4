//===- PatternsTest.cpp - Patterns of weights' names ----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Patterns.h"

#include <gtest/gtest.h>
#include <string>

using hashc::frontend::capturePattern;
using hashc::frontend::countStars;
using hashc::frontend::expandPattern;
using hashc::frontend::matchesPattern;

TEST(Patterns, NamesFitThemselves) {
  EXPECT_TRUE(matchesPattern("", ""));
  EXPECT_TRUE(matchesPattern("blocks[3].ffn.w_in", "blocks[3].ffn.w_in"));
  EXPECT_FALSE(matchesPattern("blocks[3].ffn.w_in", "blocks[3].ffn.w_int"));
  EXPECT_FALSE(matchesPattern("blocks[3].ffn.w_in", "blocks[3].ffn.w_i"));
  EXPECT_FALSE(matchesPattern("", "a"));
  EXPECT_FALSE(matchesPattern("a", ""));
}

TEST(Patterns, AStarEndsAtADot) {
  EXPECT_TRUE(matchesPattern("*", "embedding"));
  EXPECT_TRUE(matchesPattern("*", ""));
  EXPECT_FALSE(matchesPattern("*", "norm.gamma"));
  EXPECT_TRUE(matchesPattern("blocks[*].ffn.w*", "blocks[12].ffn.w_out"));
  EXPECT_FALSE(matchesPattern("blocks[*].w*", "blocks[12].ffn.w_out"));
  EXPECT_TRUE(matchesPattern("*a*b*", "xaxbx"));
  EXPECT_FALSE(matchesPattern("*a*b*", "xbxax"));
}

TEST(Patterns, TwoStarsFitAnything) {
  EXPECT_TRUE(matchesPattern("**", "a.b.c"));
  EXPECT_TRUE(matchesPattern("a**", "a.b.c"));
  EXPECT_TRUE(matchesPattern("**w_in", "blocks[0].ffn.w_in"));
  EXPECT_TRUE(matchesPattern("a**c", "ac"));
  EXPECT_FALSE(matchesPattern("a**c", "a.b"));
}

TEST(Patterns, TwoStarsAndADotFitWholeParts) {
  EXPECT_TRUE(matchesPattern("**.norm.*", "norm.gamma"));
  EXPECT_TRUE(matchesPattern("**.norm.*", "blocks[0].norm.gamma"));
  EXPECT_FALSE(matchesPattern("**.norm.*", "blocks[0].renorm.gamma"));
  EXPECT_TRUE(matchesPattern("enc.**.w", "enc.w"));
  EXPECT_TRUE(matchesPattern("enc.**.w", "enc.a.b.w"));
  EXPECT_FALSE(matchesPattern("enc.**.w", "encoder.w"));
  EXPECT_FALSE(matchesPattern("enc**.w", "encw"));
}

TEST(Patterns, ManyStarsAreNotSlow) {
  std::string pattern, name(300, 'a');
  for (int i = 0; i < 200; ++i)
    pattern += "*a";
  EXPECT_FALSE(matchesPattern(pattern + "b", name));
}

/// `name`, of `pattern`, as `other` has it; "-" where it does not fit.
static std::string rename(llvm::StringRef pattern, llvm::StringRef other,
                          llvm::StringRef name) {
  auto parts = capturePattern(pattern, name);
  EXPECT_EQ(parts.has_value(), matchesPattern(pattern, name));
  if (parts)
    EXPECT_EQ(parts->size(), countStars(pattern));
  return parts ? expandPattern(other, *parts) : "-";
}

TEST(Patterns, StarsGoIntoAnotherName) {
  EXPECT_EQ(rename("", "", ""), "");
  EXPECT_EQ(rename("a", "b", "a"), "b");
  EXPECT_EQ(rename("a", "b", "c"), "-");
  EXPECT_EQ(rename("**", "enc.**", "a.b"), "enc.a.b");
  EXPECT_EQ(rename("enc.**", "**", "enc.a.b"), "a.b");
  EXPECT_EQ(rename("b[*].**.w*", "*.**.x*", "b[3].ffn.w_in"), "3.ffn.x_in");
  EXPECT_EQ(rename("*.*", "*-*", "a.b"), "a-b");
  EXPECT_EQ(rename("*.*", "*-*", "a.b.c"), "-");
}

TEST(Patterns, TheDotOfPartsIsTheirOwn) {
  EXPECT_EQ(rename("**.norm.*", "**.n.*", "norm.g"), "n.g");
  EXPECT_EQ(rename("**.norm.*", "**.n.*", "a.b.norm.g"), "a.b.n.g");
  EXPECT_EQ(rename("enc.**.w", "**", "enc.a.b.w"), "a.b");
  EXPECT_EQ(rename("enc.**.w", "x.**.y", "enc.w"), "x.y");
  EXPECT_EQ(rename("enc.**", "**.last", "enc.a"), "a.last");
}

TEST(Patterns, StarsTakeAsLittleAsTheyCan) {
  EXPECT_EQ(rename("**a**", "**|**", "xaya"), "x|ya");
  EXPECT_EQ(rename("*b*b*", "*|*|*", "abbb"), "a||b");
  EXPECT_EQ(rename("**.a.**", "**|**", "a.a.a.b"), "|a.a.b");
  EXPECT_EQ(rename("***", "**|*", "a.b"), "|a.b");
  EXPECT_EQ(rename("*c", "*", "abcc"), "abc");
}
