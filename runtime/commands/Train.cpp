//===- Train.cpp - The command 'train' ------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Evaluate.h"
#include "runtime/commands/InitFiles.h"
#include "runtime/commands/Interrupt.h"
#include "runtime/commands/Progress.h"
#include "runtime/commands/Schedule.h"
#include "runtime/commands/Setup.h"
#include "runtime/commands/StepMeter.h"
#include "runtime/data/Text.h"
#include "runtime/support/Error.h"
#include "runtime/support/Hash.h"

#include <cmath>
#include <cstdio>
#include <filesystem>

namespace hashc::runtime {

/// How many windows an evaluation during training scores at most.
static constexpr int64_t kEvalWindows = 128;

namespace {

/// One training run, from the command line to the last checkpoint.
class Trainer {
public:
  Trainer(const Program &program, const TrainOptions &options);
  int run();

private:
  void chooseSettings();
  void checkBatch();
  void openOutput();
  std::string openCache();
  void openData();
  void startModel(const Program &program);
  void buildTables();
  void announce();
  void announceCuts();
  void announceFrozen();
  int64_t predictMemory();
  void loadFirst();
  void prepareNext(int64_t micro);
  template <typename Work> auto tell(Work work);
  double computeGradients(double scale);
  double trainStep();
  template <typename Record> void writeLog(const Record &record);
  void evaluateNow();
  void saveNow();
  void summarize();
  std::string describeSaved() const;
  [[noreturn]] void failDiverged(const char *what, double value);

  const TrainOptions &options;
  Descriptor descriptor; // with the command line's changes
  int64_t residentAtStart;
  int64_t compiledBatch; // the spec's own
  std::optional<Checkpoint> resumed;
  std::optional<Checkpoint> initial; // --init, if hashc wrote it
  InitFiles initFiles;               // the spec's, where none of these is given
  RunState state;
  std::string lastSaved;
  int64_t savedStep = -1;

  std::optional<OutputFolder> output;
  Corpus corpus;
  std::unique_ptr<WindowSource> trainWindows, validWindows;
  std::optional<TrainBatches> batches;
  std::optional<Model> model;
  std::vector<Table> tables;
  std::vector<int64_t> tokenCounts;
  std::optional<Log> log;
  std::optional<Progress> progress;

  /// Of the step that runs, and of the next one.
  Batch batch, nextBatch;
  StepRecord record;
  StepMeter meter;
  int64_t firstStep = 0;
  std::optional<EvalRecord> lastEval, bestEval;
  std::chrono::steady_clock::time_point begin;
};

} // namespace

/// The folder of a run, given it, one of its checkpoints or a file in one.
static std::string findRunFolder(const std::string &path) {
  std::filesystem::path folder(path);
  if (!folder.has_filename())
    folder = folder.parent_path();
  if (!isDirectory(path))
    folder = folder.parent_path();
  if (folder.filename().string().rfind("step-", 0) == 0)
    folder = folder.parent_path();
  return folder.empty() ? "." : folder.string();
}

/// True for a folder in which a run began, but no checkpoint was written.
static bool isFreshRun(const std::string &path) {
  return isDirectory(path) && !fileExists(path + "/latest") &&
         !fileExists(path + "/model.safetensors");
}

Trainer::Trainer(const Program &program, const TrainOptions &options)
    : options(options), descriptor(program.descriptor),
      residentAtStart(getResidentBytes()),
      compiledBatch(program.descriptor.train.batch) {
  chooseSettings();
  checkBatch();
  checkRoom(descriptor, getEntries(Purpose::train));
  openOutput();
  openData();
  startModel(program);
}

/// What would be lost at once, or only found out when the run is saved.
static void checkFiles(const RunState &state, const TrainOptions &options,
                       const InitFiles &initFiles) {
  std::vector<std::string> read = initFiles.getPaths();
  read.insert(read.end(), {state.data, state.valid, options.init});
  for (const std::string &file : read) {
    std::error_code ignored;
    if (std::filesystem::equivalent(options.log, file, ignored))
      failUsage("--log would overwrite '" + file + "'");
  }
  // They go into a JSON file.
  for (const std::string &file : {state.data, state.valid})
    checkUtf8(file, "the name of the data file '" + file + "'");
}

void Trainer::chooseSettings() {
  TrainSettings &train = descriptor.train;
  state.steps = train.steps;
  state.batch = train.batch;
  state.lr = train.optimizer.lr;
  state.initSeed = state.dataSeed = train.seed;
  state.data = train.data.path;
  state.valid = train.data.validPath;
  if (!options.resume.empty() && !isFreshRun(options.resume)) {
    resumed = openCheckpoint(options.resume, descriptor, Match::run);
    state = RunState::load(*resumed);
  }
  if (!options.init.empty() &&
      SafetensorsFile::open(options.init).getMetadata("format") == "hashc")
    initial = openCheckpoint(options.init, descriptor, Match::weights);
  if (!options.data.empty()) {
    state.data = options.data;
    state.valid.clear();
  }
  state.valid = options.valid.empty() ? state.valid : options.valid;
  state.steps = options.steps.value_or(state.steps);
  state.batch = options.batch.value_or(state.batch);
  state.lr = options.lr.value_or(state.lr);
  if (!resumed && options.init.empty())
    initFiles.open(descriptor);
  checkFiles(state, options, initFiles);
  uint64_t initSeed = options.seed.value_or(state.initSeed);
  uint64_t dataSeed = options.seed.value_or(state.dataSeed);
  state.initSeed = options.initSeed.value_or(initSeed);
  state.dataSeed = options.dataSeed.value_or(dataSeed);
  train.steps = state.steps;
  train.batch = state.batch;
  train.optimizer.lr = state.lr;
  train.evalEvery = options.evalEvery.value_or(train.evalEvery);
  train.saveEvery = options.saveEvery.value_or(train.saveEvery);
  firstStep = state.step;
  savedStep = resumed ? state.step : -1;
}

/// The gradient of a table has room for the rows of the spec's own batch.
void Trainer::checkBatch() {
  int64_t micro = descriptor.model.microBatch;
  int64_t steps = (compiledBatch + micro - 1) / micro;
  if ((state.batch + micro - 1) / micro <= steps)
    return;
  const EntrySpec *entry = descriptor.findEntry("grad_step");
  for (const ParamSpec &param : descriptor.params) {
    const ArgSpec *rows =
        param.lookup && entry ? entry->find("grad", param.name) : nullptr;
    if (rows && rows->shape[0] < param.shape[0])
      failUsage("--batch " + std::to_string(state.batch) +
                " is more than this program was compiled for: the gradient of "
                "the table '" +
                param.name + "' has room for the rows of " +
                std::to_string(steps * micro) +
                " windows; compile the spec with a larger 'batch'");
  }
}

void Trainer::openOutput() {
  std::string folder = options.out;
  if (folder.empty() && !options.resume.empty())
    folder = findRunFolder(options.resume);
  if (folder.empty())
    folder = descriptor.name + ".run";
  output.emplace(folder);
  lastSaved = output->findLatest();
  bool same =
      !options.resume.empty() &&
      std::filesystem::weakly_canonical(folder) ==
          std::filesystem::weakly_canonical(findRunFolder(options.resume));
  if (!lastSaved.empty() && !same)
    failInput("'" + folder + "' holds a run already (" + lastSaved +
              "): go on with --resume " + folder +
              ", or name another folder with --out");
}

/// Where tokenizer and tokens are kept.
std::string Trainer::openCache() {
  if (options.cache.empty())
    return output->getPath();
  std::error_code error;
  std::filesystem::create_directories(options.cache, error);
  if (error)
    failSystem("make the folder", options.cache, error.value());
  return options.cache;
}

void Trainer::openData() {
  DataSettings data = chooseData(descriptor, state.data, state.valid);
  data.valid = descriptor.train.data.valid;
  int64_t window = descriptor.model.window;
  std::shared_ptr<const Tokenizer> known;
  // Weights mean nothing under another tokenizer.
  for (const std::optional<Checkpoint> *source : {&resumed, &initial})
    if (*source)
      known = (*source)->loadTokenizer();
  if (!known)
    known = initFiles.loadTokenizer(descriptor);
  corpus =
      openCorpus(data, descriptor.train.tokenizer, known, window, openCache());
  const ModelShape &shape = descriptor.model;
  trainWindows = makeWindows(shape, data, corpus.train, corpus.trainPairs);
  validWindows = makeWindows(shape, data, corpus.valid, corpus.validPairs);
  int64_t count = trainWindows->countFull();
  if (resumed && count != state.trainWindows)
    failInput("the training data has changed: '" + state.data + "' has " +
              std::to_string(count) + " windows, the checkpoint's run had " +
              std::to_string(state.trainWindows));
  state.trainWindows = count;
  tokenCounts = trainWindows->countInputs(shape.vocab);
  batches.emplace(*trainWindows, state.batch, descriptor.model.microBatch,
                  state.dataSeed);
}

void Trainer::startModel(const Program &program) {
  model.emplace(descriptor, program.functions, Purpose::train, options.threads,
                TableStorage{options.tablesIn, output->getPath()});
  if (!options.tablesIn.empty() && model->getBuffers().getTableFolder().empty())
    failUsage("--tables-in has no effect: this model looks up no tables");
  if (resumed) {
    tables = restore(*model, *resumed, true);
  } else if (initial) {
    tables = restore(*model, *initial, false);
  } else {
    buildTables();
    model->initialize(state.initSeed);
    initFiles.read(*model);
    if (!options.init.empty())
      importParams(SafetensorsFile::open(options.init), model->getParams());
  }
  log.emplace(options.log, resumed ? firstStep : -1);
  progress.emplace(firstStep, state.steps, options.quiet);
}

void Trainer::buildTables() {
  for (const TableSettings &settings : descriptor.tables) {
    tables.push_back(buildTable(settings, &tokenCounts));
    model->setTable(tables.back());
  }
}

int64_t Trainer::predictMemory() {
  int64_t bytes = model->getBuffers().getPlan().getTotal();
  return bytes + trainWindows->getBytes() + validWindows->getBytes();
}

/// Of pairs: how many do not fit.
void Trainer::announceCuts() {
  const auto *pairs = dynamic_cast<const PairWindows *>(trainWindows.get());
  if (!pairs)
    return;
  auto sources = static_cast<long long>(pairs->countCutSources());
  auto targets = static_cast<long long>(pairs->countCutTargets());
  if (sources > 0)
    progress->print(format("data: %lld sources are longer than %lld tokens: "
                           "only their end is read",
                           sources,
                           static_cast<long long>(pairs->getSourceWindow())));
  if (targets > 0)
    progress->print(format("data: %lld targets with their end are longer than "
                           "%lld tokens: only their beginning is learned",
                           targets,
                           static_cast<long long>(pairs->getWindow())));
}

/// Weights that nothing trains and nothing gave.
void Trainer::announceFrozen() {
  if (resumed || !options.init.empty())
    return;
  int64_t random = 0;
  for (const ParamSpec &param : descriptor.params)
    random += param.frozen && !initFiles.fills(param.name);
  if (random > 0)
    progress->print(
        format("%lld frozen weights stay as they begin: init in the "
               "spec, or --init, gives them those of a file",
               static_cast<long long>(random)));
}

void Trainer::announce() {
  int64_t parameters = 0;
  for (const ParamSpec &param : descriptor.params)
    parameters += param.countElements();
  progress->print(format(
      "%s: %s parameters, %d threads, %s of memory", descriptor.name.c_str(),
      formatCount(static_cast<double>(parameters)).c_str(),
      model->getTeam().size(),
      formatBytes(static_cast<double>(predictMemory())).c_str()));
  const Buffers &buffers = model->getBuffers();
  if (!buffers.getTableFolder().empty())
    progress->print(format(
        "tables of %s lie in a file in '%s'",
        formatBytes(static_cast<double>(buffers.getPlan().lookedUp)).c_str(),
        buffers.getTableFolder().c_str()));
  for (const std::string &line : initFiles.describe())
    progress->print(line);
  announceFrozen();
  int64_t windows = validWindows->countAll();
  announceCuts();
  progress->print(format(
      "data: %s tokens in %lld windows of %lld; validation: %lld of %lld "
      "windows",
      formatCount(static_cast<double>(trainWindows->countTokens())).c_str(),
      static_cast<long long>(state.trainWindows),
      static_cast<long long>(descriptor.model.window),
      static_cast<long long>(std::min(windows, kEvalWindows)),
      static_cast<long long>(windows)));
  if (!descriptor.notCausalInTraining.empty())
    progress->print("the training loss is not causal: " +
                    descriptor.notCausalInTraining);
  progress->print(format("seeds: init %llu, data %llu",
                         static_cast<unsigned long long>(state.initSeed),
                         static_cast<unsigned long long>(state.dataSeed)));
  if (resumed)
    progress->print(
        "resumed at step " + std::to_string(firstStep) + " from " +
        resumed->modelPath +
        (firstStep >= state.steps ? ": nothing is left to do" : ""));
  else if (!options.resume.empty())
    progress->print("no checkpoint in " + options.resume +
                    " yet: starts from the beginning");
}

/// What is left of the run when a step cannot be done.
std::string Trainer::describeSaved() const {
  return lastSaved.empty() ? "; there is no checkpoint before it"
                           : "; the last good checkpoint is " + lastSaved;
}

void Trainer::failDiverged(const char *what, double value) {
  std::string message = format("%s became %s at step %lld (lr %g)", what,
                               std::isnan(value) ? "NaN" : "infinite",
                               static_cast<long long>(record.step), record.lr);
  failInput(message + describeSaved() + "; try a smaller --lr");
}

/// The first micro-batch of a step.
void Trainer::loadFirst() {
  if (state.step > firstStep) {
    model->loadNext();
    return std::swap(batch, nextBatch);
  }
  batches->get(state.step, batch);
  model->loadBatch(batch, 0);
}

/// What comes after a micro-batch, unless it is the run's last one.
void Trainer::prepareNext(int64_t micro) {
  if (micro + 1 < batches->countMicro())
    return model->prepareNext(batch, micro + 1);
  if (state.step + 1 == state.steps)
    return;
  batches->get(state.step + 1, nextBatch);
  model->prepareNext(nextBatch, 0);
}

/// A kernel that fails ends the run: the error says what is left of it.
template <typename Work> auto Trainer::tell(Work work) {
  try {
    return work();
  } catch (const UserError &error) {
    throw UserError(error.getCode(), error.what() + describeSaved());
  }
}

/// Of all micro-batches; gives the sum of the losses.
double Trainer::computeGradients(double scale) {
  model->zeroGradients();
  double sum = 0;
  meter.begin();
  for (int64_t micro = 0; micro < batches->countMicro(); ++micro) {
    if (micro > 0)
      model->loadNext();
    auto seed = static_cast<int64_t>(
        mix({static_cast<uint64_t>(record.step), static_cast<uint64_t>(micro)},
            state.dataSeed));
    model->startGradStep(scale, seed);
    prepareNext(micro);
    model->finish();
    sum += model->sumLosses();
    meter.add(*model);
  }
  return sum;
}

/// One optimizer step; gives the mean loss over the batch's targets.
double Trainer::trainStep() {
  int64_t step = state.step + 1;
  tell([&] { loadFirst(); });
  double scale =
      batch.liveTargets > 0 ? 1.0 / static_cast<double>(batch.liveTargets) : 0;
  StepHyper hyper = getHyper(descriptor.train, step);
  record.step = step;
  record.causal = descriptor.notCausalInTraining.empty();
  record.lr = hyper.lr;
  double loss = tell([&] { return computeGradients(scale); }) * scale;
  if (!std::isfinite(loss))
    failDiverged("the loss", loss);
  meter.finish(record);
  for (const auto &[name, value] : record.aux)
    if (!std::isfinite(value))
      failDiverged(("the loss " + name).c_str(), value);
  record.gradNorm = tell([&] { return model->update(hyper); });
  if (!std::isfinite(record.gradNorm))
    failDiverged("the gradient", record.gradNorm);
  state.step = step;
  state.tokens += batch.liveTokens;
  record.tokens = state.tokens;
  return loss;
}

/// A log that cannot be written ends the run, but the step is done: it is saved
/// first.
template <typename Record> void Trainer::writeLog(const Record &written) {
  try {
    log->write(written);
  } catch (const UserError &) {
    if (savedStep != state.step)
      saveNow();
    throw;
  }
}

void Trainer::evaluateNow() {
  if (validWindows->countAll() == 0)
    return; // valid = 0%
  int64_t micro = descriptor.model.microBatch;
  Evaluation result =
      evaluate(*model, *validWindows,
               {(kEvalWindows + micro - 1) / micro, false, nullptr, nullptr});
  lastEval = EvalRecord{state.step, result.getLoss(), result.getPerplexity(),
                        descriptor.notDecodable.empty()};
  if (!bestEval || lastEval->loss < bestEval->loss)
    bestEval = lastEval;
  writeLog(*lastEval);
  progress->print(format("step %lld/%lld  valid loss %.4f  perplexity %.2f",
                         static_cast<long long>(state.step),
                         static_cast<long long>(state.steps), lastEval->loss,
                         lastEval->perplexity));
}

void Trainer::saveNow() {
  model->bringViews({"param", "moment1", "moment2"});
  CheckpointContents contents;
  contents.identity = identify(descriptor);
  contents.step = state.step;
  contents.tokenizer = corpus.tokenizer.get();
  for (const Table &table : tables)
    contents.tables.push_back(&table);
  contents.tokenCounts = tokenCounts;
  contents.params = model->getParams();
  contents.moments1 = model->getViews("moment1");
  contents.moments2 = model->getViews("moment2");
  contents.state = state.toJson();
  lastSaved = output->save(contents);
  savedStep = state.step;
}

void Trainer::summarize() {
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  std::string text =
      format("%lld steps in %s", static_cast<long long>(state.step - firstStep),
             formatDuration(seconds).c_str());
  if (lastEval)
    text += format("; valid loss %.4f (best %.4f at step %lld)", lastEval->loss,
                   bestEval->loss, static_cast<long long>(bestEval->step));
  progress->print(text);
  progress->print(format(
      "memory: %s predicted, %s used at most",
      formatBytes(static_cast<double>(predictMemory())).c_str(),
      formatBytes(static_cast<double>(getPeakResidentBytes() - residentAtStart))
          .c_str()));
  progress->print("saved " + lastSaved);
}

int Trainer::run() {
  catchInterrupts();
  announce();
  begin = std::chrono::steady_clock::now();
  const TrainSettings &train = descriptor.train;
  while (state.step < state.steps && !getInterrupt()) {
    auto before = std::chrono::steady_clock::now();
    int64_t tokensBefore = state.tokens;
    record.loss = trainStep();
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - before)
            .count();
    record.tokensPerSecond =
        static_cast<double>(state.tokens - tokensBefore) / seconds;
    writeLog(record);
    progress->showStep(record);
    bool last = state.step == state.steps;
    if (last || (train.evalEvery > 0 && state.step % train.evalEvery == 0))
      evaluateNow();
    if (train.saveEvery > 0 && state.step % train.saveEvery == 0)
      saveNow();
  }
  if (savedStep != state.step)
    saveNow();
  summarize();
  int signal = getInterrupt();
  if (signal == 0 || state.step == state.steps)
    return 0;
  progress->print("interrupted at step " + std::to_string(state.step) +
                  ": go on with --resume " + output->getPath());
  return 128 + signal;
}

int runTrain(const Program &program, const TrainOptions &options) {
  return Trainer(program, options).run();
}

} // namespace hashc::runtime
