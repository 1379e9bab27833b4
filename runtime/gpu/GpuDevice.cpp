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

#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

namespace hashc::runtime {

// Values of the driver's enumerations.
static constexpr int kCpu = -1; // as a device
static constexpr int kManagedMemory = 83, kConcurrentAccess = 89;
static constexpr int kMultiprocessors = 16, kThreadsOfMultiprocessor = 39;
static constexpr int kLocalBytes = 3, kMaxSharedBytes = 8; // of a function
static constexpr int kNotFound = 500;                      // an error
static constexpr unsigned kNonBlocking = 1;                // streams
static constexpr unsigned kAttachGlobal = 1;
static constexpr unsigned kPortable = 1, kDeviceMap = 2;
/// Nobody else uses the driver, and functions may be loaded meanwhile.
static constexpr int kCaptureRelaxed = 2;

static constexpr const char *kAdvice =
    "; to train on the CPU, compile the spec without --target=cuda, to try "
    "this executable on the CPU, add --device=sim";
/// Of the GPU's memory, for the driver's own.
static constexpr int64_t kReserve = 256 << 20;

static std::string inMiB(int64_t bytes) {
  return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

static Driver::Address toAddress(void *memory) {
  return reinterpret_cast<Driver::Address>(memory);
}

GpuDevice::GpuDevice(const HashDeviceImage &image, int ordinal)
    : image(image), gpu(ordinal, kAdvice), driver(gpu.getDriver()) {
  checkManagedMemory();
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
}

void GpuDevice::checkManagedMemory() {
  if (gpu.getAttribute(kManagedMemory, "managed memory") == 0)
    failEnvironment("'" + gpu.getName() +
                    "' shares no memory with the CPU (managed memory), which "
                    "this executable needs");
}

/// PTX for sm_80 runs on whatever is newer; PTX for sm_90a on sm_90 alone.
void GpuDevice::checkCapability() {
  const int has = gpu.getCapability();
  const std::string arch = image.arch;
  const int needs = std::stoi(arch.substr(arch.find('_') + 1));
  const bool isExact = arch.back() == 'a';
  if (isExact ? has == needs : has >= needs)
    return;
  failEnvironment("this executable is for " + arch + ", and '" + gpu.getName() +
                  "' is sm_" + std::to_string(has) +
                  (has >= 80 ? "; compile the spec with --arch=sm_80"
                             : "; sm_80 is the oldest that hashc knows"));
}

/// A driver older than the ptxas that made the cubin may refuse it; it compiles
/// the PTX itself then, which takes seconds.
void GpuDevice::load() {
  if (!image.cubin ||
      driver.loadModule(&module, image.cubin, 0, nullptr, nullptr) != 0)
    module = gpu.load(image.ptx);
}

static_assert(offsetof(HashDeviceReport, code) == 0 &&
                  offsetof(HashDeviceReport, value) == 8 &&
                  offsetof(HashDeviceReport, limit) == 16,
              "as nvvm/kernels/Report.cpp writes it");

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
  driver.check(driver.copyToGpu(variable, &report, sizeof(void *)), doing);
}

std::string GpuDevice::describe() const {
  return gpu.getName() + ", driver for CUDA " + driver.getVersionText();
}

/// The memory that a kernel's threads have for themselves: as much as the
/// kernel with the most, for as many threads as could run at once.
GpuDevice::OwnMemory GpuDevice::findOwnMemory() {
  OwnMemory most;
  for (const HashSimulatedKernel *row = image.simulated; row->name; ++row) {
    Driver::Function function = nullptr;
    int bytes = 0;
    const std::string kernel = "kernel '" + std::string(row->name) + "'";
    driver.check(driver.getFunction(&function, module, row->name),
                 "find " + kernel);
    driver.check(driver.getFunctionAttribute(&bytes, kLocalBytes, function),
                 "ask for the memory of " + kernel);
    if (bytes > most.bytes)
      most = {kernel, bytes};
  }
  most.bytes *= int64_t(gpu.getAttribute(kMultiprocessors, "multiprocessors")) *
                gpu.getAttribute(kThreadsOfMultiprocessor, "threads");
  return most;
}

void GpuDevice::checkRoom(int64_t bytes) {
  const OwnMemory own = findOwnMemory();
  size_t free = 0, total = 0;
  driver.check(driver.getMemory(&free, &total), "ask for the GPU's memory");
  if (static_cast<int64_t>(free) >= bytes + own.bytes + kReserve)
    return;
  const bool mostlyOwn = own.bytes > bytes;
  failEnvironment(
      "this model needs " + inMiB(bytes + own.bytes) + " on the GPU" +
      (mostlyOwn ? ", " + inMiB(own.bytes) + " of them for the threads of " +
                       own.kernel
                 : "") +
      ", and '" + gpu.getName() + "' has " + inMiB(free) + " free of " +
      inMiB(total) + " (" + inMiB(kReserve) + " are the driver's own); " +
      (mostlyOwn ? "compile it with smaller windows or heads"
                 : "compile it with a smaller micro_batch") +
      ", or choose another GPU with --device");
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
  if (use == MemoryUse::state)
    onCpu.insert(result);
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
  onCpu.erase(pointer);
  memory.erase(found);
}

void GpuDevice::clear(void *pointer, int64_t bytes) {
  if (memory.at(pointer).use == MemoryUse::exchanged)
    std::memset(pointer, 0, bytes);
  else
    check(driver.clear(toAddress(pointer), 0, bytes, stream),
          "clear memory of the GPU");
}

void GpuDevice::start(HashEntryFunction entry, void *const *arguments,
                      bool beside) {
  // Who measures kernels waits for each of them, which no graph can do.
  if (Team::getProfile())
    return entry(arguments);
  active = beside ? besideStream : stream;
  auto [place, isNew] = graphs.try_emplace({entry, arguments}, nullptr);
  if (isNew)
    place->second = capture(entry, arguments);
  moveState();
  check(driver.launchGraph(place->second, active), "launch the kernels");
  active = stream;
}

/// What the CPU has initialised or loaded goes over in bulk: page by page, each
/// when a kernel touches it, takes several times as long.
void GpuDevice::moveState() {
  for (void *pointer : onCpu)
    move(pointer, gpu.getDevice());
  onCpu.clear();
}

void GpuDevice::bring(void *pointer) {
  move(pointer, kCpu);
  onCpu.insert(pointer);
}

void GpuDevice::move(void *pointer, int device) {
  if (gpu.getAttribute(kConcurrentAccess, "concurrent managed access") != 0)
    check(driver.prefetch(toAddress(pointer), memory.at(pointer).bytes, device,
                          stream),
          "move parameters to or from '" + gpu.getName() + "'");
}

Driver::ExecutableGraph GpuDevice::capture(HashEntryFunction entry,
                                           void *const *arguments) {
  check(driver.beginCapture(active, kCaptureRelaxed), "capture the kernels");
  entry(arguments);
  Driver::Graph graph = nullptr;
  check(driver.endCapture(active, &graph), "capture the kernels");
  Driver::ExecutableGraph executable = nullptr;
  check(driver.instantiate(&executable, graph, /*flags=*/0),
        "prepare the kernels");
  driver.destroyGraph(graph);
  return executable;
}

Driver::Function GpuDevice::getFunction(const HashDeviceKernel &kernel) {
  Driver::Function &function = functions[&kernel];
  if (!function)
    function = gpu.getFunction(module, kernel.name, kernel.sharedBytes);
  return function;
}

void GpuDevice::launch(const HashDeviceKernel &kernel, void *const *buffers,
                       int64_t tasks) {
  if (tasks == 0)
    return;
  std::vector<void *> arguments = {&tasks};
  for (int64_t i = 0; i < kernel.buffers; ++i)
    arguments.push_back(const_cast<void **>(&buffers[i]));
  // The launch, or the graph that it is captured in, takes a copy.
  std::vector<GpuMap> maps;
  maps.reserve(kernel.maps);
  for (int64_t i = 0; i < kernel.maps; ++i) {
    const HashBoxedMatrix &boxed = kernel.boxed[i];
    maps.push_back(gpu.makeMap(boxed, toAddress(buffers[boxed.buffer])));
    arguments.push_back(maps.back().bytes);
  }
  const int64_t blocks =
      (tasks + kernel.tasksPerBlock - 1) / kernel.tasksPerBlock;
  check(driver.launch(getFunction(kernel), blocks, 1, 1, kernel.threads, 1, 1,
                      kernel.sharedBytes, active, arguments.data(), nullptr),
        "launch kernel '" + std::string(kernel.name) + "'");
}

void GpuDevice::finish() {
  Driver::Status status = driver.synchronize(stream);
  if (status == 0)
    status = driver.synchronize(besideStream);
  check(status, "go on: a kernel failed on '" + gpu.getName() + "'");
}

/// What failed may be a kernel that was begun before: whoever asks the driver
/// next is told.
void GpuDevice::check(Driver::Status status, const std::string &doing) {
  if (status != 0 && report && report->code != 0)
    failInput(describeBadIndex(report->code, report->value, report->limit));
  driver.check(status, doing);
}

} // namespace hashc::runtime
