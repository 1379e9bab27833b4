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

#include "Arguments.h"

#include "codegen/nvvm/Simulate.h"
#include "runtime/simulator/Simulator.h"
#include "runtime/simulator/Symbols.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"

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
static cl::opt<uint64_t> shared("shared",
                                cl::desc("bytes of dynamic shared memory"),
                                cl::cat(category));
static cl::opt<bool>
    oneMode("one-mode",
            cl::desc("copies at once, threads in order; the default is every "
                     "mode, and that all give the same bits"),
            cl::cat(category));
static cl::opt<bool> emitIr("emit-llvm",
                            cl::desc("print the translated IR and stop"),
                            cl::cat(category));

static ExitOnError exitOnError("error: ");

static std::unique_ptr<TargetMachine> createHost() {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto builder = exitOnError(orc::JITTargetMachineBuilder::detectHost());
  return exitOnError(builder.createTargetMachine());
}

static std::unique_ptr<Module> translate(LLVMContext &context) {
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseIRFile(inputFile, diagnostic, context);
  if (!module) {
    diagnostic.print("hash-sim", errs());
    std::exit(1);
  }
  std::unique_ptr<TargetMachine> host = createHost();
  exitOnError(nvvm::simulate(*module, *host));
  return module;
}

static std::unique_ptr<orc::LLJIT> load(std::unique_ptr<Module> module,
                                        orc::ThreadSafeContext context) {
  std::unique_ptr<orc::LLJIT> jit = exitOnError(orc::LLJITBuilder().create());
  orc::SymbolMap symbols;
  for (const sim::Symbol &symbol : sim::getSymbols())
    symbols[jit->mangleAndIntern(symbol.name)] = {
        orc::ExecutorAddr::fromPtr(symbol.address), JITSymbolFlags::Exported};
  orc::JITDylib &library = jit->getMainJITDylib();
  exitOnError(library.define(orc::absoluteSymbols(std::move(symbols))));
  library.addGenerator(
      exitOnError(orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
          jit->getDataLayout().getGlobalPrefix())));
  exitOnError(jit->addIRModule(
      orc::ThreadSafeModule(std::move(module), std::move(context))));
  return jit;
}

namespace {
struct KernelRow {
  const char *name;
  void (*entry)(void *const *);
  uint64_t shared, arguments;
};
} // namespace

static sim::Kernel findKernel(orc::LLJIT &jit) {
  auto *rows = exitOnError(jit.lookup(nvvm::kKernelTable)).toPtr<KernelRow *>();
  std::string names;
  const KernelRow *found = nullptr;
  size_t count = 0;
  for (; rows->name; ++rows, ++count) {
    names += (names.empty() ? "'" : ", '") + std::string(rows->name) + "'";
    if (kernelName.empty() || kernelName == rows->name)
      found = rows;
  }
  if (!found || (kernelName.empty() && count > 1)) {
    errs() << "error: say which kernel with --kernel=NAME: " << names << '\n';
    std::exit(1);
  }
  if (found->arguments != argumentTexts.size()) {
    errs() << "error: kernel '" << found->name << "' takes " << found->arguments
           << " arguments, and there are " << argumentTexts.size() << '\n';
    std::exit(1);
  }
  return {found->name, found->entry, found->shared};
}

static sim::Dim getDim(const cl::list<uint32_t> &sizes) {
  sim::Dim dim;
  uint32_t *fields[] = {&dim.x, &dim.y, &dim.z};
  for (size_t i = 0; i < sizes.size() && i < 3; ++i)
    *fields[i] = sizes[i];
  return dim;
}

static std::vector<std::pair<std::string, sim::Mode>> getModes() {
  std::vector<std::pair<std::string, sim::Mode>> modes;
  for (auto [copies, copyName] : {std::pair(sim::Copies::eager, "eager"),
                                  std::pair(sim::Copies::late, "late")}) {
    auto add = [&, copies = copies, copyName = std::string(copyName)](
                   StringRef name, sim::Schedule schedule, uint64_t seed) {
      modes.push_back({copyName + " copies, " + name.str() + " schedule",
                       {copies, schedule, seed}});
    };
    add("first-in-first-out", sim::Schedule::fifo, 0);
    if (oneMode)
      break;
    for (uint64_t seed : {1, 2, 3})
      add("random " + std::to_string(seed), sim::Schedule::random, seed);
    add("adversarial", sim::Schedule::adversarial, 0);
  }
  return modes;
}

/// Runs the kernel in one mode; returns what its buffers hold then.
static std::vector<std::vector<char>> run(sim::Device &device,
                                          sim::Launch &launch,
                                          std::vector<sim::Argument> &arguments,
                                          const std::string &name,
                                          const sim::Mode &mode) {
  device.removeBuffers();
  std::vector<void *> addresses;
  for (auto [index, argument] : enumerate(arguments)) {
    argument.reset();
    addresses.push_back(argument.getAddress());
    if (argument.isBuffer())
      device.addBuffer(argument.getData().data(), argument.getData().size(),
                       "argument " + std::to_string(index),
                       argument.isDefined());
  }
  launch.arguments = addresses.data();
  if (std::optional<std::string> problem = device.launch(launch, mode)) {
    errs() << "error: " << *problem << "\n  with " << name << '\n';
    std::exit(1);
  }
  std::vector<std::vector<char>> results;
  for (sim::Argument &argument : arguments)
    results.push_back(argument.getData());
  return results;
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "hash-sim: runs a kernel for NVIDIA GPUs on the CPU and finds its "
      "mistakes\n\nARGUMENT is a number (i32:5, f32:0.5), a buffer with values "
      "(f32[64x32]=random,\ni32[3]=0,1,2, bf16[8]=iota, f32[4]=0.5), or one "
      "that "
      "the kernel is to write (f32[64]), or a map of one for the copy engine\n"
      "(map:1,256x64,64x64,128).\n");
  std::vector<sim::Argument> arguments;
  for (const std::string &text : argumentTexts)
    arguments.push_back(exitOnError(sim::Argument::parse(text)));

  for (sim::Argument &argument : arguments)
    exitOnError(argument.resolve(arguments));

  orc::ThreadSafeContext context(std::make_unique<LLVMContext>());
  std::unique_ptr<Module> module =
      context.withContextDo([&](LLVMContext *it) { return translate(*it); });
  if (emitIr) {
    module->print(outs(), nullptr);
    return 0;
  }
  std::unique_ptr<orc::LLJIT> jit = load(std::move(module), context);
  sim::Launch launch;
  launch.kernel = findKernel(*jit);
  launch.grid = getDim(grid);
  launch.block = getDim(blockShape);
  launch.dynamicShared = shared;

  sim::Device device;
  std::vector<std::vector<char>> first;
  auto modes = getModes();
  for (const auto &[name, mode] : modes) {
    auto results = run(device, launch, arguments, name, mode);
    if (first.empty())
      first = std::move(results);
    else if (results != first) {
      errs() << "error: kernel '" << launch.kernel.name << "' gives other bits "
             << "with " << name << " than with " << modes.front().first << '\n';
      return 1;
    }
  }
  for (auto [index, argument] : enumerate(arguments))
    if (argument.isBuffer() && !argument.isDefined()) {
      outs() << "argument " << index << ": ";
      argument.print(outs());
    }
  return 0;
}
