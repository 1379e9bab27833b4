//===- KernelGroups.cpp - Kernels that layers have in common --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/KernelGroups.h"

#include <map>
#include <set>
#include <tuple>

namespace hashc::runtime {

namespace {

/// A path taken apart: `blocks[3].ffn` is the texts `blocks[`, `].ffn` and the
/// index 3 between them.
struct SplitPath {
  std::vector<std::string> texts = {""};
  std::vector<int64_t> indices;
};

} // namespace

static SplitPath splitPath(const std::string &path) {
  SplitPath split;
  for (size_t i = 0; i < path.size();) {
    size_t end = path.find_first_not_of("0123456789", i);
    end = end == std::string::npos ? path.size() : end;
    bool isIndex = end > i && end - i < 10 && i > 0 && path[i - 1] == '[';
    if (isIndex) {
      split.indices.push_back(std::stoll(path.substr(i, end - i)));
      split.texts.emplace_back();
      i = end;
    } else {
      split.texts.back() += path[i++];
    }
  }
  return split;
}

/// 0-2,4
static std::string showRuns(const std::set<int64_t> &numbers) {
  std::string text;
  for (auto it = numbers.begin(); it != numbers.end();) {
    int64_t first = *it, last = first;
    for (++it; it != numbers.end() && *it == last + 1; ++it)
      ++last;
    text += (text.empty() ? "" : ",") + std::to_string(first);
    if (last > first)
      text += "-" + std::to_string(last);
  }
  return text;
}

static std::string showPaths(const std::vector<const KernelSpec *> &kernels) {
  SplitPath first = splitPath(kernels.front()->path);
  std::string path = first.texts[0];
  for (size_t i = 0; i < first.indices.size(); ++i) {
    std::set<int64_t> indices;
    for (const KernelSpec *kernel : kernels)
      indices.insert(splitPath(kernel->path).indices[i]);
    path += showRuns(indices) + first.texts[i + 1];
  }
  return path;
}

std::vector<KernelGroup> groupKernels(const std::vector<KernelSpec> &kernels) {
  using Key = std::tuple<std::string, std::string, std::vector<std::string>,
                         int64_t, int64_t, int64_t>;
  std::map<Key, size_t> places;
  std::vector<KernelGroup> groups;
  for (const KernelSpec &kernel : kernels) {
    Key key(kernel.entry, kernel.op, splitPath(kernel.path).texts, kernel.flops,
            kernel.bytes, kernel.tasks);
    auto [place, isNew] = places.try_emplace(key, groups.size());
    if (isNew)
      groups.emplace_back();
    groups[place->second].kernels.push_back(&kernel);
  }
  for (KernelGroup &group : groups)
    group.path = showPaths(group.kernels);
  return groups;
}

} // namespace hashc::runtime
