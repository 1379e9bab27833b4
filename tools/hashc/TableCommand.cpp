//===- TableCommand.cpp - hashc's command for routing tables --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/TableCommand.h"

#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/commands/Usage.h"
#include "runtime/data/Text.h"
#include "runtime/data/Tokens.h"
#include "runtime/support/Error.h"
#include "runtime/support/Hash.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

using namespace hashc::runtime;

namespace hashc {

namespace {

constexpr int64_t kMaxIds = int64_t(1) << 24;
constexpr int64_t kMaxExperts = 65536;

/// What tokens are counted in.
struct DataOptions {
  std::string text, tokenizer = "bytes", tokens, type;
  bool isGiven() const { return !text.empty() || !tokens.empty(); }
};

struct TableCommandLine {
  CLI::App app{"Makes, shows, compares and renumbers routing tables.", "table"};
  CLI::App *build, *show, *stats, *remap;

  TableSettings settings;
  std::optional<uint64_t> seed;
  std::string checkpoint, dtype, name = "tid2eid", output;
  DataOptions data;
  std::vector<std::string> files;
  std::optional<int64_t> experts;
  std::string ids = "0..15", keep, order;
  bool move = false;
  TableStatsOptions statistics;

  TableCommandLine();

private:
  void addBuild();
  void addShow();
  void addStats();
  void addRemap();
  void addFile(CLI::App &command, bool several);
  void addData(CLI::App &command);
  void addOutput(CLI::App &command);
};

} // namespace

TableCommandLine::TableCommandLine() {
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  addBuild();
  addShow();
  addStats();
  addRemap();
}

void TableCommandLine::addData(CLI::App &command) {
  auto *text =
      command.add_option("--data", data.text, "Text whose tokens are counted")
          ->type_name("FILE");
  command
      .add_option("--tokenizer", data.tokenizer,
                  "Its tokenizer: bytes, or a file such as tokenizer.model")
      ->type_name("bytes|FILE")
      ->needs(text);
  auto *tokens = command
                     .add_option("--tokens", data.tokens,
                                 "File of token ids that are counted")
                     ->type_name("FILE")
                     ->excludes(text);
  command
      .add_option("--token-type", data.type,
                  "Its type (default: u16 up to 65536 ids)")
      ->type_name("u16|u32")
      ->check(CLI::IsMember({"u16", "u32"}))
      ->needs(tokens);
}

void TableCommandLine::addOutput(CLI::App &command) {
  command
      .add_option("--dtype", dtype,
                  "Type of the entries (default: int32, or as it was)")
      ->type_name("int32|int64")
      ->check(CLI::IsMember({"int32", "int64"}));
  command.add_option("--name", name, "Name of the tensor")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("-o,--output", output, "File to write")
      ->type_name("FILE.safetensors")
      ->required();
}

void TableCommandLine::addFile(CLI::App &command, bool several) {
  CLI::Option *file =
      command
          .add_option("FILE", files,
                      "A safetensors file or a checkpoint, as FILE#NAME if it "
                      "has several tables")
          ->required();
  if (!several)
    file->expected(1);
  command
      .add_option("--experts", experts,
                  "Number of experts (default: what the file says, else one "
                  "more than the largest entry)")
      ->type_name("N")
      ->check(isCount(1, kMaxExperts));
}

void TableCommandLine::addBuild() {
  build = app.add_subcommand("build", "Make a table and write it to a file");
  build
      ->add_option("--router", settings.algorithm,
                   "random, python_random, balanced, round_robin, clustered or "
                   "dispersed")
      ->type_name("NAME")
      ->required();
  build->add_option("--experts", settings.groups, "Number of experts")
      ->type_name("N")
      ->required()
      ->check(isCount(1, kMaxExperts));
  build->add_option("--vocab", settings.vocab, "Number of ids")
      ->type_name("N")
      ->required()
      ->check(isCount(1, kMaxIds));
  build->add_option("--top", settings.k, "Experts of an id")
      ->type_name("N")
      ->capture_default_str()
      ->check(isCount(1, 64));
  build
      ->add_option("--seed", seed,
                   "Seed of the builder (default: 0, of python_random 42)")
      ->type_name("N")
      ->check(isSeed());
  build
      ->add_option("--checkpoint", checkpoint,
                   "Embeddings of clustered and dispersed, as FILE#NAME if the "
                   "matrix has another name")
      ->type_name("FILE|DIR");
  addData(*build);
  addOutput(*build);
}

void TableCommandLine::addShow() {
  show = app.add_subcommand("show", "Print rows of a table");
  addFile(*show, false);
  show->add_option("--ids", ids, "Ids to show, such as 0..15 or 3,5,8..9")
      ->type_name("LIST")
      ->capture_default_str();
}

void TableCommandLine::addStats() {
  stats = app.add_subcommand(
      "stats", "How evenly tables load experts, and what they share.\nWithout "
               "data every id counts once.");
  addFile(*stats, true);
  addData(*stats);
  stats
      ->add_option("--frequent", statistics.mostFrequent,
                   "Most frequent ids whose collisions are counted")
      ->type_name("N")
      ->capture_default_str()
      ->check(isCount(1, kMaxIds));
  stats->add_flag("--json", statistics.json, "Print one JSON object");
  stats
      ->add_option("--plot", statistics.plot,
                   "Draw the load of each expert, beside the bound")
      ->type_name("FILE.svg");
}

void TableCommandLine::addRemap() {
  remap = app.add_subcommand(
      "remap", "Renumber the experts of a table, after pruning or sorting");
  addFile(*remap, false);
  auto *kept = remap
                   ->add_option("--keep", keep,
                                "Experts to keep, such as 0,2,5..7; they are "
                                "numbered in their order from 0")
                   ->type_name("LIST");
  remap
      ->add_option("--order", order,
                   "As --keep, but numbered in the order of the list")
      ->type_name("LIST")
      ->excludes(kept);
  remap->add_flag("--move", move,
                  "Give ids of experts that are left out to those with the "
                  "fewest ids");
  addOutput(*remap);
}

//===----------------------------------------------------------------------===//
// What options mean
//===----------------------------------------------------------------------===//

/// "0,2,5..7": both ends of a range are in it.
static std::vector<int64_t> parseList(const std::string &option,
                                      const std::string &text) {
  std::vector<int64_t> numbers;
  const char *at = text.data(), *end = at + text.size();
  auto read = [&] {
    int64_t number = 0;
    auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number < 0 || number >= kMaxIds)
      failUsage(option + " is a list of numbers such as 0,2,5..7, not '" +
                text + "'");
    at = next;
    return number;
  };
  for (;;) {
    int64_t first = read(), last = first;
    if (end - at >= 2 && at[0] == '.' && at[1] == '.') {
      at += 2;
      last = read();
    }
    for (int64_t number = first; number <= last; ++number)
      numbers.push_back(number);
    if (at == end && first <= last)
      return numbers;
    if (first > last || *at++ != ',')
      failUsage(option + " is a list of numbers such as 0,2,5..7, not '" +
                text + "'");
  }
}

static std::unique_ptr<Tokenizer> openTokenizer(const std::string &name,
                                                int64_t vocab) {
  if (name == "bytes")
    return loadTokenizer({"bytes", vocab}, {});
  return loadTokenizer({"bpe", vocab}, MappedFile::open(name)->view());
}

/// How often each id occurs; once where there is no data.
static std::vector<int64_t> countData(const DataOptions &data, int64_t vocab) {
  if (!data.isGiven())
    return std::vector<int64_t>(vocab, 1);
  TokenStream stream;
  if (data.text.empty()) {
    int width = data.type.empty() ? 0 : data.type == "u16" ? 2 : 4;
    stream = openTokenFile(data.tokens, width, vocab, -1);
  } else {
    Text text = openText(data.text);
    stream = tokenize(*openTokenizer(data.tokenizer, vocab), text.file,
                      text.bytes, "", data.text);
  }
  std::vector<int64_t> counts(vocab);
  for (int64_t i = 0; i < stream.size(); ++i)
    ++counts[stream.tokens[i]];
  return counts;
}

static DType parseType(const std::string &dtype, DType otherwise) {
  return dtype.empty() ? otherwise : dtype == "int32" ? DType::i32 : DType::i64;
}

/// The number of experts that the file says, or 0.
static int64_t readExperts(const SafetensorsFile &file) {
  std::string text = file.getMetadata("experts");
  int64_t experts = 0;
  std::from_chars(text.data(), text.data() + text.size(), experts);
  return experts > 0 && experts <= kMaxExperts ? experts : 0;
}

/// A checkpoint's table, by its name with or without the @ of its tensor.
static NamedTable openCheckpointTable(const std::string &what,
                                      const TableSettings &settings) {
  Checkpoint checkpoint = Checkpoint::open(getTablePath(settings));
  std::string name = getTensorName(settings);
  std::string list;
  for (const auto &[key, info] : checkpoint.model.getTensors())
    if (key[0] == '@' && info.type == DType::i32) {
      list += (list.empty() ? "" : ", ") + key.substr(1);
      if (name.empty())
        name = key;
    }
  if (list.empty())
    failInput("'" + checkpoint.modelPath + "' has no routing table");
  if (getTensorName(settings).empty() && list.find(", ") != std::string::npos)
    failInput("'" + checkpoint.modelPath + "' holds several tables (" + list +
              "); choose one as \"" + settings.file + "#NAME\"");
  if (name[0] == '@')
    name.erase(0, 1);
  if (!checkpoint.model.find("@" + name)) {
    failInput("'" + checkpoint.modelPath + "' has no table '" + name +
              "'; it has " + list);
  }
  return {what, checkpoint.loadTable(name), DType::i32};
}

static NamedTable openTable(const std::string &what,
                            std::optional<int64_t> experts) {
  TableSettings settings;
  settings.name = settings.file = what;
  settings.algorithm = "file";
  std::string path = findModelFile(getTablePath(settings));
  SafetensorsFile file = SafetensorsFile::open(path);
  if (file.getMetadata("format") == "hashc") {
    NamedTable named = openCheckpointTable(what, settings);
    if (experts && *experts != named.table.groups)
      failInput("'" + what + "' is of " + std::to_string(named.table.groups) +
                " experts, not of " + std::to_string(*experts));
    return named;
  }
  TableTensor tensor = readTable(settings);
  settings.groups = experts.value_or(readExperts(file));
  if (settings.groups == 0)
    settings.groups =
        1 + *std::max_element(tensor.entries.begin(), tensor.entries.end());
  // Negative entries have their message from makeTable.
  settings.groups = std::clamp<int64_t>(settings.groups, 1, kMaxExperts);
  return {what, makeTable(tensor, settings), tensor.type};
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

/// "clustered and dispersed have no use for --data".
static void refuseIdle(const TableCommandLine &line, bool idle,
                       const std::string &option) {
  if (idle)
    failUsage(option + " has no effect on a table that is " +
              line.settings.algorithm);
}

static void checkBuild(const TableCommandLine &line) {
  const std::string &router = line.settings.algorithm;
  std::vector<std::string> known = listBuilders();
  known.erase(std::remove(known.begin(), known.end(), "file"), known.end());
  if (std::find(known.begin(), known.end(), router) == known.end()) {
    std::string nearest = nearestName(router, known), list;
    for (const std::string &name : known)
      list += (list.empty() ? "" : ", ") + name;
    failUsage("there is no router '" + router + "'" +
              (nearest.empty() ? "; there are " + list
                               : "; did you mean '" + nearest + "'?"));
  }
  bool embeds = router == "clustered" || router == "dispersed";
  refuseIdle(line, !embeds && !line.checkpoint.empty(), "--checkpoint");
  refuseIdle(line, !needsCounts(line.settings) && line.data.isGiven(),
             line.data.text.empty() ? "--tokens" : "--data");
  refuseIdle(line, router == "round_robin" && line.seed, "--seed");
  if (embeds && line.checkpoint.empty())
    failUsage(router + " reads the embeddings of a trained model: give it with "
                       "--checkpoint");
  if (needsCounts(line.settings) && !line.data.isGiven())
    failUsage("balanced counts tokens: give it a text with --data or token ids "
              "with --tokens");
}

static int runBuild(TableCommandLine &line) {
  checkBuild(line);
  TableSettings &settings = line.settings;
  settings.name = line.name;
  settings.file = line.checkpoint;
  settings.seed =
      line.seed.value_or(settings.algorithm == "python_random" ? 42 : 0);
  std::vector<int64_t> counts;
  if (needsCounts(settings))
    counts = countData(line.data, settings.vocab);
  Table table = buildTable(settings, &counts);
  saveTable(line.output, table, parseType(line.dtype, DType::i32), line.name);
  return 0;
}

/// The ids to show: those asked for, or the first ones.
static std::vector<int64_t> chooseIds(const TableCommandLine &line,
                                      const NamedTable &named) {
  std::vector<int64_t> ids = parseList("--ids", line.ids);
  int64_t vocab = named.table.vocab;
  auto outside = [&](int64_t id) { return id >= vocab; };
  if (line.show->count("--ids") == 0)
    ids.erase(std::remove_if(ids.begin(), ids.end(), outside), ids.end());
  auto wrong = std::find_if(ids.begin(), ids.end(), outside);
  if (wrong != ids.end())
    failInput("'" + named.what + "' has no row " + std::to_string(*wrong) +
              "; its ids are 0 to " + std::to_string(vocab - 1));
  return ids;
}

static int runShow(const TableCommandLine &line) {
  NamedTable named = openTable(line.files[0], line.experts);
  const Table &table = named.table;
  std::vector<int64_t> ids = chooseIds(line, named);
  std::printf("%s: %s %s, experts 0 to %lld, checksum %s\n", named.what.c_str(),
              named.type == DType::i32 ? "int32" : "int64",
              formatShape({table.vocab, table.k}).c_str(),
              static_cast<long long>(table.groups - 1),
              toHex(table.getChecksum()).c_str());
  for (int64_t id : ids) {
    std::printf("%7lld:", static_cast<long long>(id));
    for (int64_t j = 0; j < table.k; ++j)
      std::printf(" %d", table.entries[id * table.k + j]);
    std::printf("\n");
  }
  return 0;
}

static int runStats(const TableCommandLine &line) {
  std::vector<NamedTable> tables;
  for (const std::string &file : line.files)
    tables.push_back(openTable(file, line.experts));
  for (const NamedTable &named : tables)
    if (named.table.vocab != tables[0].table.vocab)
      failInput("'" + named.what + "' has " +
                std::to_string(named.table.vocab) + " ids and '" +
                tables[0].what + "' " + std::to_string(tables[0].table.vocab) +
                ": they cannot be compared");
  std::vector<int64_t> counts = countData(line.data, tables[0].table.vocab);
  if (!line.statistics.plot.empty())
    plotTables(tables, counts, line.statistics.plot);
  printTableStats(tables, counts, line.statistics);
  return 0;
}

static int runRemap(const TableCommandLine &line) {
  if (line.keep.empty() && line.order.empty())
    failUsage("--keep or --order says which experts stay");
  NamedTable named = openTable(line.files[0], line.experts);
  std::vector<int64_t> kept = line.order.empty()
                                  ? parseList("--keep", line.keep)
                                  : parseList("--order", line.order);
  if (line.order.empty())
    std::sort(kept.begin(), kept.end());
  Table table =
      remapTable(named.table, kept, line.move, "'" + named.what + "'");
  saveTable(line.output, table, parseType(line.dtype, named.type), line.name);
  return 0;
}

int runTableCommand(int argc, char **argv) {
  return runGuarded([&] {
    TableCommandLine line;
    line.app.name("hashc table");
    if (std::optional<int> code = parse(line.app, argc, argv))
      return *code;
    if (line.build->parsed())
      return runBuild(line);
    if (line.show->parsed())
      return runShow(line);
    if (line.stats->parsed())
      return runStats(line);
    return runRemap(line);
  });
}

} // namespace hashc
