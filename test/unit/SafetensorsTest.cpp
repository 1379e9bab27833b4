//===- SafetensorsTest.cpp - The safetensors reader and writer ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/checkpoint/Safetensors.h"
#include "TempFolder.h"
#include "runtime/checkpoint/Panels.h"

#include <cstring>
#include <numeric>

using namespace hashc::runtime;
using namespace hashc::runtime::test;

/// Length, header, payload.
static std::string makeFile(const std::string &header,
                            const std::string &payload) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(header.size() >> 8 * i);
  return bytes + header + payload;
}

static std::string refuse(const std::string &bytes) {
  return getError([&] { SafetensorsFile::parse(bytes, "f"); });
}

TEST(Safetensors, RoundTrip) {
  TempFolder folder;
  std::vector<float> a = {1, 2, 3, 4, 5, 6};
  std::vector<int64_t> b = {7};
  auto copy = [](const auto &values) {
    return [&](void *target) {
      std::memcpy(target, values.data(), values.size() * sizeof(values[0]));
    };
  };
  std::string path = folder / "x.safetensors";
  writeSafetensors(path, {{"key", "a \"value\"\n"}},
                   {{"blocks[0].w", DType::f32, {2, 3}, copy(a)},
                    {"scalar", DType::i64, {}, copy(b)},
                    {"none", DType::f32, {0, 4}, [](void *) {}}});
  SafetensorsFile file = SafetensorsFile::open(path);
  EXPECT_EQ(file.getMetadata("key"), "a \"value\"\n");
  ASSERT_NE(file.find("blocks[0].w"), nullptr);
  const TensorInfo &info = *file.find("blocks[0].w");
  EXPECT_EQ(info.shape, (std::vector<int64_t>{2, 3}));
  std::vector<float> back(6);
  std::memcpy(back.data(), file.getData(info), 24);
  EXPECT_EQ(back, a);
  EXPECT_EQ(file.find("scalar")->shape.size(), 0u);
  EXPECT_EQ(file.find("other"), nullptr);
  // The payload is aligned.
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.getData(info)) % 8, 0u);
}

TEST(Safetensors, Refusals) {
  auto header = [](const std::string &text, size_t payload) {
    return refuse(makeFile(text, std::string(payload, 'x')));
  };
  auto tensor = [](const std::string &fields) {
    return "{\"t\":{" + fields + "}}";
  };
  const std::string good =
      "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]";
  EXPECT_PRED2(contains, refuse(""), "is empty");
  EXPECT_PRED2(contains, refuse("abc"), "has only 3 bytes");
  EXPECT_PRED2(contains, refuse("plain text, no safetensors"),
               "is not a safetensors file");
  EXPECT_PRED2(contains, refuse(makeFile("{}", "").substr(0, 9)), "cut short");
  EXPECT_PRED2(contains, header("[]", 0), "no JSON header");
  EXPECT_PRED2(contains, header("{\"t\":", 0), "not JSON at byte");
  EXPECT_PRED2(contains, header("{} {}", 0), "not JSON");
  EXPECT_PRED2(contains, header("{\"t\":3}", 0), "a number where");
  EXPECT_PRED2(contains, header(tensor("\"dtype\":\"F32\""), 4),
               "without dtype, shape or data_offsets");
  EXPECT_PRED2(contains, header(tensor(good + ",\"more\":1"), 4),
               "unknown field 'more'");
  EXPECT_PRED2(contains, header(tensor(good + ",\"dtype\":\"F32\""), 4),
               "'dtype' twice");
  EXPECT_PRED2(contains,
               header("{\"t\":{" + good + "},\"t\":{" + good + "}}", 4),
               "'t' twice");
  EXPECT_PRED2(
      contains,
      header(tensor("\"dtype\":\"F9\",\"shape\":[1],\"data_offsets\":[0,4]"),
             4),
      "unknown type 'F9'");
  EXPECT_PRED2(
      contains,
      header(tensor("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]"),
             4),
      "needs 8 bytes but has 4");
  EXPECT_PRED2(
      contains,
      header(tensor("\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]"),
             4),
      "a negative number");
  EXPECT_PRED2(
      contains,
      header(tensor("\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4],"
                    "\"data_offsets\":[0,4]"),
             4),
      "too large");
  EXPECT_PRED2(
      contains,
      header(tensor("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]"),
             4),
      "no range");
  EXPECT_PRED2(contains, header(tensor(good), 3), "cut short");
  EXPECT_PRED2(contains, header(tensor(good), 5),
               "1 bytes that belong to no tensor");
  EXPECT_PRED2(
      contains,
      header(tensor("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]"),
             8),
      "leaves a hole");
  EXPECT_PRED2(contains,
               header("{\"t\":{" + good + "},\"u\":{" + good + "}}", 4),
               "overlaps");
  EXPECT_PRED2(contains, header("{\"__metadata__\":{\"a\":1}}", 0), "a number");
  EXPECT_PRED2(contains, header("{\"__metadata__\":{},\"__metadata__\":{}}", 0),
               "twice");
  EXPECT_PRED2(contains, header(std::string(100000, '['), 0), "no JSON header");
  EXPECT_PRED2(contains, header("{\"t\":" + std::string(100000, '['), 0),
               "an array");
}

/// A small valid file.
static std::string makeValid() {
  return makeFile("{\"__metadata__\":{\"format\":\"hashc\"},"
                  "\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":["
                  "0,8]},\"b\":{\"dtype\":\"I32\",\"shape\":[3],"
                  "\"data_offsets\":[8,20]}}",
                  std::string(20, 'p'));
}

TEST(Safetensors, TruncatedAtEveryLength) {
  std::string bytes = makeValid();
  for (size_t size = 0; size < bytes.size(); ++size) {
    // An exact copy, so that a sanitizer sees any read past the end.
    std::vector<char> part(bytes.begin(), bytes.begin() + size);
    getError([&] { SafetensorsFile::parse({part.data(), part.size()}, "f"); });
  }
  EXPECT_NO_THROW(SafetensorsFile::parse(bytes, "f"));
}

TEST(Safetensors, EveryByteFlipped) {
  const std::string bytes = makeValid();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] ^= static_cast<char>(1 << bit);
      try {
        SafetensorsFile file = SafetensorsFile::parse(damaged, "f");
        // Whatever is accepted can be read.
        unsigned sum = 0;
        for (const auto &[name, info] : file.getTensors())
          for (size_t i = 0; i < info.size; ++i)
            sum += static_cast<const unsigned char *>(file.getData(info))[i];
        EXPECT_GT(sum, 0u);
      } catch (const UserError &error) {
        EXPECT_EQ(error.getCode(), ExitCode::badInput);
      }
    }
  }
}

TEST(Panels, RoundTripAndPadding) {
  for (int64_t columns : {1, 7, 8, 9, 16, 30}) {
    std::vector<int64_t> shape = {3, 5, columns};
    std::vector<int32_t> logical(3 * 5 * columns);
    std::iota(logical.begin(), logical.end(), 1);
    int64_t panels = (columns + 7) / 8;
    std::vector<int32_t> stored(3 * panels * 5 * 8, -1);
    packPanels(shape, 8, 4, logical.data(), stored.data());
    // Element (e, k, n) lies in panel n / 8, row k, column n % 8.
    for (int64_t e = 0; e < 3; ++e)
      for (int64_t k = 0; k < 5; ++k)
        for (int64_t n = 0; n < panels * 8; ++n)
          EXPECT_EQ(stored[((e * panels + n / 8) * 5 + k) * 8 + n % 8],
                    n < columns ? logical[(e * 5 + k) * columns + n] : 0);
    std::vector<int32_t> back(logical.size());
    unpackPanels(shape, 8, 4, stored.data(), back.data());
    EXPECT_EQ(back, logical);
  }
}
