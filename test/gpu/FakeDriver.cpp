//===- FakeDriver.cpp - A CUDA driver whose GPU is simulated --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Takes libcuda.so.1's place in tests of the way to a real GPU: what is
// allocated, loaded, captured and launched. The kernels run in the simulator of
// the program that opens this driver, and in hash-sim if it has none. What is
// begun on a stream runs when somebody waits for it, and before it all that was
// begun on other streams: nothing orders them. FAKE_DRIVER names what is wrong
// with it:
//   old, no-device, no-managed, sm_75, sm_90, small, large-frames, no-cubin,
//   no-ptx, mismatch, bad-kernel, bad-token, bad-token-early, no-memory
// or, for trace, what this driver is to tell.
//
//===----------------------------------------------------------------------===//

#include "test/gpu/FakeKernels.h"

#include "runtime/engine/Device.h"
#include "runtime/simulator/SimulatedKernel.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace hashc::fake;
using namespace hashc::runtime;

namespace {

enum Status {
  success = 0,
  invalidValue = 1,
  outOfMemory = 2,
  noDevice = 100,
  invalidImage = 200,
  driverMismatch = 803,
  notFound = 500,
  launchFailed = 719
};

struct Text {
  Status status;
  const char *name, *text;
};
constexpr Text kTexts[] = {
    {outOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {invalidImage, "CUDA_ERROR_INVALID_IMAGE",
     "device kernel image is invalid"},
    {driverMismatch, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
     "system has unsupported display driver / cuda driver combination"},
    {noDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {launchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"}};

Status find(int status, const char *Text::*field, const char **result) {
  for (const Text &text : kTexts)
    if (text.status == status) {
      *result = text.*field;
      return success;
    }
  return invalidValue;
}

struct Launched {
  HashDeviceKernel kernel;
  int64_t tasks;
  std::vector<void *> buffers;
  std::vector<HashBoxedMatrix> boxed;
};

constexpr uint64_t mapBytes = 128;

struct Graph {
  std::vector<Launched> launches;
};

bool isFault(const char *name) {
  const char *fault = std::getenv("FAKE_DRIVER");
  return fault && std::strcmp(fault, name) == 0;
}

/// Null if the program is no model.
const HashDeviceImage *findImage() {
  return static_cast<const HashDeviceImage *>(
      dlsym(RTLD_DEFAULT, "hash_model_device"));
}
const HashDeviceImage &getImage() { return *findImage(); }

Device &getSimulator() {
  static Device *device = getImage().open(getImage(), "sim");
  return *device;
}

Graph *capturing = nullptr;
bool failed = false;

struct Stream {
  std::vector<std::function<void()>> begun;
};
std::deque<Stream> streams;

void runBegun(Stream &stream) {
  for (const auto &work : std::exchange(stream.begun, {}))
    work();
}

void begin(void *stream, std::function<void()> work) {
  static_cast<Stream *>(stream)->begun.push_back(std::move(work));
}

HashDeviceReport *report = nullptr; // the variable of the kernels

/// Of a program that is no model: what it has allocated.
std::map<void *, size_t> plainBuffers;

void run(const Launched &launched) {
  if (isFault("bad-token"))
    *report = {3, 300, 256};
  failed = isFault("bad-kernel") || isFault("bad-token");
  if (failed)
    return;
  HashDeviceKernel kernel = launched.kernel;
  kernel.boxed = launched.boxed.data();
  getSimulator().launch(kernel, launched.buffers.data(), launched.tasks);
}

Status allocateAs(MemoryUse use, void **address, size_t bytes) {
  if (isFault("no-memory") && use == MemoryUse::state)
    return outOfMemory;
  if (!findImage()) {
    *address = std::malloc(bytes);
    plainBuffers[*address] = bytes;
    return success;
  }
  *address = getSimulator().allocate(bytes, use, "memory");
  return success;
}

} // namespace

extern "C" {

int cuInit(unsigned) {
  return isFault("no-device")  ? noDevice
         : isFault("mismatch") ? driverMismatch
                               : success;
}

int cuDriverGetVersion(int *version) {
  *version = isFault("old") ? 11040 : 13000;
  return success;
}

int cuGetErrorName(int status, const char **name) {
  return find(status, &Text::name, name);
}
int cuGetErrorString(int status, const char **text) {
  return find(status, &Text::text, text);
}

int cuDeviceGetCount(int *count) {
  *count = 1;
  return success;
}

int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return success;
}

int cuDeviceGetName(char *name, int length, int) {
  std::strncpy(name, "Fake GPU", length);
  return success;
}

int cuDeviceGetAttribute(int *value, int attribute, int) {
  switch (attribute) {
  case 75:
    *value = isFault("sm_75") ? 7 : isFault("sm_90") ? 9 : 8;
    return success;
  case 76:
    *value = isFault("sm_75") ? 5 : 0;
    return success;
  case 83:
    *value = !isFault("no-managed");
    return success;
  case 89:
    *value = 1;
    return success;
  case 16:
    *value = 100;
    return success;
  case 39:
    *value = 2048;
    return success;
  default:
    return invalidValue;
  }
}

int cuDevicePrimaryCtxRetain(void **context, int) {
  *context = &capturing;
  return success;
}
int cuDevicePrimaryCtxRelease_v2(int) { return success; }
int cuCtxSetCurrent(void *) { return success; }

int cuMemGetInfo_v2(size_t *free, size_t *total) {
  *total = size_t(1) << 30;
  *free = isFault("small") ? size_t(258) << 20 : *total;
  return success;
}

int cuMemAlloc_v2(void **address, size_t bytes) {
  return allocateAs(MemoryUse::workspace, address, bytes);
}
int cuMemAllocManaged(void **address, size_t bytes, unsigned) {
  return allocateAs(MemoryUse::state, address, bytes);
}
int cuMemHostAlloc(void **address, size_t bytes, unsigned) {
  return allocateAs(MemoryUse::exchanged, address, bytes);
}
int cuMemFree_v2(void *address) {
  if (plainBuffers.erase(address))
    std::free(address);
  else
    getSimulator().release(address);
  return success;
}
int cuMemFreeHost(void *address) { return cuMemFree_v2(address); }

int cuMemcpyHtoD_v2(void *to, const void *from, size_t bytes) {
  std::memcpy(to, from, bytes);
  return success;
}
int cuMemcpyDtoH_v2(void *to, const void *from, size_t bytes) {
  if (failed)
    return launchFailed;
  std::memcpy(to, from, bytes);
  return success;
}

int cuMemsetD8Async(void *address, unsigned char value, size_t bytes,
                    void *stream) {
  if (capturing)
    return invalidValue;
  begin(stream, [=] { std::memset(address, value, bytes); });
  return success;
}

int cuMemPrefetchAsync(void *, size_t, int device, void *) {
  if (isFault("trace"))
    std::fprintf(stderr, "moves memory to %s\n", device < 0 ? "CPU" : "GPU");
  return capturing ? invalidValue : success;
}

int cuModuleLoadDataEx(void **module, const void *image, unsigned count,
                       const int *options, void *const *values) {
  if (findImage() && image == getImage().cubin && isFault("no-cubin"))
    return invalidImage;
  if (isFault("no-ptx")) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == 5)
        std::strcpy(static_cast<char *>(values[i]), "ptxas: no such thing");
    return invalidImage;
  }
  if (!findImage() &&
      !std::strstr(static_cast<const char *>(image), ".version"))
    return invalidImage;
  *module = const_cast<void *>(image);
  return success;
}
int cuModuleUnload(void *) { return success; }

int cuModuleGetFunction(void **function, void *module, const char *name) {
  if (!findImage()) {
    static PlainKernel kernel;
    *function = &kernel;
    return kernel.find(static_cast<const char *>(module), name) ? success
                                                                : notFound;
  }
  for (auto *row = getImage().simulated; row->name; ++row)
    if (std::strcmp(row->name, name) == 0) {
      *function = const_cast<HashSimulatedKernel *>(row);
      return success;
    }
  return notFound;
}
int cuModuleGetGlobal_v2(void **address, size_t *bytes, void *,
                         const char *name) {
  if (std::strcmp(name, kHashDeviceReport) != 0)
    return notFound;
  *address = &report;
  *bytes = sizeof(void *);
  return success;
}
int cuFuncGetAttribute(int *value, int attribute, void *) {
  *value = isFault("large-frames") ? 8192 : 0;
  return attribute == 3 ? success : invalidValue;
}
int cuFuncSetAttribute(void *, int, int) { return success; }

int cuLaunchKernel(void *function, unsigned gridX, unsigned gridY,
                   unsigned gridZ, unsigned blockX, unsigned blockY,
                   unsigned blockZ, unsigned sharedBytes, void *stream,
                   void **arguments, void **) {
  if (!findImage()) {
    const unsigned grid[] = {gridX, gridY, gridZ};
    const unsigned block[] = {blockX, blockY, blockZ};
    failed = isFault("bad-kernel") ||
             !static_cast<const PlainKernel *>(function)->launch(
                 grid, block, sharedBytes, arguments, plainBuffers);
    return success;
  }
  const auto *row = static_cast<const HashSimulatedKernel *>(function);
  const int64_t tasks = *static_cast<int64_t *>(arguments[0]);
  Launched launched;
  for (uint64_t i = 1; i < row->arguments; ++i) {
    if (row->sizes[i] != mapBytes) {
      launched.buffers.push_back(*static_cast<void **>(arguments[i]));
      continue;
    }
    Map map = *static_cast<Map *>(arguments[i]);
    while (launched.buffers.at(map.matrix.buffer) != map.data)
      ++map.matrix.buffer;
    launched.boxed.push_back(map.matrix);
  }
  launched.kernel = {row->name,   int64_t(launched.buffers.size()),
                     blockX,      (tasks + gridX - 1) / gridX,
                     sharedBytes, int64_t(launched.boxed.size()),
                     nullptr};
  launched.tasks = tasks;
  if (capturing)
    capturing->launches.push_back(launched);
  else
    begin(stream, [=] { run(launched); });
  return success;
}

int cuTensorMapEncodeTiled(void *map, int elementType, unsigned rank,
                           void *data, const uint64_t *extents,
                           const uint64_t *strideBytes, const unsigned *box,
                           const unsigned *elementStrides, int interleave,
                           int swizzle, int, int fill) {
  // bf16, rows that follow each other, swizzled by 128 bytes; what a driver
  // says of addresses and sizes.
  if (elementType != 9 || rank != 2 || strideBytes[0] != 2 * extents[0] ||
      elementStrides[0] != 1 || elementStrides[1] != 1 || interleave != 0 ||
      swizzle != 3 || fill != 0 || reinterpret_cast<uintptr_t>(map) % 64 != 0 ||
      reinterpret_cast<uintptr_t>(data) % 16 != 0 || strideBytes[0] % 16 != 0 ||
      box[0] * 2 > 128 || box[1] > 256)
    return invalidValue;
  const Map made = {data,
                    {0, int64_t(extents[1]), int64_t(extents[0]),
                     int64_t(box[1]), int64_t(box[0])}};
  std::memcpy(map, &made, sizeof(made));
  return success;
}

int cuStreamCreate(void **stream, unsigned) {
  *stream = &streams.emplace_back();
  return success;
}
int cuStreamDestroy_v2(void *) { return success; }
int cuStreamSynchronize(void *waited) {
  if (capturing)
    return invalidValue;
  for (Stream &stream : streams)
    if (&stream != waited)
      runBegun(stream);
  if (waited)
    runBegun(*static_cast<Stream *>(waited));
  return failed ? launchFailed : success;
}

int cuStreamBeginCapture_v2(void *, int) {
  static std::deque<Graph> graphs;
  capturing = &graphs.emplace_back();
  return success;
}
int cuStreamEndCapture(void *, void **graph) {
  *graph = capturing;
  capturing = nullptr;
  return success;
}
int cuGraphInstantiateWithFlags(void **executable, void *graph,
                                unsigned long long) {
  *executable = graph;
  return success;
}
int cuGraphDestroy(void *) { return success; }
int cuGraphExecDestroy(void *) { return success; }
int cuGraphLaunch(void *executable, void *stream) {
  // Whoever comes next is told of the kernel that fails meanwhile.
  for (const Stream &other : streams)
    if (isFault("bad-token-early") && !other.begun.empty()) {
      *report = {3, 301, 256};
      return launchFailed;
    }
  begin(stream, [=] {
    for (const Launched &launched : static_cast<Graph *>(executable)->launches)
      run(launched);
  });
  return success;
}

} // extern "C"
