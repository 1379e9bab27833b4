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

/// What is wrong with a value that is none of `values`.
std::string describeChoice(StringRef flag, StringRef value,
                           ArrayRef<StringRef> values) {
  return ("--" + flag + " is one of " + join(values, ", ") + ", not '" + value +
          "'")
             .str() +
         frontend::suggest(value, values);
}

/// Says of a wrong value what there is instead.
template <typename T> struct ChoiceParser : cl::parser<T> {
  using cl::parser<T>::parser;
  bool parse(cl::Option &option, StringRef name, StringRef value, T &result) {
    if (this->findOption(value) != this->getNumOptions())
      return cl::parser<T>::parse(option, name, value, result);
    std::vector<StringRef> values;
    for (unsigned i = 0; i < this->getNumOptions(); ++i)
      if (!this->getOption(i).empty())
        values.push_back(this->getOption(i));
    WithColor::error(errs(), "hashc")
        << describeChoice(name, value, values) << '\n';
    return true;
  }
};

/// The options, created when main runs: LLVM registers hundreds of its own, and
/// only those of this category (and MLIR's) are shown.
struct CommandLine {
  // Categories are shown by name: before MLIR's, which are general.
  cl::OptionCategory category{"Compiler options"};
  cl::opt<std::string> input{cl::Positional, cl::desc("SPEC"), cl::Required,
                             cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("Output file"),
                              cl::value_desc("FILE"), cl::cat(category)};
  cl::opt<std::string> target{
      "target", cl::desc("Machine to compile for: cpu, or cuda, an NVIDIA GPU"),
      cl::init("cpu"), cl::cat(category)};
  cl::opt<std::string> arch{"arch",
                            cl::desc("Processor: native, x86-64-v3, x86-64-v4; "
                                     "with cuda sm_80, sm_90a"),
                            cl::init("native"), cl::cat(category)};
  cl::opt<Emit, false, ChoiceParser<Emit>> emit{
      "emit", cl::desc("What to write (default: exe)"), cl::init(Emit::Exe),
      cl::values(
          clEnumValN(Emit::Ast, "ast", "the spec in canonical form"),
          clEnumValN(Emit::Hash, "hash", "the model in the hash dialect"),
          clEnumValN(Emit::Step, "step", "the whole training step"),
          clEnumValN(Emit::Fused, "fused", "the step after fusion"),
          clEnumValN(Emit::Kernels, "kernels", "kernels on buffers"),
          clEnumValN(Emit::Llvm, "llvm", "LLVM IR"),
          clEnumValN(Emit::Ptx, "ptx", "PTX of all kernels, with cuda"),
          clEnumValN(Emit::Cubin, "cubin", "the same by ptxas, for one GPU"),
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
  cl::opt<ReportFormat, false, ChoiceParser<ReportFormat>> report{
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
  std::string hint = frontend::suggest(bare, names);
  if (hint.empty() && name.contains('='))
    hint = ("; a param of the spec is set by -D " + name.ltrim('-')).str();
  return ("there is no option '" + name + "'").str() + hint;
}

/// True if the flag's value is one of `values`; otherwise says so.
bool isOneOf(StringRef flag, StringRef value, ArrayRef<StringRef> values,
             int &exitCode) {
  if (is_contained(values, value))
    return true;
  exitCode = usageError(describeChoice(flag, value, values));
  return false;
}

bool splitDefines(const cl::list<std::string> &defines, Options &options,
                  int &exitCode) {
  for (const std::string &define : defines) {
    auto [name, value] = StringRef(define).split('=');
    if (name.empty() || name != name.trim() ||
        !StringRef(define).contains('=')) {
      exitCode = usageError("-D needs name=value without blanks, not '" +
                            define + "'");
      return false;
    }
    options.defines.emplace_back(name.str(), value.str());
  }
  return true;
}

/// The first flag that was given and has no effect, and why; "" if there is
/// none.
std::string findIdle(const CommandLine &line, const Options &options) {
  std::pair<StringRef, const cl::Option &> flags[] = {
      {"-D", line.defines},      {"--target", line.target},
      {"--arch", line.arch},     {"--fuse", line.fuse},
      {"--report", line.report}, {"--remarks", line.remarks},
  };
  for (const auto &[name, flag] : flags)
    if (options.emit == Emit::Ast && flag.getNumOccurrences())
      return (name + " has no effect with --emit=ast, which prints the spec as "
                     "it is written")
          .str();
  for (const auto &[name, flag] : ArrayRef(flags).slice(0, 3))
    if (options.isModule && flag.getNumOccurrences())
      return (name + " has no effect on '" + options.input +
              "': a module has it in itself; compile the spec with it")
          .str();
  if (options.remarks && options.emit < Emit::Step)
    return "--remarks has no effect before --emit=step: passes make remarks";
  if (options.report == ReportFormat::None)
    return "";
  if (options.emit < Emit::Kernels)
    return "--report has no effect before --emit=kernels: it tells of kernels "
           "and memory";
  if (options.emit <= Emit::Ptx &&
      (options.output.empty() || options.output == "-"))
    return "--report goes to standard output, and so does what --emit writes: "
           "give it a file with -o";
  return "";
}

/// What belongs to the other kind of machine, and the way out; "" if nothing
/// does.
std::string findForeign(const Options &options) {
  const bool isGpu = options.target == "cuda";
  if (!isGpu && StringRef(options.arch).starts_with("sm_"))
    return "--arch=" + options.arch + " is a GPU: add --target=cuda";
  if (options.isModule) // which says itself what it is for
    return "";
  if (!isGpu && (options.emit == Emit::Ptx || options.emit == Emit::Cubin))
    return "PTX is for GPUs: add --target=cuda";
  if (isGpu && (options.emit == Emit::Obj || options.emit == Emit::Lib))
    return "objects and libraries are the CPU's: with --target=cuda, --emit is "
           "exe, or goes up to cubin";
  return "";
}

/// False after saying so if the values, or what they are together, are wrong.
bool checkOptions(const CommandLine &line, const Options &options,
                  int &exitCode) {
  if (!isOneOf("target", line.target, {"cpu", "cuda"}, exitCode))
    return false;
  const bool isGpu = options.target == "cuda";
  if (std::string wrong = findForeign(options); !wrong.empty()) {
    exitCode = usageError(wrong);
    return false;
  }
  if (!isOneOf("arch", options.arch,
               isGpu ? ArrayRef<StringRef>{"sm_80", "sm_90a"}
                     : ArrayRef<StringRef>{"native", "x86-64-v3", "x86-64-v4"},
               exitCode) ||
      !isOneOf("fuse", line.fuse, {"none", "dispatch", "epilogue", "all"},
               exitCode))
    return false;
  if (line.output.getNumOccurrences() && options.output.empty()) {
    exitCode = usageError("-o needs the name of a file");
    return false;
  }
  if (std::string idle = findIdle(line, options); !idle.empty()) {
    exitCode = usageError(idle);
    return false;
  }
  return true;
}

/// Leaves what belongs to hashc, and MLIR's, in --help.
void hideForeignOptions(const CommandLine &line) {
  for (auto &[name, option] : cl::getRegisteredOptions())
    if (!is_contained(option->Categories, &line.category) &&
        !name.starts_with("mlir-") && name != "help" && name != "version")
      option->setHiddenFlag(cl::ReallyHidden);
}

} // namespace

std::optional<Options> parseOptions(int argc, char **argv, int &exitCode) {
  static CommandLine line;
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  hideForeignOptions(line);
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
  options.isModule = StringRef(options.input).ends_with(".mlir");
  options.output = line.output;
  options.target = line.target;
  options.arch = line.arch;
  if (options.target == "cuda" && !line.arch.getNumOccurrences())
    options.arch = "sm_80";
  if (line.fuse.getNumOccurrences())
    options.fuse = line.fuse;
  options.emit = line.emit;
  options.report = line.report;
  options.remarks = line.remarks;
  if (!checkOptions(line, options, exitCode) ||
      !splitDefines(line.defines, options, exitCode))
    return std::nullopt;
  return options;
}

} // namespace hashc
