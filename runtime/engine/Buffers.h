//===- Buffers.h - The memory of a model ------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_ENGINE_BUFFERS_H
#define HASHC_RUNTIME_ENGINE_BUFFERS_H

#include "runtime/engine/Descriptor.h"
#include "runtime/engine/Device.h"

#include <map>
#include <memory>

namespace hashc::runtime {

/// Gives memory back the way it came.
struct ReleaseMemory {
  int64_t mapped = 0;       // bytes; 0: allocated
  Device *device = nullptr; // whose memory it is; null: the CPU's
  void operator()(void *memory) const;
};

/// Zeroed, touched memory; large ones on huge pages where the system has them.
class Buffer {
public:
  Buffer() = default;
  explicit Buffer(int64_t bytes);
  /// Zeroed memory that is not touched: it costs what is used of it. With a
  /// folder it is a file there, without a name, so that the system may write
  /// out what is not in use.
  static Buffer map(int64_t bytes, const std::string &folder);
  static Buffer onDevice(Device &device, int64_t bytes, MemoryUse use,
                         const std::string &name);

  /// Makes it zero, by the current team or on its device.
  void clear();
  /// Before the CPU reads all of it.
  void bring();

  void *data() const { return memory.get(); }
  int64_t size() const { return bytes; }
  template <typename T> T *as() const { return static_cast<T *>(data()); }

private:
  std::unique_ptr<void, ReleaseMemory> memory;
  int64_t bytes = 0;
};

/// What a set of entry points needs, in bytes: what `info` prints and
/// `Buffers` allocates.
struct MemoryPlan {
  /// One buffer for each (kind, name), as large as its largest use.
  std::map<std::pair<std::string, std::string>, int64_t> buffers;
  int64_t arena = 0; // shared by the entries
  /// What a device has besides for the micro-batch that comes next: its
  /// streams and plans once more, and an arena for the entry that plans.
  std::map<std::pair<std::string, std::string>, int64_t> next;
  int64_t nextArena = 0;
  /// The largest parameter once more: checkpoints and initialisers hold one
  /// parameter in its logical form. Not of tables that are looked up.
  int64_t staging = 0;
  /// Of `buffers`, those of tables that are looked up: their rows, and what the
  /// optimizer keeps of each.
  int64_t lookedUp = 0;

  int64_t countKind(std::string_view kind) const;
  int64_t getTotal() const;
};
MemoryPlan planMemory(const Descriptor &descriptor,
                      const std::vector<std::string> &entries);

/// Fails if the current device, where there is one, has no room for the plan of
/// these entries.
void checkRoom(const Descriptor &descriptor,
               const std::vector<std::string> &entries);

/// Where tables that are looked up lie: in files in `folder`; without one, in
/// memory if there is room for them, and else in files in `otherwise`.
struct TableStorage {
  std::string folder;
  std::string otherwise; // "": the folder for temporary files
};

/// Every buffer of a plan, and the pointers each entry is called with.
class Buffers {
public:
  Buffers(const Descriptor &descriptor, const std::vector<std::string> &entries,
          const TableStorage &storage = {});

  const MemoryPlan &getPlan() const { return plan; }
  /// Where looked-up tables are in files; "" where they are in memory.
  const std::string &getTableFolder() const { return tableFolder; }
  /// Null if no entry of the set has it.
  Buffer *find(const std::string &kind, const std::string &name = "");
  Buffer &get(const std::string &kind, const std::string &name = "");
  /// The arguments of an entry, or null if it is not in the set.
  void *const *getArguments(const std::string &entry) const;

  /// Whether there is a place for the micro-batch that comes next.
  bool hasNext() const { return !next.buffers.empty(); }
  /// The same as find and getArguments, of that place.
  Buffer *findNext(const std::string &kind, const std::string &name = "");
  void *const *getNextArguments(const std::string &entry) const;
  /// The two change places.
  void swapNext();

private:
  using Map = std::map<std::pair<std::string, std::string>, Buffer>;
  /// Buffers, and the arguments of entries: the next place has those that are
  /// others there.
  struct Place {
    Map buffers;
    std::map<std::string, std::vector<void *>> arguments;
  };

  void allocate(const Descriptor &descriptor, const TableStorage &storage);
  void allocateOn(Device &device);
  void collectArguments(const EntrySpec &entry);

  MemoryPlan plan;
  std::string tableFolder;
  Buffer arena, nextArena;
  Place current, next;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_ENGINE_BUFFERS_H
