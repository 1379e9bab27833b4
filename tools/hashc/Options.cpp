//===- Options.cpp - hashc's command line ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/Options.h"

#include "frontend/Diagnostics.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace hashc {
namespace {

/// The options, created when main runs: LLVM registers hundreds of its own, and
/// only those of this category (and MLIR's) are shown.
struct CommandLine {
  cl::OptionCategory category{"hashc options"};
  cl::opt<std::string> input{cl::Positional, cl::desc("SPEC"), cl::Required,
                             cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("Output file"),
                              cl::value_desc("FILE"), cl::cat(category)};
  cl::opt<std::string> target{"target", cl::desc("Machine to compile for: cpu"),
                              cl::init("cpu"), cl::cat(category)};
  cl::opt<std::string> arch{"arch",
                            cl::desc("Processor: native, x86-64-v3, x86-64-v4"),
                            cl::init("native"), cl::cat(category)};
  cl::opt<Emit> emit{
      "emit", cl::desc("What to write (default: exe)"), cl::init(Emit::Exe),
      cl::values(
          clEnumValN(Emit::Ast, "ast", "the spec in canonical form"),
          clEnumValN(Emit::Hash, "hash", "the model in the hash dialect"),
          clEnumValN(Emit::Step, "step", "the whole training step"),
          clEnumValN(Emit::Fused, "fused", "the step after fusion"),
          clEnumValN(Emit::Kernels, "kernels", "kernels on buffers"),
          clEnumValN(Emit::Llvm, "llvm", "LLVM IR"),
          clEnumValN(Emit::Ptx, "ptx", "PTX (--target=cuda)"),
          clEnumValN(Emit::Cubin, "cubin", "a cubin (--target=cuda)"),
          clEnumValN(Emit::Obj, "obj", "an object file"),
          clEnumValN(Emit::Lib, "lib", "a shared library"),
          clEnumValN(Emit::Exe, "exe", "an executable")),
      cl::cat(category)};
  cl::list<std::string> defines{
      "D", cl::Prefix, cl::desc("Set a param of the spec"),
      cl::value_desc("name=value"), cl::cat(category)};
  cl::opt<std::string> fuse{
      "fuse", cl::desc("Fusions to run: none, dispatch, epilogue, all"),
      cl::init("all"), cl::cat(category)};
  cl::opt<ReportFormat> report{
      "report",
      cl::desc("Print what was compiled, to stdout"),
      cl::ValueOptional,
      cl::init(ReportFormat::None),
      cl::values(clEnumValN(ReportFormat::Text, "", "as text"),
                 clEnumValN(ReportFormat::Text, "text", "as text"),
                 clEnumValN(ReportFormat::Json, "json", "as JSON")),
      cl::cat(category)};
  cl::opt<bool> remarks{"remarks",
                        cl::desc("Say what was fused, what not, and why"),
                        cl::cat(category)};
};

ExitCode showUsage() {
  errs() << "usage: hashc SPEC [-o FILE] [options]; hashc --help lists them\n";
  return kUsageError;
}

ExitCode usageError(const Twine &message) {
  WithColor::error(errs(), "hashc") << message << '\n';
  return showUsage();
}

/// What LLVM says of a wrong command line, in fewer words.
std::string describeErrors(StringRef errors) {
  if (errors.contains("Not enough positional"))
    return "the SPEC to compile is missing";
  if (errors.contains("Too many positional"))
    return "only one SPEC is compiled at a time";
  auto [before, rest] = errors.split("Unknown command line argument '");
  if (rest.empty())
    return errors.rtrim().str();
  StringRef name = rest.split('\'').first;
  std::vector<StringRef> names;
  for (const auto &[known, option] : cl::getRegisteredOptions())
    if (option->getOptionHiddenFlag() != cl::ReallyHidden)
      names.push_back(known);
  StringRef bare = name.ltrim('-').split('=').first;
  return ("there is no option '" + name + "'").str() +
         frontend::suggest(bare, names);
}

/// True if the flag's value is one of `values`; otherwise says so.
bool isOneOf(StringRef flag, StringRef value, ArrayRef<StringRef> values,
             int &exitCode) {
  if (is_contained(values, value))
    return true;
  exitCode = usageError("--" + flag + " is one of " + join(values, ", ") +
                        ", not '" + value + "'");
  return false;
}

bool splitDefines(const cl::list<std::string> &defines, Options &options,
                  int &exitCode) {
  for (const std::string &define : defines) {
    auto [name, value] = StringRef(define).split('=');
    if (name.empty() || !StringRef(define).contains('=')) {
      exitCode = usageError("-D needs name=value, not '" + define + "'");
      return false;
    }
    options.defines.emplace_back(name.str(), value.str());
  }
  return true;
}

} // namespace

std::optional<Options> parseOptions(int argc, char **argv, int &exitCode) {
  static CommandLine line;
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  for (auto &[name, option] : cl::getRegisteredOptions())
    if (!is_contained(option->Categories, &line.category) &&
        !name.starts_with("mlir-") && name != "help" && name != "version")
      option->setHiddenFlag(cl::ReallyHidden);

  cl::SetVersionPrinter([](raw_ostream &out) {
    out << "hashc " HASHC_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
  });

  std::string errors;
  raw_string_ostream errorStream(errors);
  if (!cl::ParseCommandLineOptions(
          argc, argv, "hashc: the compiler for hash-routed sparse models\n",
          &errorStream)) {
    // A wrong value was shown already, with the option it is for.
    exitCode =
        errors.empty() ? showUsage() : usageError(describeErrors(errors));
    return std::nullopt;
  }
  Options options;
  options.input = line.input;
  options.output = line.output;
  options.target = line.target;
  options.arch = line.arch;
  options.fuse = line.fuse;
  options.emit = line.emit;
  options.report = line.report;
  options.remarks = line.remarks;
  exitCode = kUsageError;
  if (options.target == "cuda" || options.emit == Emit::Ptx ||
      options.emit == Emit::Cubin) {
    exitCode = usageError("this hashc has no CUDA back end yet; compile with "
                          "--target=cpu, and --emit up to exe");
    return std::nullopt;
  }
  if (!isOneOf("target", options.target, {"cpu", "cuda"}, exitCode) ||
      !isOneOf("arch", options.arch, {"native", "x86-64-v3", "x86-64-v4"},
               exitCode) ||
      !isOneOf("fuse", options.fuse, {"none", "dispatch", "epilogue", "all"},
               exitCode) ||
      !splitDefines(line.defines, options, exitCode))
    return std::nullopt;
  return options;
}

} // namespace hashc
