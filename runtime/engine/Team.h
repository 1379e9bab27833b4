//===- Team.h - The threads that run kernels --------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_ENGINE_TEAM_H
#define HASHC_RUNTIME_ENGINE_TEAM_H

#include "runtime/engine/Abi.h"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <type_traits>
#include <vector>

namespace hashc::runtime {

/// Time spent in each kernel, by kernel id.
struct Profile {
  std::vector<double> seconds;
  std::vector<int64_t> launches;
  void reset(size_t kernels) {
    seconds.assign(kernels, 0.0);
    launches.assign(kernels, 0);
  }
};

/// Persistent threads that take tasks by a shared counter. Which thread runs a
/// task does not matter: kernels cut their work by shape, and a task writes its
/// own part of the output. The calling thread works too.
class Team {
public:
  /// `threads` in all, the caller among them; 0 = one for each core.
  explicit Team(int threads = 0);
  ~Team();
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  int size() const { return static_cast<int>(workers.size()) + 1; }
  /// Runs all tasks; one launch at a time. A launch from inside a task runs on
  /// the thread it is on.
  void launch(HashKernel kernel, void *const *buffers, int64_t tasks);

  /// `body(i)` for every i in 0 .. tasks-1.
  template <typename Body> void parallelFor(int64_t tasks, Body &&body) {
    void *buffers[] = {const_cast<void *>(static_cast<const void *>(&body))};
    launch(
        [](int64_t task, void *const *args) {
          (*static_cast<std::remove_reference_t<Body> *>(args[0]))(task);
        },
        buffers, tasks);
  }

  /// The team that hash_rt_launch uses; null: the caller's thread alone.
  static Team *getCurrent();
  static void setCurrent(Team *team);

  /// Where hash_rt_launch notes its times; null: nowhere.
  static void setProfile(Profile *profile);
  static Profile *getProfile();

private:
  /// Ends and joins the workers.
  void stop();
  static void *enter(void *team);
  void work();
  void runTasks();
  bool spin() const;

  std::vector<pthread_t> workers;
  int spins;

  // The generation of the launch in the high half, its tasks not yet taken in
  // the low half. The fields below it change only while no task is left, so
  // whoever takes a task has read the fields of that very launch.
  alignas(64) std::atomic<uint64_t> ticket{0};
  std::atomic<HashKernel> kernel{nullptr};
  std::atomic<void *const *> buffers{nullptr};
  std::atomic<int64_t> tasks{0};
  alignas(64) std::atomic<int64_t> done{0};

  alignas(64) std::atomic<int> sleepers{0};
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable wake;
};

/// Makes a team the current one for a scope.
class TeamScope {
public:
  explicit TeamScope(Team &team) : before(Team::getCurrent()) {
    Team::setCurrent(&team);
  }
  ~TeamScope() { Team::setCurrent(before); }
  TeamScope(const TeamScope &) = delete;
  TeamScope &operator=(const TeamScope &) = delete;

private:
  Team *before;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_ENGINE_TEAM_H
