//===- hash-sim.cpp - Runs a GPU kernel in the simulator ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// hash-sim FILE.ll --kernel=NAME --grid=2 --block=128 ARGUMENT...
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/SimulatorJit.h"
#include "runtime/simulator/Modes.h"
#include "runtime/support/Error.h"
#include "tools/kernel/Arguments.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

#include <csignal>
#include <deque>
#include <unistd.h>

using namespace llvm;
using namespace hashc;

static cl::OptionCategory category("hash-sim");
static cl::opt<std::string> inputFile(cl::Positional, cl::Required,
                                      cl::desc("FILE.ll|FILE.bc"),
                                      cl::cat(category));
static cl::list<std::string>
    argumentTexts(cl::Positional, cl::desc("ARGUMENT..."), cl::cat(category));
static cl::opt<std::string>
    kernelName("kernel", cl::desc("which kernel (default: the only one)"),
               cl::cat(category));
static cl::list<uint32_t> grid("grid", cl::CommaSeparated,
                               cl::desc("blocks, as in 2 or 2,3,1"),
                               cl::cat(category));
static cl::list<uint32_t> blockShape("block", cl::CommaSeparated,
                                     cl::desc("threads of a block"),
                                     cl::cat(category));
static cl::list<uint32_t>
    clusterShape("cluster", cl::CommaSeparated,
                 cl::desc("blocks of a cluster, if the kernel does not say"),
                 cl::cat(category));
static cl::opt<uint64_t> shared("shared",
                                cl::desc("bytes of dynamic shared memory"),
                                cl::cat(category));
static cl::opt<std::string>
    onlyMode("mode",
             cl::desc("when copies happen and which thread goes on, as in "
                      "eager,fifo or late,random,2; the default is ten of "
                      "them, which must give the same bits"),
             cl::cat(category));
static cl::opt<bool> emitIr("emit-llvm",
                            cl::desc("print the translated IR and stop"),
                            cl::cat(category));

static ExitOnError exitOnError("error: ");

/// Of a model's kernels, the one that is named, if it is there: to compile all
/// takes seconds.
static void dropOthers(Module &module) {
  Function *chosen = module.getFunction(kernelName);
  if (!chosen || chosen->getCallingConv() != CallingConv::PTX_Kernel)
    return;
  auto isIdle = [&](Function &function) {
    return &function != chosen && function.use_empty() &&
           (function.getCallingConv() == CallingConv::PTX_Kernel ||
            function.hasLocalLinkage());
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (Function &function : make_early_inc_range(module))
      if (isIdle(function)) {
        function.eraseFromParent();
        changed = true;
      }
  }
}

static std::unique_ptr<Module> translate(LLVMContext &context) {
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseIRFile(inputFile, diagnostic, context);
  if (!module) {
    diagnostic.print("hash-sim", errs());
    std::exit(1);
  }
  if (!emitIr)
    dropOthers(*module);
  exitOnError(nvvm::simulateHere(*module));
  return module;
}

[[noreturn]] static void fail(const Twine &what) {
  WithColor::error(errs()) << what << '\n';
  std::exit(1);
}

static const HashSimulatedKernel &findKernel(orc::LLJIT &jit) {
  auto *rows = exitOnError(jit.lookup(nvvm::kKernelTable))
                   .toPtr<const HashSimulatedKernel *>();
  std::string names;
  const HashSimulatedKernel *found = nullptr;
  size_t count = 0;
  for (; rows->name; ++rows, ++count) {
    names += (names.empty() ? "'" : ", '") + std::string(rows->name) + "'";
    if (kernelName.empty() || kernelName == rows->name)
      found = rows;
  }
  if (!found || (kernelName.empty() && count > 1))
    fail("say which kernel with --kernel=NAME: " + names);
  return *found;
}

static void checkArguments(const HashSimulatedKernel &kernel,
                           const std::vector<kernel::Argument> &arguments) {
  if (kernel.arguments != arguments.size())
    fail("kernel '" + Twine(kernel.name) + "' takes " +
         Twine(kernel.arguments) + " arguments, and there are " +
         Twine(arguments.size()));
  for (auto [index, argument] : enumerate(arguments))
    if (kernel.sizes[index] != argument.getSize())
      fail("argument " + Twine(index) + " of kernel '" + Twine(kernel.name) +
           "' has " + Twine(kernel.sizes[index]) + " bytes, and '" +
           argumentTexts[index] + "' gives " + Twine(argument.getSize()));
}

static sim::Dim getDim(const cl::list<uint32_t> &sizes) {
  if (sizes.size() > 3)
    fail("--" + sizes.ArgStr + " has up to three sizes");
  sim::Dim dim;
  uint32_t *fields[] = {&dim.x, &dim.y, &dim.z};
  for (size_t i = 0; i < sizes.size(); ++i)
    *fields[i] = sizes[i];
  return dim;
}

/// A kernel for clusters of one shape can be launched in no other.
static void setCluster(sim::Kernel &kernel) {
  if (clusterShape.empty())
    return;
  const sim::Dim said = kernel.cluster, asked = getDim(clusterShape);
  if (said.count() != 1 &&
      (said.x != asked.x || said.y != asked.y || said.z != asked.z))
    fail("kernel '" + Twine(kernel.name) + "' is for clusters of " +
         Twine(said.x) + "," + Twine(said.y) + "," + Twine(said.z) + " blocks");
  kernel.cluster = asked;
}

static std::vector<sim::Mode> getModes() {
  if (onlyMode.empty())
    return sim::getModes();
  std::optional<sim::Mode> mode = sim::parseMode(onlyMode);
  if (!mode)
    fail(Twine("--mode is ") + sim::kModeNames);
  return {*mode};
}

/// A kernel's own mistakes that no check of the simulator comes before.
static void endBySignal(int signal) {
  const char *what =
      signal == SIGFPE ? "divides by zero"
                       : "touches memory of its own that is not there: it "
                         "needs more than the 508 KiB of a thread, or an index "
                         "is wrong";
  const std::string where = sim::describeRunning();
  errs() << "error: " << (where.empty() ? "hash-sim" : where) << ": " << what
         << '\n';
  _exit(1);
}

static void handleSignals() {
  // A stack that overflowed has no room for the handler.
  static char stack[64 * 1024];
  stack_t other = {};
  other.ss_sp = stack;
  other.ss_size = sizeof(stack);
  sigaltstack(&other, nullptr);
  struct sigaction action = {};
  action.sa_handler = endBySignal;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE})
    sigaction(signal, &action, nullptr);
}

static sim::TensorMap makeMap(const kernel::BoxedMatrix &boxed,
                              const char *data) {
  const auto elementBytes = static_cast<uint32_t>(runtime::sizeOf(boxed.type));
  return {data,
          boxed.columns,
          boxed.rows,
          boxed.columns * elementBytes,
          static_cast<uint32_t>(boxed.boxColumns),
          static_cast<uint32_t>(boxed.boxRows),
          elementBytes,
          static_cast<uint32_t>(boxed.swizzle)};
}

/// Runs the kernel in one mode, on the arguments as they were parsed.
static void run(sim::Device &device, sim::Launch &launch,
                std::vector<kernel::Argument> &arguments,
                const sim::Mode &mode) {
  device.removeBuffers();
  std::deque<void *> buffers;
  std::deque<sim::TensorMap> maps;
  std::vector<void *> addresses;
  for (auto [index, argument] : enumerate(arguments)) {
    argument.reset();
    void *data = argument.getData().data();
    if (argument.isBuffer()) {
      device.addBuffer(data, argument.getData().size(),
                       "argument " + std::to_string(index),
                       argument.isDefined());
      addresses.push_back(&buffers.emplace_back(data));
    } else if (const kernel::BoxedMatrix *boxed = argument.getBoxed()) {
      addresses.push_back(&maps.emplace_back(
          makeMap(*boxed, arguments[boxed->argument].getData().data())));
    } else {
      addresses.push_back(data);
    }
  }
  launch.arguments = addresses.data();
  if (std::optional<std::string> problem = device.launch(launch, mode))
    fail(*problem + "\n  with --mode=" + sim::getName(mode));
}

/// Says where two runs differ, if they do.
static void compare(const std::vector<kernel::Argument> &first,
                    const std::vector<kernel::Argument> &other,
                    const sim::Mode &firstMode, const sim::Mode &mode,
                    StringRef kernel) {
  for (auto [index, argument] : enumerate(first)) {
    std::optional<size_t> element = argument.findDifference(other[index]);
    if (!element)
      continue;
    std::string text = "kernel '" + kernel.str() +
                       "' gives other bits with --mode=" + sim::getName(mode) +
                       " than with --mode=" + sim::getName(firstMode) +
                       ": element " + std::to_string(*element) +
                       " of argument " + std::to_string(index) + " is " +
                       other[index].formatElement(*element) + " instead of " +
                       argument.formatElement(*element);
    if (other[index].isPending(*element))
      text += "; it is a sum of wgmma, and its registers are no operands of "
              "the wgmma.wait_group that it was waited for with";
    fail(text);
  }
}

static std::vector<kernel::Argument> parseArguments() {
  try {
    return kernel::parseArguments(argumentTexts);
  } catch (const runtime::UserError &error) {
    fail(error.what());
  }
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "hash-sim: runs a kernel for NVIDIA GPUs on the CPU and finds its "
      "mistakes\n\nARGUMENT is a number (i32:5, f32:0.5), a buffer with values "
      "(f32[64x32]=random,\ni32[3]=0,1,2, bf16[8]=iota, f32[4]=0.5), or one "
      "that the kernel is to write (f32[64]), or a map of one for the copy "
      "engine\n(map:1,256x64,64x64,128). Elements are i16, i32, i64, bf16, "
      "f32 or f64.\n");
  std::vector<kernel::Argument> arguments = parseArguments();
  const std::vector<sim::Mode> modes = getModes();

  orc::ThreadSafeContext context(std::make_unique<LLVMContext>());
  std::unique_ptr<Module> module =
      context.withContextDo([&](LLVMContext *it) { return translate(*it); });
  if (emitIr) {
    module->print(outs(), nullptr);
    return 0;
  }
  std::unique_ptr<orc::LLJIT> jit =
      exitOnError(nvvm::loadSimulated(std::move(module), context));
  const HashSimulatedKernel &kernel = findKernel(*jit);
  checkArguments(kernel, arguments);
  sim::Launch launch;
  launch.kernel = sim::Kernel(kernel);
  setCluster(launch.kernel);
  launch.grid = getDim(grid);
  launch.block = getDim(blockShape);
  launch.dynamicShared = shared;

  handleSignals();
  sim::Device device;
  std::vector<kernel::Argument> first;
  for (const sim::Mode &mode : modes) {
    run(device, launch, arguments, mode);
    if (first.empty())
      first = arguments;
    compare(first, arguments, modes.front(), mode, kernel.name);
  }
  outs() << kernel::formatResults(first);
  return 0;
}
