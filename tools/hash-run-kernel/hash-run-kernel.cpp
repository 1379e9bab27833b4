//===- hash-run-kernel.cpp - Runs a kernel on a GPU -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What hash-sim does in the simulator, with the same arguments and the same
// output, so that the two can be compared as text.
//
//===----------------------------------------------------------------------===//

#include "runtime/gpu/Gpu.h"
#include "runtime/support/Error.h"
#include "runtime/support/File.h"
#include "tools/kernel/Arguments.h"

#include <charconv>
#include <cstdio>
#include <deque>

using namespace hashc;
using namespace hashc::runtime;

static constexpr const char *kUsage =
    "hash-run-kernel FILE --kernel=NAME [--grid=X,Y,Z] [--block=X,Y,Z] "
    "[--shared=BYTES] [--device=N] ARGUMENT...\n\n"
    "Runs a kernel of a file of PTX or machine code on an NVIDIA GPU, and "
    "prints the buffers\nthat it was to write. Arguments are those of "
    "hash-sim:\n"
    "  i32:5 f32:0.5               numbers\n"
    "  f32[64x32]=random i32[3]=0,1,2 bf16[8]=iota f32[4]=0.5\n"
    "                              buffers with values\n"
    "  f32[64]                     a buffer that the kernel is to write\n"
    "  map:1,256x64,64x64,128      boxes of argument 1 for the copy engine\n"
    "Elements are i16, i32, i64, bf16, f32 or f64.\n";
static constexpr const char *kAdvice =
    "; hash-sim runs kernels in a simulator, from their LLVM IR";
/// What a buffer has that the kernel is to write, as in the simulator.
static constexpr unsigned char kPoison = 0xff;

namespace {

struct Options {
  std::string file, kernel;
  unsigned grid[3] = {1, 1, 1}, block[3] = {1, 1, 1};
  unsigned shared = 0, device = 0;
  std::vector<std::string> arguments;
};

} // namespace

/// Numbers with commas between them, `count` of them at most.
static void parseNumbers(const std::string &option, std::string_view text,
                         unsigned *numbers, size_t count) {
  const char *at = text.data(), *end = at + text.size();
  for (size_t i = 0; i < count; ++i) {
    auto [rest, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc())
      break;
    if (rest == end)
      return;
    if (*rest != ',')
      break;
    at = rest + 1;
  }
  failUsage(
      option + ": '" + std::string(text) + "' is not " +
      (count == 1 ? "a number" : "up to three numbers, as in 2 or 2,3,1"));
}

static void parseOption(Options &options, const std::string &text) {
  const std::string name = text.substr(0, text.find('='));
  const std::string value = name == text ? "" : text.substr(name.size() + 1);
  if (name == "--kernel")
    options.kernel = value;
  else if (name == "--grid")
    parseNumbers(name, value, options.grid, 3);
  else if (name == "--block")
    parseNumbers(name, value, options.block, 3);
  else if (name == "--shared")
    parseNumbers(name, value, &options.shared, 1);
  else if (name == "--device")
    parseNumbers(name, value, &options.device, 1);
  else
    failUsage("there is no option '" + name + "'; --help lists them");
}

static Options parseOptions(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    if (text.rfind("--", 0) == 0)
      parseOption(options, text);
    else if (options.file.empty())
      options.file = text;
    else
      options.arguments.push_back(text);
  }
  if (options.file.empty())
    failUsage("no file of kernels is named; --help says how");
  if (options.kernel.empty())
    failUsage("say which kernel with --kernel=NAME");
  return options;
}

/// The engine's map, as hashc's kernels have it.
static GpuMap makeMap(const Gpu &gpu, const kernel::BoxedMatrix &boxed,
                      Driver::Address data) {
  if (boxed.type != DType::bf16 || boxed.swizzle != 128)
    failUsage("a map is of bf16, swizzled by 128 bytes: hashc makes no other");
  return gpu.makeMap({/*buffer=*/0, int64_t(boxed.rows), int64_t(boxed.columns),
                      int64_t(boxed.boxRows), int64_t(boxed.boxColumns)},
                     data);
}

namespace {

/// What the kernel's arguments are on the GPU.
class GpuArguments {
public:
  GpuArguments(const Gpu &gpu, std::vector<kernel::Argument> &arguments);
  ~GpuArguments();

  /// As a launch takes them.
  void **getAddresses() { return addresses.data(); }
  void fetchResults();

private:
  Driver::Address copy(kernel::Argument &argument);

  const Driver &driver;
  std::vector<kernel::Argument> &arguments;
  std::vector<Driver::Address> buffers; // an argument each; no buffer: zero
  std::deque<GpuMap> maps;
  std::vector<void *> addresses;
};

} // namespace

GpuArguments::GpuArguments(const Gpu &gpu,
                           std::vector<kernel::Argument> &arguments)
    : driver(gpu.getDriver()), arguments(arguments) {
  for (kernel::Argument &argument : arguments)
    buffers.push_back(argument.isBuffer() ? copy(argument) : 0);
  for (size_t i = 0; i < arguments.size(); ++i)
    if (const kernel::BoxedMatrix *boxed = arguments[i].getBoxed())
      addresses.push_back(
          &maps.emplace_back(makeMap(gpu, *boxed, buffers[boxed->argument])));
    else if (arguments[i].isBuffer())
      addresses.push_back(&buffers[i]);
    else
      addresses.push_back(arguments[i].getData().data());
}

GpuArguments::~GpuArguments() {
  for (Driver::Address buffer : buffers)
    if (buffer)
      driver.release(buffer);
}

Driver::Address GpuArguments::copy(kernel::Argument &argument) {
  std::vector<char> &data = argument.getData();
  if (!argument.isDefined())
    std::fill(data.begin(), data.end(), kPoison);
  Driver::Address address = 0;
  driver.check(driver.allocate(&address, data.size()),
               "allocate " + std::to_string(data.size()) + " bytes on the GPU");
  driver.check(driver.copyToGpu(address, data.data(), data.size()),
               "copy an argument to the GPU");
  return address;
}

void GpuArguments::fetchResults() {
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].isBuffer()) {
      std::vector<char> &data = arguments[i].getData();
      driver.check(driver.copyFromGpu(data.data(), buffers[i], data.size()),
                   "copy a result from the GPU");
    }
}

static void run(const Options &options) {
  std::vector<kernel::Argument> arguments =
      kernel::parseArguments(options.arguments);
  const std::string image(MappedFile::open(options.file)->view());
  Gpu gpu(int(options.device), kAdvice);
  const Driver &driver = gpu.getDriver();
  Driver::Module module = gpu.load(image.c_str());
  Driver::Function function =
      gpu.getFunction(module, options.kernel.c_str(), options.shared);
  {
    GpuArguments onGpu(gpu, arguments);
    driver.check(driver.launch(function, options.grid[0], options.grid[1],
                               options.grid[2], options.block[0],
                               options.block[1], options.block[2],
                               options.shared, /*stream=*/nullptr,
                               onGpu.getAddresses(), nullptr),
                 "launch kernel '" + options.kernel + "'");
    driver.check(driver.synchronize(/*stream=*/nullptr),
                 "go on: kernel '" + options.kernel + "' failed on '" +
                     gpu.getName() + "'");
    onGpu.fetchResults();
  }
  driver.unloadModule(module);
  std::fputs(kernel::formatResults(arguments).c_str(), stdout);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]) == "--help") {
      std::fputs(kUsage, stdout);
      return 0;
    }
  try {
    run(parseOptions(argc, argv));
  } catch (const UserError &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return int(error.getCode());
  }
  return 0;
}
