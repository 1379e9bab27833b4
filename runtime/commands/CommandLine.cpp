//===- CommandLine.cpp - Parses a model executable's command line ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Commands.h"

#include "runtime/commands/Interrupt.h"
#include "runtime/commands/Setup.h"
#include "runtime/commands/Usage.h"
#include "runtime/engine/Device.h"

#include <limits>
#include <memory>

namespace hashc::runtime {

namespace {

/// All options, and the command that was named.
struct CommandLine {
  CLI::App app;
  TrainOptions train;
  EvalOptions eval;
  GenerateOptions generate;
  InfoOptions info;
  BenchOptions bench;
  CheckOptions check;

  std::string device = "0";

  CommandLine(const Descriptor &descriptor, const HashDeviceImage &image);

private:
  void addDevice();
  void addThreads(CLI::App &command, int &threads);
  void addTrain(const Descriptor &descriptor);
  void addEval();
  void addGenerate(const Descriptor &descriptor);
  void addInfo();
  void addBench();
  void addCheck();
};

/// Opens a model's device, and makes it the current one for a scope.
class DeviceScope {
public:
  DeviceScope(const HashDeviceImage *image, const std::string &name) {
    if (image && image->open)
      device.reset(image->open(*image, name.c_str()));
    Device::setCurrent(device.get());
  }
  ~DeviceScope() { Device::setCurrent(nullptr); }
  DeviceScope(const DeviceScope &) = delete;
  DeviceScope &operator=(const DeviceScope &) = delete;

private:
  std::unique_ptr<Device> device;
};

} // namespace

CommandLine::CommandLine(const Descriptor &descriptor,
                         const HashDeviceImage &image)
    : app("The model '" + descriptor.name + "', compiled by hashc from " +
          (descriptor.spec.empty() ? "a spec" : descriptor.spec) + ".") {
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  addTrain(descriptor);
  addEval();
  addGenerate(descriptor);
  addInfo();
  addBench();
  addCheck();
  if (image.open)
    addDevice();
}

/// Of every command that runs the model.
void CommandLine::addDevice() {
  for (CLI::App *command : app.get_subcommands({}))
    if (command->get_name() != "info")
      command
          ->add_option("--device", device,
                       "GPU to run on, by its number; sim: none, the kernels "
                       "are simulated and checked on the CPU, slowly")
          ->type_name("N|sim")
          ->capture_default_str();
}

void CommandLine::addThreads(CLI::App &command, int &threads) {
  command
      .add_option("--threads", threads,
                  "Threads (default: one for each core); results do not depend "
                  "on it")
      ->type_name("N")
      ->check(isCount(1, 1024));
}

void CommandLine::addTrain(const Descriptor &descriptor) {
  CLI::App &command = *app.add_subcommand(
      "train", "Train the model.\nCtrl-C (or SIGTERM) finishes the step, saves "
               "and exits with status 130 (143); a second one kills.");
  auto steps = isCount(0, kMaxSteps);
  command
      .add_option("--data", train.data, "Training data (default: the spec's)")
      ->type_name("FILE");
  command
      .add_option("--valid", train.valid,
                  "Validation data (default: the end of the training data)")
      ->type_name("FILE");
  command.add_option("--steps", train.steps, "Optimizer steps")
      ->type_name("N")
      ->check(steps);
  command
      .add_option("--batch", train.batch,
                  "Windows a step; computed " +
                      std::to_string(descriptor.model.microBatch) +
                      " at a time, gradients added up")
      ->type_name("N")
      ->check(isCount(1, kMaxBatch));
  command.add_option("--lr", train.lr, "Peak learning rate")
      ->type_name("X")
      ->check(isNumber(false));
  command
      .add_option("--seed", train.seed,
                  "Seed of initialisation, data order and dropout")
      ->type_name("N")
      ->check(isSeed());
  command
      .add_option("--init-seed", train.initSeed,
                  "Seed of initialisation alone (default: --seed)")
      ->type_name("N")
      ->check(isSeed());
  command
      .add_option("--data-seed", train.dataSeed,
                  "Seed of data order and dropout alone (default: --seed)")
      ->type_name("N")
      ->check(isSeed());
  addThreads(command, train.threads);
  command
      .add_option("--out", train.out,
                  "Folder for checkpoints (default: " + descriptor.name +
                      ".run)")
      ->type_name("DIR");
  auto *resume =
      command
          .add_option("--resume", train.resume,
                      "Go on from a checkpoint, exactly; its settings hold "
                      "unless given again. A run's folder without a checkpoint "
                      "starts from the beginning")
          ->type_name("DIR|FILE");
  command
      .add_option(
          "--tables-in", train.tablesIn,
          "Keep the tables of lookups in files in this folder (default: "
          "in memory while there is room, then in files in --out)")
      ->type_name("DIR");
  command
      .add_option("--init", train.init,
                  "Start from the parameters of a safetensors file, and from "
                  "the tables and the tokenizer in it if hashc wrote it")
      ->type_name("FILE")
      ->excludes(resume);
  command
      .add_option("--cache", train.cache,
                  "Folder of the tokenizer and the tokens of a text, for many "
                  "runs to share (default: --out)")
      ->type_name("DIR");
  command
      .add_option("--log", train.log, "Write one JSON object a step to a file")
      ->type_name("FILE.jsonl");
  command
      .add_option("--eval-every", train.evalEvery,
                  "Evaluate every N steps and at the end (0: at the end), on "
                  "up to 128 windows spread evenly over the validation data")
      ->type_name("N")
      ->check(steps);
  command
      .add_option(
          "--save-every", train.saveEvery,
          "Save every N steps and at the end (0: at the end); the newest "
          "two checkpoints are kept")
      ->type_name("N")
      ->check(steps);
  command.add_flag("--quiet", train.quiet, "Print errors only");
}

void CommandLine::addEval() {
  CLI::App &command = *app.add_subcommand(
      "eval",
      "Loss, perplexity and bits per byte, by frequency of the token and "
      "by expert, and load of every expert");
  command.add_option("--ckpt", eval.checkpoint, "Checkpoint")
      ->type_name("FILE|DIR")
      ->required();
  command
      .add_option("--data", eval.data,
                  "Data whose validation part is scored (default: the spec's)")
      ->type_name("FILE");
  command.add_flag("--whole", eval.whole,
                   "Score all of the data, not its validation part");
  command
      .add_option("--losses", eval.losses,
                  "Write the loss of every scored token to a file")
      ->type_name("FILE.tsv");
  addThreads(command, eval.threads);
  command.add_flag("--json", eval.json, "Print one JSON object");
}

void CommandLine::addGenerate(const Descriptor &descriptor) {
  bool hasSource = descriptor.model.getSource();
  CLI::App &command = *app.add_subcommand(
      "generate",
      hasSource ? "Write the target of a source text, token by token, to its "
                  "end or to that of the model's window."
                : "Continue a prompt, token by token.\nWhen the model's window "
                  "is full, its last half is read again as the new context.");
  command.add_option("--ckpt", generate.checkpoint, "Checkpoint")
      ->type_name("FILE|DIR")
      ->required();
  command
      .add_option("--prompt", generate.prompt,
                  hasSource ? "Source text (default: none)"
                            : "Text to continue (default: a new line)")
      ->type_name("TEXT");
  if (hasSource)
    command
        .add_option("--begin", generate.begin,
                    "How the target begins (default: not said)")
        ->type_name("TEXT");
  command.add_option("--tokens", generate.tokens, "Tokens to make")
      ->type_name("N")
      ->capture_default_str()
      ->check(isCount(0, int64_t(1) << 40));
  command
      .add_option("--temperature", generate.temperature,
                  "0 takes the likeliest token, 1 samples as learned")
      ->type_name("X")
      ->capture_default_str()
      ->check(isNumber(false));
  command
      .add_option("--top-k", generate.topK,
                  "Sample among the N likeliest tokens (0: all)")
      ->type_name("N")
      ->capture_default_str()
      ->check(isCount(0, int64_t(1) << 40));
  command.add_option("--seed", generate.seed, "Seed of sampling")
      ->type_name("N")
      ->capture_default_str()
      ->check(isSeed());
  addThreads(command, generate.threads);
}

void CommandLine::addInfo() {
  CLI::App &command = *app.add_subcommand(
      "info", "Parameters, routers, memory, FLOPs and kernels");
  command
      .add_option("--ckpt", info.checkpoint,
                  "Also show the tables of a checkpoint")
      ->type_name("FILE|DIR");
  command.add_flag("--json", info.json, "Print one JSON object");
}

void CommandLine::addBench() {
  CLI::App &command = *app.add_subcommand(
      "bench", "Time of a training step by kernel, against the measured peak");
  command.add_option("--steps", bench.steps, "Steps to time")
      ->type_name("N")
      ->capture_default_str()
      ->check(isCount(1, int64_t(1) << 24));
  command.add_option("--seed", bench.seed, "Seed of the random tokens")
      ->type_name("N")
      ->check(isSeed());
  addThreads(command, bench.threads);
  command.add_flag("--json", bench.json, "Print one JSON object");
}

void CommandLine::addCheck() {
  CLI::App &command = *app.add_subcommand(
      "check", "Check gradients, routing and decoding on this machine");
  CLI::Option *dump =
      command
          .add_option("--dump", check.dump,
                      "Only compute one batch and write it to a safetensors "
                      "file: tokens, parameters, tables, experts, losses and "
                      "gradients")
          ->type_name("FILE");
  command
      .add_option("--ckpt", check.checkpoint,
                  "Dump with the parameters and tables of this checkpoint")
      ->type_name("FILE|DIR")
      ->needs(dump);
  command
      .add_option("--seconds", check.seconds,
                  "About how long the finite differences may take")
      ->type_name("X")
      ->capture_default_str()
      ->check(isNumber(true));
  command.add_option("--seed", check.seed, "Seed of parameters and tokens")
      ->type_name("N")
      ->check(isSeed());
  addThreads(command, check.threads);
  command.add_flag("--json", check.json, "Print one JSON object");
}

static int run(const Program &program, const HashDeviceImage &image, int argc,
               const char *const *argv) {
  CommandLine line(program.descriptor, image);
  if (std::optional<int> code = parse(line.app, argc, argv))
    return *code;
  DeviceScope device(line.app.got_subcommand("info") ? nullptr : &image,
                     line.device);
  if (line.app.got_subcommand("train"))
    return runTrain(program, line.train);
  if (line.app.got_subcommand("eval"))
    return runEval(program, line.eval);
  if (line.app.got_subcommand("generate"))
    return runGenerate(program, line.generate);
  if (line.app.got_subcommand("info"))
    return runInfo(program, line.info);
  if (line.app.got_subcommand("bench"))
    return runBench(program, line.bench);
  return runCheck(program, line.check);
}

int runCommandLine(const char *descriptor, const HashModelEntry *functions,
                   const HashDeviceImage &image, int argc,
                   const char *const *argv) {
  outliveFullFiles();
  return runGuarded([&] {
    return run({parseDescriptor(descriptor), functions}, image, argc, argv);
  });
}

} // namespace hashc::runtime
