//===- Buffers.cpp - The memory of a model --------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/engine/Buffers.h"

#include "runtime/engine/Team.h"
#include "runtime/support/Error.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

namespace hashc::runtime {

static constexpr int64_t kHugePage = 2 << 20;
static constexpr int64_t kTouchChunk = 4 << 20;

static int64_t roundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

void ReleaseMemory::operator()(void *memory) const {
  if (device)
    device->release(memory);
  else if (mapped > 0)
    munmap(memory, mapped);
  else
    std::free(memory);
}

/// A file without a name, of that size: it is gone when it is closed.
static int openUnnamed(const std::string &folder, int64_t bytes) {
  int file = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    std::string path = folder + "/.tables-XXXXXX";
    file = mkostemp(path.data(), O_CLOEXEC);
    if (file >= 0)
      unlink(path.c_str());
  }
  if (file < 0)
    failSystem("keep tables in", folder, errno);
  // Room now, or a write that finds none would end the program.
  if (int error = posix_fallocate(file, 0, bytes)) {
    close(file);
    failSystem("keep tables of " + std::to_string(bytes >> 20) + " MiB in",
               folder, error);
  }
  return file;
}

Buffer Buffer::map(int64_t bytes, const std::string &folder) {
  int64_t size = roundUp(std::max<int64_t>(bytes, 1), kHugePage);
  int file = folder.empty() ? -1 : openUnnamed(folder, size);
  void *address =
      mmap(nullptr, size, PROT_READ | PROT_WRITE,
           file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED,
           file, 0);
  if (file >= 0)
    close(file);
  if (address == MAP_FAILED)
    failEnvironment("not enough memory for a table of " +
                    std::to_string(bytes >> 20) + " MiB");
  // Rows that are read lie anywhere: what is beside them is of no use.
  madvise(address, size, file < 0 ? MADV_HUGEPAGE : MADV_RANDOM);
  Buffer buffer;
  buffer.memory = {address, ReleaseMemory{size}};
  buffer.bytes = bytes;
  return buffer;
}

Buffer Buffer::onDevice(Device &device, int64_t bytes, MemoryUse use,
                        const std::string &name) {
  Buffer buffer;
  buffer.memory = {device.allocate(std::max<int64_t>(bytes, 1), use, name),
                   ReleaseMemory{0, &device}};
  buffer.bytes = bytes;
  return buffer;
}

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
  clear();
}

void Buffer::clear() {
  if (Device *device = memory.get_deleter().device)
    return device->clear(data(), bytes);
  auto clearChunk = [&](int64_t chunk) {
    int64_t begin = chunk * kTouchChunk;
    std::memset(as<char>() + begin, 0, std::min(kTouchChunk, bytes - begin));
  };
  int64_t chunks = (bytes + kTouchChunk - 1) / kTouchChunk;
  Team *team = Team::getCurrent();
  if (team)
    team->parallelFor(chunks, clearChunk);
  for (int64_t chunk = 0; !team && chunk < chunks; ++chunk)
    clearChunk(chunk);
}

void Buffer::bring() {
  if (Device *device = memory.get_deleter().device)
    device->bring(data());
}

int64_t MemoryPlan::countKind(std::string_view kind) const {
  int64_t bytes = 0;
  for (const auto *each : {&buffers, &next})
    for (const auto &[key, size] : *each)
      if (key.first == kind)
        bytes += size;
  return bytes;
}

int64_t MemoryPlan::getTotal() const {
  int64_t bytes = arena + nextArena + staging;
  for (const auto *each : {&buffers, &next})
    for (const auto &entry : *each)
      bytes += entry.second;
  return bytes;
}

/// The rows of a table that is looked up, or what the optimizer keeps of each.
static bool isLookedUp(const Descriptor &descriptor, const std::string &kind,
                       const std::string &name) {
  return (kind == "param" || kind == "moment2") &&
         std::any_of(descriptor.params.begin(), descriptor.params.end(),
                     [&](const ParamSpec &param) {
                       return param.lookup && param.name == name;
                     });
}

/// What the system could give without writing anything out, in bytes.
static int64_t getAvailableMemory() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  for (int64_t kib = 0; file >> key >> kib; file.ignore(80, '\n'))
    if (key == "MemAvailable:")
      return kib << 10;
  return INT64_MAX;
}

/// Part of the memory that is there that tables may take.
static constexpr double kTablePart = 0.75;

static std::string chooseFolder(const TableStorage &storage, int64_t bytes) {
  if (bytes == 0 || !storage.folder.empty())
    return bytes == 0 ? "" : storage.folder;
  if (static_cast<double>(bytes) <
      kTablePart * static_cast<double>(getAvailableMemory()))
    return "";
  if (!storage.otherwise.empty())
    return storage.otherwise;
  const char *folder = std::getenv("TMPDIR");
  return folder && *folder ? folder : "/var/tmp";
}

static bool isStream(const std::string &kind) {
  return kind == "tokens" || kind == "targets" || kind == "starts";
}

/// A whole micro-batch is copied into these, though decode_step, which may be
/// the only one to take them, reads one window.
static int64_t getStreamBytes(const ModelShape &model, const ArgSpec &arg) {
  int64_t rows = isStream(arg.kind) ? model.getRows() : 0;
  for (const InputShape &input : model.inputs)
    if (isStream(arg.kind) && input.name == arg.name)
      rows = model.getRows(input);
  return rows * static_cast<int64_t>(sizeof(int32_t));
}

static constexpr const char *kPlanEntry = "plan_batch";

/// What differs from micro-batch to micro-batch, and is there before its step
/// begins.
static void planNext(MemoryPlan &plan, const Descriptor &descriptor) {
  for (const auto &[key, bytes] : plan.buffers)
    if (isStream(key.first))
      plan.next[key] = bytes;
  const EntrySpec *entry = descriptor.findEntry(kPlanEntry);
  if (!entry)
    return;
  plan.nextArena = entry->arenaBytes;
  for (const ArgSpec &arg : entry->args)
    if (arg.kind == "plan")
      plan.next[{arg.kind, arg.name}] = plan.buffers.at({arg.kind, arg.name});
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
  for (const auto &[key, bytes] : plan.buffers)
    plan.lookedUp += isLookedUp(descriptor, key.first, key.second) ? bytes : 0;
  const bool trains = std::count(entries.begin(), entries.end(), "grad_step");
  if (trains && descriptor.target == "cuda")
    planNext(plan, descriptor);
  return plan;
}

static void checkRoom(Device &device, const MemoryPlan &plan) {
  device.checkRoom(plan.getTotal() - plan.staging);
}

void checkRoom(const Descriptor &descriptor,
               const std::vector<std::string> &entries) {
  if (Device *device = Device::getCurrent())
    checkRoom(*device, planMemory(descriptor, entries));
}

Buffers::Buffers(const Descriptor &descriptor,
                 const std::vector<std::string> &entries,
                 const TableStorage &storage)
    : plan(planMemory(descriptor, entries)) {
  if (Device *device = Device::getCurrent())
    allocateOn(*device);
  else
    allocate(descriptor, storage);
  for (const std::string &name : entries)
    if (const EntrySpec *entry = descriptor.findEntry(name))
      collectArguments(*entry);
}

void Buffers::collectArguments(const EntrySpec &entry) {
  const bool isBeside = hasNext() && entry.name == kPlanEntry;
  std::vector<void *> ours, others;
  for (const ArgSpec &arg : entry.args) {
    ours.push_back(arg.kind == "arena" ? (isBeside ? nextArena : arena).data()
                                       : get(arg.kind, arg.name).data());
    Buffer *other = findNext(arg.kind, arg.name);
    others.push_back(other ? other->data() : ours.back());
  }
  if (ours != others)
    next.arguments[entry.name] = std::move(others);
  current.arguments[entry.name] = std::move(ours);
}

void Buffers::allocate(const Descriptor &descriptor,
                       const TableStorage &storage) {
  tableFolder = chooseFolder(storage, plan.lookedUp);
  arena = Buffer(plan.arena);
  for (const auto &[key, bytes] : plan.buffers)
    current.buffers.emplace(key, isLookedUp(descriptor, key.first, key.second)
                                     ? Buffer::map(bytes, tableFolder)
                                     : Buffer(bytes));
}

static MemoryUse getUse(const std::string &kind) {
  static const std::set<std::string> state = {"param",   "grad",    "grad_keys",
                                              "moment1", "moment2", "table",
                                              "plan",    "cache"};
  return state.count(kind) > 0 ? MemoryUse::state : MemoryUse::exchanged;
}

void Buffers::allocateOn(Device &device) {
  checkRoom(device, plan);
  arena = Buffer::onDevice(device, plan.arena, MemoryUse::workspace,
                           "the workspace");
  nextArena = Buffer::onDevice(device, plan.nextArena, MemoryUse::workspace,
                               "the workspace of plans");
  for (auto [planned, place] :
       {std::pair(&plan.buffers, &current), {&plan.next, &next}})
    for (const auto &[key, bytes] : *planned) {
      const std::string name =
          key.second.empty() ? key.first : key.first + " '" + key.second + "'";
      place->buffers.emplace(
          key, Buffer::onDevice(device, bytes, getUse(key.first), name));
    }
}

template <typename Map>
static auto *findIn(Map &map, const typename Map::key_type &key) {
  auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

Buffer *Buffers::find(const std::string &kind, const std::string &name) {
  return findIn(current.buffers, {kind, name});
}

Buffer *Buffers::findNext(const std::string &kind, const std::string &name) {
  return findIn(next.buffers, {kind, name});
}

Buffer &Buffers::get(const std::string &kind, const std::string &name) {
  if (Buffer *buffer = find(kind, name))
    return *buffer;
  failInput("this executable's model descriptor is damaged: no " + kind + " '" +
            name + "'");
}

void *const *Buffers::getArguments(const std::string &entry) const {
  const auto *pointers = findIn(current.arguments, entry);
  return pointers ? pointers->data() : nullptr;
}

void *const *Buffers::getNextArguments(const std::string &entry) const {
  const auto *pointers = findIn(next.arguments, entry);
  return pointers ? pointers->data() : nullptr;
}

void Buffers::swapNext() {
  for (auto &[key, buffer] : next.buffers)
    std::swap(current.buffers.at(key), buffer);
  for (auto &[entry, pointers] : next.arguments)
    std::swap(current.arguments.at(entry), pointers);
}

} // namespace hashc::runtime
