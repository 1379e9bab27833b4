//===- GpuDevice.cpp - Runs kernels on an NVIDIA GPU ----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/gpu/GpuDevice.h"

#include "runtime/engine/Team.h"
#include "runtime/simulator/SimulatedKernel.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

namespace hashc::runtime {

// Values of the driver's enumerations.
static constexpr int kCapabilityMajor = 75, kCapabilityMinor = 76;
static constexpr int kManagedMemory = 83, kConcurrentAccess = 89;
// Options of a module's compilation, and what the driver says of it at most.
static constexpr int kErrorLog = 5, kErrorLogBytes = 6;
static constexpr size_t kLogBytes = 4096;
static constexpr int kMultiprocessors = 16, kThreadsOfMultiprocessor = 39;
static constexpr int kLocalBytes = 3, kMaxSharedBytes = 8; // of a function
static constexpr int kNotFound = 500;                      // an error
static constexpr unsigned kNonBlocking = 1;                // streams
static constexpr unsigned kAttachGlobal = 1;
static constexpr unsigned kPortable = 1, kDeviceMap = 2;
/// Nobody else uses the driver, and functions may be loaded meanwhile.
static constexpr int kCaptureRelaxed = 2;

/// What a block may have without asking for it.
static constexpr int64_t kFreeSharedBytes = 48 << 10;
/// Of the GPU's memory, for the driver's own.
static constexpr int64_t kReserve = 256 << 20;

static std::string inMiB(int64_t bytes) {
  return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

static Driver::Address toAddress(void *memory) {
  return reinterpret_cast<Driver::Address>(memory);
}

GpuDevice::GpuDevice(const HashDeviceImage &image, int ordinal) : image(image) {
  open(ordinal);
  checkCapability();
  load();
  openReport();
  for (Driver::Stream *each : {&stream, &besideStream})
    driver.check(driver.createStream(each, kNonBlocking), "create a stream");
  active = stream;
}

GpuDevice::~GpuDevice() {
  for (auto &graph : graphs)
    driver.destroyExecutable(graph.second);
  driver.destroyStream(besideStream);
  driver.destroyStream(stream);
  driver.releaseHost(report);
  driver.unloadModule(module);
  driver.releaseContext(device);
}

void GpuDevice::open(int ordinal) {
  int count = 0;
  driver.check(driver.countDevices(&count), "count the GPUs");
  if (count == 0)
    failEnvironment("the NVIDIA driver sees no GPU on this machine");
  if (ordinal >= count)
    failEnvironment("there is no GPU " + std::to_string(ordinal) +
                    ": this machine has " + std::to_string(count) +
                    ", and they count from 0");
  driver.check(driver.getDevice(&device, ordinal), "open the GPU");
  char text[256] = "";
  driver.check(driver.getDeviceName(text, sizeof(text), device),
               "ask for the GPU's name");
  name = text;
  if (getAttribute(kManagedMemory, "managed memory") == 0)
    failEnvironment("'" + name +
                    "' shares no memory with the CPU (managed memory), which "
                    "this executable needs");
  driver.check(driver.retainContext(&context, device), "open '" + name + "'");
  driver.check(driver.setContext(context), "use '" + name + "'");
}

int GpuDevice::getAttribute(int attribute, const char *what) const {
  int value = 0;
  driver.check(driver.getAttribute(&value, attribute, device),
               "ask '" + name + "' for its " + what);
  return value;
}

/// PTX for sm_80 runs on whatever is newer; PTX for sm_90a on sm_90 alone.
void GpuDevice::checkCapability() {
  const int has = getAttribute(kCapabilityMajor, "capability") * 10 +
                  getAttribute(kCapabilityMinor, "capability");
  const std::string arch = image.arch;
  const int needs = std::stoi(arch.substr(arch.find('_') + 1));
  const bool isExact = arch.back() == 'a';
  if (isExact ? has == needs : has >= needs)
    return;
  failEnvironment("this executable is for " + arch + ", and '" + name +
                  "' is sm_" + std::to_string(has) +
                  (has >= 80 ? "; compile the spec with --arch=sm_80"
                             : "; sm_80 is the oldest that hashc knows"));
}

/// A driver older than the ptxas that made the cubin may refuse it; it compiles
/// the PTX itself then, which takes seconds.
void GpuDevice::load() {
  if (image.cubin &&
      driver.loadModule(&module, image.cubin, 0, nullptr, nullptr) == 0)
    return;
  std::vector<char> log(kLogBytes);
  const int options[] = {kErrorLog, kErrorLogBytes};
  void *values[] = {log.data(), reinterpret_cast<void *>(kLogBytes)};
  Driver::Status status =
      driver.loadModule(&module, image.ptx, 2, options, values);
  log.back() = 0;
  std::string doing = "load the kernels on '" + name + "'";
  if (status != 0 && log.front() != 0)
    doing += " (" + std::string(log.data()) + ")";
  driver.check(status, doing);
}

/// Kernels without anything to report have no place for it.
void GpuDevice::openReport() {
  Driver::Address variable = 0;
  size_t bytes = 0;
  Driver::Status status =
      driver.getGlobal(&variable, &bytes, module, kHashDeviceReport);
  if (status == kNotFound)
    return;
  const std::string doing = "prepare for what kernels report";
  driver.check(status, doing);
  void *memory = nullptr;
  driver.check(
      driver.allocateHost(&memory, sizeof(*report), kPortable | kDeviceMap),
      doing);
  report = new (memory) HashDeviceReport{};
  driver.check(driver.copyToGpu(variable, &report, sizeof(report)), doing);
}

std::string GpuDevice::describe() const {
  return name + ", driver for CUDA " + driver.getVersionText();
}

/// The memory that a kernel's threads have for themselves: as much as the
/// kernel with the most, for as many threads as can run at once.
int64_t GpuDevice::countLocalBytes() {
  int most = 0;
  for (const HashSimulatedKernel *row = image.simulated; row->name; ++row) {
    Driver::Function function = nullptr;
    int bytes = 0;
    const std::string kernel = "kernel '" + std::string(row->name) + "'";
    driver.check(driver.getFunction(&function, module, row->name),
                 "find " + kernel);
    driver.check(driver.getFunctionAttribute(&bytes, kLocalBytes, function),
                 "ask for the memory of " + kernel);
    most = std::max(most, bytes);
  }
  return int64_t(most) * getAttribute(kMultiprocessors, "multiprocessors") *
         getAttribute(kThreadsOfMultiprocessor, "threads");
}

void GpuDevice::checkRoom(int64_t bytes) {
  bytes += countLocalBytes();
  size_t free = 0, total = 0;
  driver.check(driver.getMemory(&free, &total), "ask for the GPU's memory");
  if (static_cast<int64_t>(free) >= bytes + kReserve)
    return;
  failEnvironment("this model needs " + inMiB(bytes) + " on the GPU, and '" +
                  name + "' has " + inMiB(free) + " free of " + inMiB(total) +
                  " (" + inMiB(kReserve) +
                  " are the driver's own); compile it with a smaller "
                  "micro_batch, or choose another GPU with --device");
}

void *GpuDevice::allocate(int64_t bytes, MemoryUse use,
                          const std::string &name) {
  const std::string doing =
      "allocate " + inMiB(bytes) + " for " + name + " on the GPU";
  Driver::Address address = 0;
  void *result = nullptr;
  switch (use) {
  case MemoryUse::workspace:
    driver.check(driver.allocate(&address, bytes), doing);
    break;
  case MemoryUse::state:
    driver.check(driver.allocateManaged(&address, bytes, kAttachGlobal), doing);
    break;
  case MemoryUse::exchanged:
    driver.check(driver.allocateHost(&result, bytes, kPortable | kDeviceMap),
                 doing);
    break;
  }
  if (!result)
    result = reinterpret_cast<void *>(address);
  memory.emplace(result, Memory{use, bytes});
  if (use != MemoryUse::workspace)
    clear(result, bytes);
  finish();
  return result;
}

void GpuDevice::release(void *pointer) {
  auto found = memory.find(pointer);
  if (found->second.use == MemoryUse::exchanged)
    driver.releaseHost(pointer);
  else
    driver.release(toAddress(pointer));
  memory.erase(found);
}

void GpuDevice::clear(void *pointer, int64_t bytes) {
  if (memory.at(pointer).use == MemoryUse::exchanged)
    std::memset(pointer, 0, bytes);
  else
    driver.check(driver.clear(toAddress(pointer), 0, bytes, stream),
                 "clear memory of the GPU");
}

void GpuDevice::start(HashEntryFunction entry, void *const *arguments,
                      bool beside) {
  // Who measures kernels waits for each of them, which no graph can do.
  if (Team::getProfile())
    return entry(arguments);
  active = beside ? besideStream : stream;
  auto [place, isNew] = graphs.try_emplace({entry, arguments}, nullptr);
  if (isNew) {
    if (!beside)
      moveState();
    place->second = capture(entry, arguments);
  }
  driver.check(driver.launchGraph(place->second, active), "launch the kernels");
  active = stream;
}

/// What the CPU has initialised or loaded goes over in bulk: page by page, each
/// when a kernel touches it, takes several times as long.
void GpuDevice::moveState() {
  if (getAttribute(kConcurrentAccess, "concurrent managed access") == 0)
    return;
  for (auto &[pointer, each] : memory)
    if (each.use == MemoryUse::state)
      driver.check(
          driver.prefetch(toAddress(pointer), each.bytes, device, stream),
          "move parameters to '" + name + "'");
}

Driver::ExecutableGraph GpuDevice::capture(HashEntryFunction entry,
                                           void *const *arguments) {
  driver.check(driver.beginCapture(active, kCaptureRelaxed),
               "capture the kernels");
  entry(arguments);
  Driver::Graph graph = nullptr;
  driver.check(driver.endCapture(active, &graph), "capture the kernels");
  Driver::ExecutableGraph executable = nullptr;
  driver.check(driver.instantiate(&executable, graph, /*flags=*/0),
               "prepare the kernels");
  driver.destroyGraph(graph);
  return executable;
}

Driver::Function GpuDevice::getFunction(const HashDeviceKernel &kernel) {
  Driver::Function &function = functions[&kernel];
  if (function)
    return function;
  const std::string quoted = "'" + std::string(kernel.name) + "'";
  driver.check(driver.getFunction(&function, module, kernel.name),
               "find kernel " + quoted);
  if (kernel.sharedBytes > kFreeSharedBytes)
    driver.check(
        driver.setFunctionAttribute(function, kMaxSharedBytes,
                                    static_cast<int>(kernel.sharedBytes)),
        "give " + std::to_string(kernel.sharedBytes) +
            " bytes of shared memory to kernel " + quoted);
  return function;
}

/// A CUtensorMap of rows of bf16; what a box has outside of the matrix is zero.
/// Constants are those of the driver's enumerations.
GpuDevice::Map GpuDevice::makeMap(const HashBoxedMatrix &boxed, void *data) {
  constexpr int bf16 = 9, noInterleave = 0, swizzle128 = 3, l2By256 = 3,
                zeros = 0;
  constexpr unsigned elementBytes = 2, rank = 2;
  const uint64_t extents[rank] = {uint64_t(boxed.columns),
                                  uint64_t(boxed.rows)};
  const uint64_t strideBytes[rank - 1] = {extents[0] * elementBytes};
  const unsigned box[rank] = {unsigned(boxed.boxColumns),
                              unsigned(boxed.boxRows)};
  const unsigned elementStrides[rank] = {1, 1};
  Map map;
  driver.check(driver.encodeMap(map.bytes, bf16, rank, data, extents,
                                strideBytes, box, elementStrides, noInterleave,
                                swizzle128, l2By256, zeros),
               "describe a matrix to the copy engine");
  return map;
}

void GpuDevice::launch(const HashDeviceKernel &kernel, void *const *buffers,
                       int64_t tasks) {
  if (tasks == 0)
    return;
  std::vector<void *> arguments = {&tasks};
  for (int64_t i = 0; i < kernel.buffers; ++i)
    arguments.push_back(const_cast<void **>(&buffers[i]));
  // The launch, or the graph that it is captured in, takes a copy.
  std::vector<Map> maps;
  maps.reserve(kernel.maps);
  for (int64_t i = 0; i < kernel.maps; ++i) {
    const HashBoxedMatrix &boxed = kernel.boxed[i];
    maps.push_back(makeMap(boxed, buffers[boxed.buffer]));
    arguments.push_back(maps.back().bytes);
  }
  const int64_t blocks =
      (tasks + kernel.tasksPerBlock - 1) / kernel.tasksPerBlock;
  driver.check(driver.launch(getFunction(kernel), blocks, 1, 1, kernel.threads,
                             1, 1, kernel.sharedBytes, active, arguments.data(),
                             nullptr),
               "launch kernel '" + std::string(kernel.name) + "'");
}

void GpuDevice::finish() {
  Driver::Status status = driver.synchronize(stream);
  if (status == 0)
    status = driver.synchronize(besideStream);
  if (status != 0 && report && report->code != 0)
    failInput(describeBadIndex(report->code, report->value, report->limit));
  driver.check(status, "go on: a kernel failed on '" + name + "'");
}

} // namespace hashc::runtime
