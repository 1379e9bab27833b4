//===- Team.cpp - The threads that run kernels ----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/engine/Team.h"

#include "runtime/engine/Device.h"
#include "runtime/support/Error.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <sched.h>
#include <string>
#include <thread>

namespace hashc::runtime {

/// Kernels keep their tiles on the stack.
static constexpr size_t kStackBytes = 16 << 20;
static constexpr uint64_t kTasksMask = 0xffffffffull;
/// About a tenth of a millisecond: longer than what lies between two launches
/// of a step, shorter than what a user would notice as load.
static constexpr int kSpins = 4000;

static thread_local bool insideTask = false;
static std::atomic<Team *> currentTeam{nullptr};
static std::atomic<Device *> currentDevice{nullptr};
static std::atomic<Profile *> currentProfile{nullptr};

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// The cores this process may run on.
static int countCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

Team::Team(int threads) {
  int cores = countCores();
  if (threads <= 0)
    threads = cores;
  // With more threads than cores, who spins takes a core from who works.
  spins = threads <= cores ? kSpins : 0;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  for (int i = 1; i < threads; ++i) {
    pthread_t thread;
    if (int error = pthread_create(&thread, &attributes, enter, this)) {
      // A constructor that throws has no destructor.
      stop();
      failEnvironment("cannot start thread " + std::to_string(i + 1) + " of " +
                      std::to_string(threads) + ": " + std::strerror(error) +
                      "; choose fewer with --threads");
    }
    workers.push_back(thread);
  }
  pthread_attr_destroy(&attributes);
}

Team::~Team() { stop(); }

void Team::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  for (pthread_t thread : workers)
    pthread_join(thread, nullptr);
}

Device *Device::getCurrent() { return currentDevice.load(); }
void Device::setCurrent(Device *device) { currentDevice.store(device); }

Team *Team::getCurrent() { return currentTeam.load(); }
void Team::setCurrent(Team *team) { currentTeam.store(team); }
void Team::setProfile(Profile *profile) { currentProfile.store(profile); }

Profile *Team::getProfile() { return currentProfile.load(); }

void *Team::enter(void *team) {
  static_cast<Team *>(team)->work();
  return nullptr;
}

bool Team::spin() const {
  for (int i = 0; i < spins; ++i) {
    if ((ticket.load(std::memory_order_acquire) & kTasksMask) != 0)
      return true;
    relax();
  }
  return false;
}

void Team::work() {
  while (!stopping) {
    runTasks();
    if (spin())
      continue;
    std::unique_lock<std::mutex> lock(mutex);
    ++sleepers;
    wake.wait(lock, [&] { return stopping || (ticket & kTasksMask) != 0; });
    --sleepers;
  }
}

void Team::runTasks() {
  insideTask = true;
  uint64_t current = ticket.load(std::memory_order_acquire);
  while (uint64_t left = current & kTasksMask) {
    HashKernel function = kernel.load(std::memory_order_relaxed);
    void *const *arguments = buffers.load(std::memory_order_relaxed);
    int64_t total = tasks.load(std::memory_order_relaxed);
    if (!ticket.compare_exchange_weak(current, current - 1,
                                      std::memory_order_acq_rel,
                                      std::memory_order_acquire))
      continue;
    function(total - static_cast<int64_t>(left), arguments);
    done.fetch_add(1, std::memory_order_release);
    current = ticket.load(std::memory_order_acquire);
  }
  insideTask = false;
}

void Team::launch(HashKernel function, void *const *arguments, int64_t count) {
  if (insideTask || workers.empty() || count <= 1 ||
      count > static_cast<int64_t>(kTasksMask)) {
    for (int64_t task = 0; task < count; ++task)
      function(task, arguments);
    return;
  }
  done.store(0, std::memory_order_relaxed);
  kernel.store(function, std::memory_order_relaxed);
  buffers.store(arguments, std::memory_order_relaxed);
  tasks.store(count, std::memory_order_relaxed);
  uint64_t generation = (ticket.load(std::memory_order_relaxed) >> 32) + 1;
  ticket.store(generation << 32 | static_cast<uint64_t>(count));
  if (sleepers.load() > 0) {
    // Whoever counted itself as a sleeper holds the mutex until it waits.
    {
      std::lock_guard<std::mutex> lock(mutex);
    }
    wake.notify_all();
  }
  runTasks();
  for (int waited = 0; done.load(std::memory_order_acquire) != count;) {
    if (++waited <= spins)
      relax();
    else
      sched_yield();
  }
}

static void launchOnCurrent(const void *code, void *const *buffers,
                            int64_t tasks, bool isTimed) {
  if (Device *device = currentDevice.load(std::memory_order_relaxed)) {
    device->launch(*static_cast<const HashDeviceKernel *>(code), buffers,
                   tasks);
    return isTimed ? device->finish() : void();
  }
  auto kernel = reinterpret_cast<HashKernel>(reinterpret_cast<uintptr_t>(code));
  if (Team *team = currentTeam.load(std::memory_order_relaxed))
    return team->launch(kernel, buffers, tasks);
  for (int64_t task = 0; task < tasks; ++task)
    kernel(task, buffers);
}

} // namespace hashc::runtime

//===----------------------------------------------------------------------===//
// What compiled code calls
//===----------------------------------------------------------------------===//

using namespace hashc::runtime;

extern "C" void hash_rt_launch(int64_t kernelId, const void *kernel,
                               void *const *buffers, int64_t tasks) {
  Profile *profile = currentProfile.load(std::memory_order_relaxed);
  if (!profile)
    return launchOnCurrent(kernel, buffers, tasks, false);
  auto begin = std::chrono::steady_clock::now();
  launchOnCurrent(kernel, buffers, tasks, true);
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  auto index = static_cast<size_t>(kernelId);
  if (index < profile->seconds.size()) {
    profile->seconds[index] += time.count();
    ++profile->launches[index];
  }
}

extern "C" void hash_rt_error(int64_t code, int64_t value, int64_t limit) {
  // Several threads may find an error at once: the first one speaks.
  static std::atomic<bool> spoken{false};
  if (spoken.exchange(true))
    while (true)
      pause();
  std::fflush(stdout);
  std::fprintf(stderr, "error: %s\n",
               describeBadIndex(code, value, limit).c_str());
  std::fflush(stderr);
  // Other threads are at work: no destructors.
  _exit(static_cast<int>(ExitCode::badInput));
}
