//===- Buffers.cpp - The memory of a model --------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/engine/Buffers.h"

#include "runtime/engine/Team.h"
#include "runtime/support/Error.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace hashc::runtime {

static constexpr int64_t kHugePage = 2 << 20;
static constexpr int64_t kTouchChunk = 4 << 20;

static int64_t roundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

void Buffer::Release::operator()(void *memory) const { std::free(memory); }

Buffer::Buffer(int64_t bytes) : bytes(bytes) {
  int64_t alignment = bytes >= kHugePage ? kHugePage : 64;
  int64_t size = roundUp(std::max<int64_t>(bytes, 1), 64);
  void *address = nullptr;
  if (posix_memalign(&address, alignment, size) != 0)
    failEnvironment("not enough memory for a buffer of " +
                    std::to_string(bytes >> 20) + " MiB");
  memory.reset(address);
  if (bytes >= kHugePage)
    madvise(address, size, MADV_HUGEPAGE);
  auto touch = [&](int64_t chunk) {
    int64_t begin = chunk * kTouchChunk;
    std::memset(static_cast<char *>(address) + begin, 0,
                std::min(kTouchChunk, size - begin));
  };
  int64_t chunks = (size + kTouchChunk - 1) / kTouchChunk;
  Team *team = Team::getCurrent();
  if (team)
    team->parallelFor(chunks, touch);
  for (int64_t chunk = 0; !team && chunk < chunks; ++chunk)
    touch(chunk);
}

int64_t MemoryPlan::countKind(std::string_view kind) const {
  int64_t bytes = 0;
  for (const auto &[key, size] : buffers)
    if (key.first == kind)
      bytes += size;
  return bytes;
}

int64_t MemoryPlan::getTotal() const {
  int64_t bytes = arena + staging;
  for (const auto &entry : buffers)
    bytes += entry.second;
  return bytes;
}

/// A whole micro-batch is copied into these, though decode_step, which may be
/// the only one to take them, reads one window.
static int64_t getStreamBytes(const ModelShape &model, const ArgSpec &arg) {
  bool isStream =
      arg.kind == "tokens" || arg.kind == "targets" || arg.kind == "starts";
  int64_t rows = isStream ? model.getRows() : 0;
  for (const InputShape &input : model.inputs)
    if (isStream && input.name == arg.name)
      rows = model.getRows(input);
  return rows * static_cast<int64_t>(sizeof(int32_t));
}

MemoryPlan planMemory(const Descriptor &descriptor,
                      const std::vector<std::string> &entries) {
  MemoryPlan plan;
  for (const std::string &name : entries) {
    const EntrySpec *entry = descriptor.findEntry(name);
    if (!entry)
      continue;
    plan.arena = std::max(plan.arena, entry->arenaBytes);
    for (const ArgSpec &arg : entry->args) {
      if (arg.kind == "arena")
        continue;
      int64_t &bytes = plan.buffers[{arg.kind, arg.name}];
      bytes =
          std::max({bytes, arg.bytes, getStreamBytes(descriptor.model, arg)});
    }
  }
  for (const ParamSpec &param : descriptor.params) {
    auto bytes = static_cast<int64_t>(sizeOf(param.type));
    if (!param.lookup) // initialised and saved where it is
      plan.staging = std::max(plan.staging, param.countElements() * bytes);
    // Checkpoints read and write every parameter, used or not.
    plan.buffers.try_emplace({"param", param.name},
                             countElements(param.storedShape) * bytes);
  }
  return plan;
}

Buffers::Buffers(const Descriptor &descriptor,
                 const std::vector<std::string> &entries)
    : plan(planMemory(descriptor, entries)), arena(plan.arena) {
  for (const auto &[key, bytes] : plan.buffers)
    buffers.emplace(key, Buffer(bytes));
  for (const std::string &name : entries) {
    const EntrySpec *entry = descriptor.findEntry(name);
    if (!entry)
      continue;
    std::vector<void *> &pointers = arguments[name];
    for (const ArgSpec &arg : entry->args)
      pointers.push_back(arg.kind == "arena"
                             ? arena.data()
                             : buffers.at({arg.kind, arg.name}).data());
  }
}

Buffer *Buffers::find(const std::string &kind, const std::string &name) {
  auto it = buffers.find({kind, name});
  return it == buffers.end() ? nullptr : &it->second;
}

Buffer &Buffers::get(const std::string &kind, const std::string &name) {
  if (Buffer *buffer = find(kind, name))
    return *buffer;
  failInput("this executable's model descriptor is damaged: no " + kind + " '" +
            name + "'");
}

void *const *Buffers::getArguments(const std::string &entry) const {
  auto it = arguments.find(entry);
  return it == arguments.end() ? nullptr : it->second.data();
}

} // namespace hashc::runtime
