//===- Safetensors.h - Reading and writing safetensors ----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_CHECKPOINT_SAFETENSORS_H
#define HASHC_RUNTIME_CHECKPOINT_SAFETENSORS_H

#include "runtime/support/DType.h"
#include "runtime/support/File.h"

#include <functional>
#include <map>

namespace hashc::runtime {

struct TensorInfo {
  std::string name;
  DType type = DType::f32;
  std::vector<int64_t> shape;
  size_t begin = 0, size = 0; // bytes, from the start of the data part
};

/// A checked safetensors file: every tensor's bytes lie inside the file, cover
/// it without overlap or hole, and agree with type and shape. Anything else is
/// a UserError that says what is wrong and where.
class SafetensorsFile {
public:
  /// `expected` is what any other file is said not to be.
  static SafetensorsFile
  open(const std::string &path,
       const std::string &expected = "a safetensors file");
  /// `bytes` must outlive the result.
  static SafetensorsFile
  parse(std::string_view bytes, const std::string &what,
        const std::string &expected = "a safetensors file");

  const std::string &getName() const { return what; }
  const std::map<std::string, std::string> &getMetadata() const {
    return metadata;
  }
  bool hasMetadata(const std::string &key) const {
    return metadata.count(key) != 0;
  }
  /// The value, or "" if there is none.
  std::string getMetadata(const std::string &key) const;
  const std::map<std::string, TensorInfo> &getTensors() const {
    return tensors;
  }
  const TensorInfo *find(const std::string &name) const;
  /// UserError with the nearest name if there is no such tensor.
  const TensorInfo &require(const std::string &name) const;
  const void *getData(const TensorInfo &info) const {
    return payload.data() + info.begin;
  }
  /// The tensor has been read: its bytes need not stay in memory.
  void release(const TensorInfo &info) const;

private:
  std::string what;
  std::shared_ptr<const MappedFile> file;
  std::string_view payload;
  std::map<std::string, std::string> metadata;
  std::map<std::string, TensorInfo> tensors;
};

/// A tensor to write. `fill` writes its bytes to the buffer it is given, so
/// that only one tensor at a time is in memory twice.
struct TensorSource {
  std::string name;
  DType type = DType::f32;
  std::vector<int64_t> shape;
  std::function<void(void *)> fill;
  /// The bytes themselves where they lie in memory as they are written: then
  /// nothing is in memory twice.
  const void *data = nullptr;
};

/// Writes in the given order. The bytes depend on the arguments alone. Not
/// atomic by itself when `path` lies in a folder that is renamed later; the
/// file is flushed to disk either way.
void writeSafetensors(const std::string &path,
                      const std::map<std::string, std::string> &metadata,
                      const std::vector<TensorSource> &tensors);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_CHECKPOINT_SAFETENSORS_H
