//===- Compiler.cpp - From a spec to each stage ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/Compiler.h"

#include "codegen/common/Descriptor.h"
#include "codegen/common/ModelHash.h"
#include "dialect/Hash.h"
#include "frontend/Frontend.h"
#include "passes/Passes.h"
#include "tools/KernelPipeline.h"
#include "tools/hashc/Assemble.h"
#include "tools/hashc/GpuProgram.h"
#include "tools/hashc/LibraryHeader.h"
#include "tools/hashc/Link.h"
#include "tools/hashc/Output.h"
#include "tools/hashc/Report.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;

namespace hashc {

static ExitCode fail(ExitCode code, llvm::Error error) {
  llvm::WithColor::error(llvm::errs(), "hashc")
      << llvm::toString(std::move(error)) << '\n';
  return code;
}

/// Turns an error into the exit code of the environment; success stays.
static ExitCode check(llvm::Error error) {
  return error ? fail(kEnvironmentError, std::move(error)) : kSuccess;
}

Compiler::Compiler(const Options &options, MLIRContext &context)
    : options(options), context(context), diagnostics(sources, &context) {}

/// True for what may never end.
static bool mayNeverEnd(StringRef path) {
  llvm::sys::fs::file_status status;
  return !llvm::sys::fs::status(path, status) &&
         (status.type() == llvm::sys::fs::file_type::character_file ||
          status.type() == llvm::sys::fs::file_type::block_file);
}

/// The whole input; "-" is stdin.
static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readInput(StringRef path) {
  auto fail = [&](std::error_code code, const Twine &reason) {
    return llvm::createStringError(code,
                                   "cannot read '" + path + "': " + reason);
  };
  if (path != "-" && mayNeverEnd(path))
    return fail(std::make_error_code(std::errc::invalid_argument),
                "it is a device");
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/true);
  if (!file)
    return fail(file.getError(), file.getError().message());
  return std::move(*file);
}

/// What every stage carries and the passes count on.
ExitCode Compiler::checkModule() {
  StringRef missing;
  if (!getStage())
    missing = hash::HashDialect::kStageAttr;
  for (StringRef name :
       {hash::HashDialect::kModelAttr, hash::HashDialect::kTrainAttr})
    if (missing.empty() && !(*module)->getAttrOfType<DictionaryAttr>(name))
      missing = name;
  if (missing.empty())
    return kSuccess;
  return fail(kSpecError, llvm::createStringError(
                              "'" + options.input +
                              "' is not a module that hashc --emit printed: "
                              "its " +
                              missing + " is missing or of another kind"));
}

ExitCode Compiler::load() {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file =
      readInput(options.input);
  if (!file)
    return fail(kUsageError, file.takeError());
  StringRef text = (*file)->getBuffer();
  if (!options.isModule &&
      (text.starts_with("#loc") || text.starts_with("module ")))
    return fail(kUsageError, llvm::createStringError(
                                 "'" + options.input +
                                 "' is a module and no spec: give it a name "
                                 "that ends with .mlir"));
  sources.AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  if (options.emit == Emit::Ast)
    return kSuccess;

  if (ExitCode code = options.isModule ? loadModule() : loadSpec())
    return code;
  // Whatever passes make of a module, it stays the model that it was.
  if (getStage().getValue() == "hash" && !(*module)->hasAttr("hash.model_hash"))
    (*module)->setAttr("hash.model_hash",
                       StringAttr::get(&context, hashModel(*module)));
  return checkOutput();
}

ExitCode Compiler::resolveTarget(StringRef machine, StringRef arch) {
  if (machine == "cuda") {
    llvm::Expected<nvvm::GpuTarget> resolved = nvvm::resolveTarget(arch);
    if (!resolved)
      return fail(kEnvironmentError, resolved.takeError());
    gpu = *resolved;
    target = nvvm::getShapes();
    return kSuccess;
  }
  llvm::Expected<cpu::CpuTarget> resolved = cpu::resolveTarget(arch);
  if (!resolved)
    return fail(kEnvironmentError, resolved.takeError());
  target = *resolved;
  return kSuccess;
}

ExitCode Compiler::loadModule() {
  module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return kSpecError;
  if (ExitCode code = checkModule())
    return code;
  auto attributes =
      (*module)->getAttrOfType<DictionaryAttr>(hash::HashDialect::kTargetAttr);
  auto get = [&](StringRef name, StringRef otherwise) {
    auto text = attributes ? attributes.getAs<StringAttr>(name) : StringAttr();
    return text ? text.getValue() : otherwise;
  };
  if (ExitCode code = resolveTarget(get("target", options.target),
                                    get("arch", options.arch)))
    return code;
  return checkEmit();
}

/// A spec's options were checked with the others; a module's are in itself.
ExitCode Compiler::checkEmit() {
  const bool isPtx = options.emit == Emit::Ptx || options.emit == Emit::Cubin;
  if (gpu && (options.emit == Emit::Obj || options.emit == Emit::Lib))
    return fail(kUsageError,
                llvm::createStringError("'" + options.input +
                                        "' is for a GPU, and objects and "
                                        "libraries are the CPU's: --emit is "
                                        "exe, or goes up to cubin"));
  if (!gpu && isPtx)
    return fail(kUsageError,
                llvm::createStringError("'" + options.input +
                                        "' is for a CPU, and PTX for GPUs: "
                                        "compile the spec with --target=cuda"));
  return kSuccess;
}

ExitCode Compiler::loadSpec() {
  if (ExitCode code = resolveTarget(options.target, options.arch))
    return code;
  module = frontend::buildModule(sources, {options.defines}, context);
  if (!module)
    return kSpecError;
  Builder builder(&context);
  NamedAttrList attributes;
  attributes.set("target", builder.getStringAttr(options.target));
  attributes.set("arch", builder.getStringAttr(options.arch));
  attributes.set("fuse", builder.getStringAttr(options.fuse.value_or("all")));
  (*module)->setAttr(hash::HashDialect::kTargetAttr,
                     attributes.getDictionary(&context));
  cpu::setTargetAttributes(*module, target);
  return kSuccess;
}

StringAttr Compiler::getStage() const {
  return (*module)->getAttrOfType<StringAttr>(hash::HashDialect::kStageAttr);
}

ExitCode Compiler::checkOutput() {
  auto refuse = [&](const Twine &what) {
    return fail(kUsageError,
                llvm::createStringError(
                    what + "; choose another name for the output with -o"));
  };
  std::string output = getOutputPath();
  std::string header = options.emit == Emit::Lib ? getHeaderPath() : "";
  for (StringRef path : {StringRef(output), StringRef(header)})
    if (llvm::sys::fs::equivalent(path, options.input) && !isDevice(path))
      return refuse("'" + path + "' would overwrite " +
                    (options.isModule ? "the module" : "the spec"));
  if (output == header)
    return refuse("'" + output + "' is the name of the library's header");
  if (isForeignHeader(header))
    return refuse("the library's header would overwrite '" + header +
                  "', which hashc did not write");
  return kSuccess;
}

ExitCode Compiler::printAst() {
  if (options.isModule)
    return fail(kUsageError,
                llvm::createStringError("--emit=ast needs a spec, and '" +
                                        options.input + "' is a module"));
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (!frontend::printAst(sources, {options.defines}, stream))
    return kSpecError;
  return check(writeAtomically(
      getOutputPath(), [&](llvm::raw_pwrite_stream &out) -> llvm::Error {
        out << text;
        return llvm::Error::success();
      }));
}

namespace {
/// A stage that prints as MLIR: its name in `hash.stage`, and the passes that
/// lead there from the one before.
struct Stage {
  StringLiteral name;
  Emit emit;
  void (*build)(OpPassManager &);
};
constexpr Stage stages[] = {
    {"hash", Emit::Hash, [](OpPassManager &) {}},
    {"step", Emit::Step, buildStepPipeline},
    {"fused", Emit::Fused, buildFusionPipeline},
    {"kernels", Emit::Kernels,
     [](OpPassManager &passes) { buildKernelStage(passes, /*reuse=*/true); }}};
} // namespace

ExitCode Compiler::lowerTo(Emit emit) {
  StringAttr current = getStage();
  const Stage *begin = llvm::find_if(
      stages, [&](const Stage &stage) { return stage.name == current; });
  if (begin == std::end(stages))
    return fail(kSpecError, llvm::createStringError("unknown stage '" +
                                                    current.getValue() + "'"));
  if (begin->emit > emit)
    return fail(kUsageError,
                llvm::createStringError(
                    "the module is at stage '" + current.getValue() +
                    "' already, past what --emit asks for"));
  if (ExitCode code = overrideFusion(begin->emit))
    return code;
  PassManager passes(&context);
  if (failed(applyPassManagerCLOptions(passes)))
    return kUsageError;
  applyDefaultTimingPassManagerCLOptions(passes);
  for (const Stage *stage = begin + 1;
       stage != std::end(stages) && stage->emit <= emit; ++stage)
    stage->build(passes);
  if (failed(passes.run(*module)))
    return kSpecError;
  if (emit >= Emit::Kernels)
    descriptor = buildDescriptor(*module);
  return kSuccess;
}

ExitCode Compiler::overrideFusion(Emit stage) {
  if (!options.isModule || !options.fuse)
    return kSuccess;
  if (stage >= Emit::Fused)
    return fail(kUsageError, llvm::createStringError(
                                 "--fuse has no effect on '" + options.input +
                                 "': its stage comes after fusion"));
  NamedAttrList attributes(
      (*module)->getAttrOfType<DictionaryAttr>(hash::HashDialect::kTargetAttr));
  attributes.set("fuse", StringAttr::get(&context, *options.fuse));
  (*module)->setAttr(hash::HashDialect::kTargetAttr,
                     attributes.getDictionary(&context));
  return kSuccess;
}

ExitCode Compiler::emitText() {
  if (ExitCode code = lowerTo(options.emit))
    return code;
  ExitCode code = check(writeAtomically(
      getOutputPath(), [&](llvm::raw_pwrite_stream &out) -> llvm::Error {
        OpPrintingFlags flags;
        flags.enableDebugInfo();
        (*module)->print(out, flags);
        out << '\n';
        return llvm::Error::success();
      }));
  return code ? code : report();
}

std::string Compiler::getModelName() const {
  auto model =
      (*module)->getAttrOfType<DictionaryAttr>(hash::HashDialect::kModelAttr);
  auto name = model ? model.getAs<StringAttr>("name") : StringAttr();
  return (name ? name.getValue() : llvm::sys::path::stem(options.input)).str();
}

std::string Compiler::getOutputPath() const {
  if (!options.output.empty())
    return options.output;
  if (options.emit <= Emit::Ptx)
    return "-";
  std::string base = getModelName();
  switch (options.emit) {
  case Emit::Cubin:
    return base + ".cubin";
  case Emit::Obj:
    return base + ".o";
  case Emit::Lib:
    return "lib" + base + ".so";
  default:
    return base;
  }
}

ExitCode Compiler::lowerToLlvm() {
  PassManager passes(&context);
  if (failed(applyPassManagerCLOptions(passes)))
    return kUsageError;
  cpu::buildLlvmPipeline(passes);
  return failed(passes.run(*module)) ? kSpecError : kSuccess;
}

ExitCode Compiler::writeObject(StringRef path) {
  if (ExitCode code = lowerToLlvm())
    return code;
  if (gpu)
    return writeDevice(path);
  llvm::LLVMContext llvmContext;
  llvm::Expected<std::unique_ptr<llvm::Module>> code =
      cpu::translateAndOptimize(*module, llvmContext, target, descriptor);
  if (!code)
    return fail(kEnvironmentError, code.takeError());
  return check(
      writeAtomically(path, [&](llvm::raw_pwrite_stream &out) -> llvm::Error {
        if (options.emit != Emit::Llvm)
          return cpu::emitObject(**code, target, out);
        (*code)->print(out, nullptr);
        return llvm::Error::success();
      }));
}

/// Writes the kernels' IR, PTX or machine code.
ExitCode Compiler::writeDevice(StringRef path) {
  llvm::LLVMContext llvmContext;
  llvm::Expected<std::unique_ptr<llvm::Module>> code =
      nvvm::translateAndOptimize(*module, llvmContext, *gpu);
  if (!code)
    return fail(kEnvironmentError, code.takeError());
  auto write = [&](llvm::raw_pwrite_stream &out) -> llvm::Error {
    if (options.emit != Emit::Llvm)
      return nvvm::emitPtx(**code, *gpu, out);
    (*code)->print(out, nullptr);
    return llvm::Error::success();
  };
  if (options.emit != Emit::Cubin)
    return check(writeAtomically(path, write));
  llvm::Expected<std::string> ptxas = findPtxas();
  if (!ptxas)
    return fail(kEnvironmentError, ptxas.takeError());
  llvm::Expected<TemporaryFile> ptx = TemporaryFile::createElsewhere(".ptx");
  if (!ptx)
    return fail(kEnvironmentError, ptx.takeError());
  if (llvm::Error error = writeAtomically(ptx->getPath(), write))
    return fail(kEnvironmentError, std::move(error));
  std::string said;
  if (llvm::Error error = produceAtomically(path, [&](StringRef temporary) {
        return assemble(*ptxas, ptx->getPath(), gpu->chip, temporary, &said);
      }))
    return fail(kEnvironmentError, std::move(error));
  auto text = llvm::MemoryBuffer::getFile(ptx->getPath());
  usage = readKernelUsage(text ? (*text)->getBuffer() : "", said);
  return kSuccess;
}

/// True if the spec's tokenizer is learned, so that its library is linked in.
static bool needsSentencePiece(ModuleOp module) {
  auto train =
      module->getAttrOfType<DictionaryAttr>(hash::HashDialect::kTrainAttr);
  auto data = train ? train.getAs<DictionaryAttr>("data") : DictionaryAttr();
  auto tokenizer = data ? data.getAs<StringAttr>("tokenizer") : StringAttr();
  return tokenizer && tokenizer.getValue() != "bytes";
}

ExitCode Compiler::emitBinary() {
  bool usesSentencePiece = needsSentencePiece(*module);
  if (ExitCode code = lowerTo(Emit::Kernels))
    return code;
  ExitCode code = options.emit <= Emit::Obj ? writeObject(getOutputPath())
                                            : writeLinked(usesSentencePiece);
  // Last: a reader who stops early, as `head` does, ends hashc here.
  return code ? code : report();
}

/// Writes what runs on the CPU, and what the simulator runs.
ExitCode Compiler::writeGpuObjects(StringRef host, StringRef simulated) {
  if (ExitCode code = lowerToLlvm())
    return code;
  GpuProgram program(*module, *gpu, descriptor);
  ExitCode code = check(program.write(host, simulated));
  usage = program.getUsage();
  return code;
}

/// Writes the executable or the shared library.
ExitCode Compiler::writeLinked(bool usesSentencePiece) {
  std::string path = getOutputPath();
  llvm::Expected<TemporaryFile> object = TemporaryFile::createElsewhere(".o");
  if (!object)
    return fail(kEnvironmentError, object.takeError());
  llvm::Expected<TemporaryFile> simulated =
      TemporaryFile::createElsewhere(".o");
  if (!simulated)
    return fail(kEnvironmentError, simulated.takeError());
  std::vector<std::string> objects = {object->getPath().str()};
  if (gpu)
    objects.push_back(simulated->getPath().str());
  if (ExitCode code =
          gpu ? writeGpuObjects(object->getPath(), simulated->getPath())
              : writeObject(object->getPath()))
    return code;
  bool shared = options.emit == Emit::Lib;
  if (shared && !isDevice(path))
    if (ExitCode code = writeHeader())
      return code;
  return check(produceAtomically(path, [&](StringRef temporary) {
    return link(
        {objects, temporary, shared, gpu.has_value(), usesSentencePiece});
  }));
}

/// The header lies beside the library.
std::string Compiler::getHeaderPath() const {
  SmallString<128> path(getOutputPath());
  llvm::sys::path::replace_extension(path, "h");
  return path.str().str();
}

ExitCode Compiler::writeHeader() {
  return check(
      writeAtomically(getHeaderPath(), [&](llvm::raw_pwrite_stream &out) {
        writeLibraryHeader(getModelName(), out);
        return llvm::Error::success();
      }));
}

ExitCode Compiler::report() {
  if (options.report == ReportFormat::None)
    return kSuccess;
  if (options.report == ReportFormat::Json)
    printReportAsJson(descriptor, usage, llvm::outs());
  else
    printReport(descriptor, usage, llvm::outs());
  return kSuccess;
}

ExitCode Compiler::run() {
  if (ExitCode code = load())
    return code;
  if (options.emit == Emit::Ast)
    return printAst();
  return options.emit <= Emit::Kernels ? emitText() : emitBinary();
}

} // namespace hashc
