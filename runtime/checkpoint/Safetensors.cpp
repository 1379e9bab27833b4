//===- Safetensors.cpp - Reading and writing safetensors ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/checkpoint/Safetensors.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

namespace hashc::runtime {

using nlohmann::json;

// The format's own limit is 100 MB; no model needs a tenth of it.
static constexpr uint64_t maxHeaderSize = 100'000'000;

namespace {
/// Reads the header without building a document: any structure but
/// {"name": {"dtype": "..", "shape": [..], "data_offsets": [a, b]}, ...,
/// "__metadata__": {"key": "value", ...}} stops it with a reason.
class HeaderReader : public nlohmann::json_sax<json> {
public:
  HeaderReader(std::map<std::string, TensorInfo> &tensors,
               std::map<std::string, std::string> &metadata)
      : tensors(tensors), metadata(metadata) {}

  const std::string &getReason() const { return reason; }

  bool null() override { return refuse("a null"); }
  bool boolean(bool) override { return refuse("a boolean"); }
  bool number_float(number_float_t, const string_t &) override {
    return refuse("a number that is not a whole one");
  }
  bool number_integer(number_integer_t) override {
    return refuse("a negative number");
  }
  bool binary(binary_t &) override { return refuse("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place != Place::shape && place != Place::offsets)
      return refuse("a number");
    if (value > INT64_MAX)
      return fail("a number past 2^63 in tensor '" + name + "'");
    numbers.push_back(static_cast<int64_t>(value));
    if (numbers.size() > 64)
      return fail("more than 64 dimensions in tensor '" + name + "'");
    return true;
  }

  bool string(string_t &value) override {
    if (place == Place::metadata) {
      if (!metadata.emplace(field, value).second)
        return fail("metadata '" + field + "' twice");
      return true;
    }
    if (place != Place::tensor || field != "dtype")
      return refuse("a string");
    if (!parseDType(value, info.type) || getSafetensorsName(info.type) != value)
      return fail("tensor '" + name + "' of unknown type '" + value + "'");
    return true;
  }

  bool start_object(size_t) override {
    if (place == Place::start) {
      place = Place::top;
    } else if (place == Place::top && name == "__metadata__") {
      place = Place::metadata;
    } else if (place == Place::top) {
      place = Place::tensor;
      info = TensorInfo();
      info.name = name;
      seen.clear();
    } else {
      return refuse("an object");
    }
    return true;
  }

  bool key(string_t &value) override {
    if (place == Place::top) {
      name = value;
      if (name == "__metadata__" ? sawMetadata : tensors.count(name) != 0)
        return fail("'" + name + "' twice");
      sawMetadata |= name == "__metadata__";
      return true;
    }
    field = value;
    if (place == Place::metadata)
      return true;
    if (field != "dtype" && field != "shape" && field != "data_offsets")
      return fail("unknown field '" + field + "' in tensor '" + name + "'");
    if (std::find(seen.begin(), seen.end(), field) != seen.end())
      return fail("'" + field + "' twice in tensor '" + name + "'");
    seen.push_back(field);
    return true;
  }

  bool end_object() override {
    if (place == Place::tensor) {
      if (seen.size() != 3)
        return fail("tensor '" + name +
                    "' without dtype, shape or data_offsets");
      tensors.emplace(name, info);
      place = Place::top;
    } else if (place == Place::metadata) {
      place = Place::top;
    } else {
      place = Place::end;
    }
    return true;
  }

  bool start_array(size_t) override {
    numbers.clear();
    if (place == Place::tensor && field == "shape")
      place = Place::shape;
    else if (place == Place::tensor && field == "data_offsets")
      place = Place::offsets;
    else
      return refuse("an array");
    return true;
  }

  bool end_array() override {
    if (place == Place::shape) {
      info.shape = numbers;
    } else {
      if (numbers.size() != 2 || numbers[0] > numbers[1])
        return fail("data_offsets of tensor '" + name + "' that are no range");
      info.begin = static_cast<size_t>(numbers[0]);
      info.size = static_cast<size_t>(numbers[1] - numbers[0]);
    }
    place = Place::tensor;
    return true;
  }

  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &) override {
    return fail("text that is not JSON at byte " +
                std::to_string(8 + position));
  }

private:
  enum class Place { start, top, metadata, tensor, shape, offsets, end };

  bool fail(const std::string &why) {
    reason = why;
    return false;
  }
  bool refuse(const std::string &found) {
    return fail(found + (name.empty()
                             ? " at the start"
                             : " where it has no place, in '" + name + "'"));
  }

  std::map<std::string, TensorInfo> &tensors;
  std::map<std::string, std::string> &metadata;
  Place place = Place::start;
  std::string name, field, reason;
  TensorInfo info;
  std::vector<std::string> seen;
  std::vector<int64_t> numbers;
  bool sawMetadata = false;
};
} // namespace

/// The first 8 bytes, little-endian.
static uint64_t readLength(std::string_view bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// Each tensor's range must have the size of its shape, and the ranges must
/// cover the payload one after another.
static void checkRanges(const std::map<std::string, TensorInfo> &tensors,
                        size_t payload, const std::string &what) {
  std::vector<const TensorInfo *> order;
  for (const auto &[name, info] : tensors) {
    int64_t count = 1, bytes;
    for (int64_t extent : info.shape)
      if (__builtin_mul_overflow(count, extent, &count))
        failInput(what + ": tensor '" + name + "' of shape " +
                  formatShape(info.shape) + " is too large");
    if (__builtin_mul_overflow(count, static_cast<int64_t>(sizeOf(info.type)),
                               &bytes))
      failInput(what + ": tensor '" + name + "' is too large");
    if (static_cast<size_t>(bytes) != info.size)
      failInput(what + ": tensor '" + name + "' of " +
                std::string(getName(info.type)) + " " +
                formatShape(info.shape) + " needs " + std::to_string(bytes) +
                " bytes but has " + std::to_string(info.size));
    order.push_back(&info);
  }
  std::sort(order.begin(), order.end(), [](auto *a, auto *b) {
    return std::tie(a->begin, a->size) < std::tie(b->begin, b->size);
  });
  size_t end = 0;
  for (const TensorInfo *info : order) {
    if (info->begin != end)
      failInput(what + ": tensor '" + info->name + "' " +
                (info->begin < end ? "overlaps another one"
                                   : "leaves a hole before it"));
    if (info->size > payload - end)
      failInput(what + " is cut short: tensor '" + info->name +
                "' ends past the end of the file");
    end += info->size;
  }
  if (end != payload)
    failInput(what + " has " + std::to_string(payload - end) +
              " bytes that belong to no tensor");
}

SafetensorsFile SafetensorsFile::parse(std::string_view bytes,
                                       const std::string &what,
                                       const std::string &expected) {
  std::string file = "'" + what + "'";
  auto refuse = [&](const std::string &why) {
    failInput(file + " is not " + expected + ": " + why);
  };
  if (bytes.empty())
    failInput(file + " is empty");
  if (bytes.size() < 8)
    refuse("it has only " + std::to_string(bytes.size()) + " bytes");
  uint64_t length = readLength(bytes);
  if (length > maxHeaderSize)
    refuse("it does not begin with the length of a header");
  if (length > bytes.size() - 8)
    failInput(file + " is cut short: its header has " + std::to_string(length) +
              " bytes, the file " + std::to_string(bytes.size()));
  SafetensorsFile result;
  result.what = what;
  std::string_view header = bytes.substr(8, length);
  result.payload = bytes.substr(8 + length);
  if (header.empty() || header[0] != '{')
    refuse("it has no JSON header");
  HeaderReader reader(result.tensors, result.metadata);
  if (!json::sax_parse(header.begin(), header.end(), &reader))
    failInput(file + " is damaged: its header has " + reader.getReason());
  checkRanges(result.tensors, result.payload.size(), file);
  return result;
}

SafetensorsFile SafetensorsFile::open(const std::string &path,
                                      const std::string &expected) {
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  SafetensorsFile result = parse(file->view(), path, expected);
  result.file = std::move(file);
  return result;
}

void SafetensorsFile::release(const TensorInfo &info) const {
  if (file)
    file->release(payload.data() + info.begin, info.size);
}

std::string SafetensorsFile::getMetadata(const std::string &key) const {
  auto found = metadata.find(key);
  return found == metadata.end() ? "" : found->second;
}

const TensorInfo *SafetensorsFile::find(const std::string &name) const {
  auto found = tensors.find(name);
  return found == tensors.end() ? nullptr : &found->second;
}

const TensorInfo &SafetensorsFile::require(const std::string &name) const {
  if (const TensorInfo *info = find(name))
    return *info;
  std::vector<std::string> all;
  for (const auto &[key, info] : tensors)
    all.push_back(key);
  std::string near = nearestName(name, all);
  failInput("'" + what + "' has no tensor '" + name + "'" +
            (near.empty() ? "" : "; the nearest name is '" + near + "'"));
}

void writeSafetensors(const std::string &path,
                      const std::map<std::string, std::string> &metadata,
                      const std::vector<TensorSource> &tensors) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty())
    header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const TensorSource &tensor : tensors) {
    size_t size =
        static_cast<size_t>(countElements(tensor.shape)) * sizeOf(tensor.type);
    header[tensor.name] = {{"dtype", getSafetensorsName(tensor.type)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + size}}};
    offset += size;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' '); // the payload starts aligned
  std::string length(8, '\0');
  for (int i = 0; i < 8; ++i)
    length[i] = static_cast<char>(text.size() >> 8 * i);

  AtomicFile file(path);
  file.write(length);
  file.write(text);
  std::vector<char> buffer;
  for (const TensorSource &tensor : tensors) {
    size_t size =
        static_cast<size_t>(countElements(tensor.shape)) * sizeOf(tensor.type);
    if (tensor.data) {
      file.write(tensor.data, size);
      continue;
    }
    buffer.resize(size);
    tensor.fill(buffer.data());
    file.write(buffer.data(), buffer.size());
  }
  file.commit();
}

} // namespace hashc::runtime
