//===- TableStats.cpp - How tables load experts ---------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/TableCommand.h"

#include "runtime/support/File.h"
#include "runtime/support/Hash.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace hashc::runtime;
using Json = nlohmann::ordered_json;

namespace hashc {

static Json describe(const NamedTable &named,
                     const std::vector<int64_t> &counts,
                     const TableStatsOptions &options) {
  const Table &table = named.table;
  Load load = measureLoad(table, counts);
  std::vector<int64_t> ids = countIds(table);
  Collisions collisions = countCollisions(table, counts, options.mostFrequent);
  return {{"table", named.what},
          {"vocab", table.vocab},
          {"experts", table.groups},
          {"k", table.k},
          {"checksum", toHex(table.getChecksum())},
          {"max_over_mean", load.maxOverMean},
          {"bound", getLoadBound(counts, table.groups, table.k)},
          {"entropy_bits", getEntropy(load)},
          {"dead_experts", load.dead},
          {"ids_per_expert",
           {{"min", *std::min_element(ids.begin(), ids.end())},
            {"max", *std::max_element(ids.begin(), ids.end())}}},
          {"collisions",
           {{"ids", collisions.ids},
            {"pairs", collisions.pairs},
            {"expected", collisions.expected}}},
          {"load", load.counts}};
}

static Json compare(const std::vector<NamedTable> &tables) {
  Json pairs = Json::array();
  for (size_t i = 0; i < tables.size(); ++i)
    for (size_t j = i + 1; j < tables.size(); ++j) {
      const Table &a = tables[i].table, &b = tables[j].table;
      if (a.groups != b.groups || a.k != b.k)
        continue; // their experts have nothing to do with each other
      pairs.push_back({{"tables", {tables[i].what, tables[j].what}},
                       {"agreement", measureAgreement(a, b)},
                       {"expected", static_cast<double>(a.k) /
                                        static_cast<double>(a.groups)}});
    }
  return pairs;
}

/// How many experts have which part of the mean load.
static void printHistogram(const Json &table) {
  constexpr int bins = 9; // of a quarter; the last has no end
  int64_t experts[bins] = {}, total = 0;
  for (const Json &count : table["load"])
    total += count.get<int64_t>();
  double mean = static_cast<double>(total) / table["experts"].get<double>();
  for (const Json &count : table["load"]) {
    double part = mean > 0 ? count.get<double>() / mean : 0;
    ++experts[static_cast<int>(std::min(part * 4, bins - 1.0))];
  }
  int64_t most =
      std::max<int64_t>(1, *std::max_element(experts, experts + bins));
  for (int bin = 0; bin < bins; ++bin)
    std::printf("    %4.2f%s %6lld %s\n", bin * 0.25,
                bin + 1 < bins ? " to less" : " and up",
                static_cast<long long>(experts[bin]),
                std::string(experts[bin] * 40 / most, '#').c_str());
}

static void print(const Json &table) {
  double experts = table["experts"];
  std::printf("%s: %lld ids to %lld of %lld experts, checksum %s\n",
              table["table"].get<std::string>().c_str(),
              table["vocab"].get<long long>(), table["k"].get<long long>(),
              table["experts"].get<long long>(),
              table["checksum"].get<std::string>().c_str());
  std::printf("  load       max / mean %.2f, of which %.2f cannot be avoided\n",
              table["max_over_mean"].get<double>(),
              table["bound"].get<double>());
  std::printf("  entropy    %.3f of %.3f bits\n",
              table["entropy_bits"].get<double>(), std::log2(experts));
  std::printf("  experts    %lld without a token; %lld to %lld ids each\n",
              table["dead_experts"].get<long long>(),
              table["ids_per_expert"]["min"].get<long long>(),
              table["ids_per_expert"]["max"].get<long long>());
  std::printf("  collisions %lld pairs of the %lld most frequent ids share all "
              "experts, of a random table %.1f\n",
              table["collisions"]["pairs"].get<long long>(),
              table["collisions"]["ids"].get<long long>(),
              table["collisions"]["expected"].get<double>());
  std::printf("  experts by load / mean\n");
  printHistogram(table);
}

void printTableStats(const std::vector<NamedTable> &tables,
                     const std::vector<int64_t> &counts,
                     const TableStatsOptions &options) {
  Json json = {{"tables", Json::array()}, {"pairs", compare(tables)}};
  for (const NamedTable &named : tables)
    json["tables"].push_back(describe(named, counts, options));
  if (options.json) {
    std::printf("%s\n", json.dump(2).c_str());
    return;
  }
  for (const Json &table : json["tables"])
    print(table);
  for (const Json &pair : json["pairs"])
    std::printf("%s and %s name the same experts in %.4f of their entries; two "
                "random tables in %.4f\n",
                pair["tables"][0].get<std::string>().c_str(),
                pair["tables"][1].get<std::string>().c_str(),
                pair["agreement"].get<double>(),
                pair["expected"].get<double>());
}

//===----------------------------------------------------------------------===//
// The plot
//===----------------------------------------------------------------------===//

namespace {
/// Coordinates of a plot: x in 0..1, y in units of the mean load.
struct Plot {
  static constexpr double width = 720, height = 400, margin = 48;
  double most = 1; // the highest y
  std::string svg;

  double getX(double x) const { return margin + x * (width - 2 * margin); }
  double getY(double y) const {
    return height - margin - y / most * (height - 2 * margin);
  }
  template <typename... Args> void add(const char *format, Args... args) {
    char line[256];
    std::snprintf(line, sizeof(line), format, args...);
    svg += line;
  }
  void addLine(double y, const char *color, const char *dash) {
    add("<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='%s' "
        "stroke-dasharray='%s'/>\n",
        getX(0), getX(1), getY(y), getY(y), color, dash);
  }
  void addText(double x, double y, const char *color, const std::string &text) {
    add("<text x='%.1f' y='%.1f' fill='%s'>", x, y, color);
    for (char c : text)
      svg += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
    svg += "</text>\n";
  }
};
} // namespace

static constexpr const char *colors[] = {"#1f77b4", "#d62728", "#2ca02c",
                                         "#9467bd", "#ff7f0e", "#8c564b"};

void plotTables(const std::vector<NamedTable> &tables,
                const std::vector<int64_t> &counts, const std::string &path) {
  std::vector<std::vector<double>> loads;
  std::vector<double> bounds;
  Plot plot;
  for (const NamedTable &named : tables) {
    const Table &table = named.table;
    Load load = measureLoad(table, counts);
    double mean = std::max<double>(1, static_cast<double>(load.total)) /
                  static_cast<double>(table.groups);
    std::vector<double> parts;
    for (int64_t count : load.counts)
      parts.push_back(static_cast<double>(count) / mean);
    std::sort(parts.rbegin(), parts.rend());
    bounds.push_back(getLoadBound(counts, table.groups, table.k));
    plot.most = std::max({plot.most, parts[0], bounds.back()});
    loads.push_back(std::move(parts));
  }
  plot.most *= 1.05;
  plot.add("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' "
           "font-family='sans-serif' font-size='12'>\n",
           Plot::width, Plot::height);
  plot.add("<rect width='%.0f' height='%.0f' fill='white'/>\n", Plot::width,
           Plot::height);
  plot.addLine(0, "black", "none");
  plot.addLine(1, "#888", "none");
  plot.addText(
      Plot::margin, Plot::height - 16, "black",
      "experts, from the busiest on; load in units of the mean; dashed: "
      "the bound");
  for (double y : {0.0, 1.0, plot.most / 1.05})
    plot.addText(8, plot.getY(y) + 4, "black", std::to_string(y).substr(0, 4));
  for (size_t i = 0; i < tables.size(); ++i) {
    const char *color = colors[i % std::size(colors)];
    plot.addLine(bounds[i], color, "6 4");
    plot.svg += "<polyline fill='none' stroke='" + std::string(color) +
                "' stroke-width='2' points='";
    auto count = static_cast<double>(loads[i].size());
    for (size_t e = 0; e < loads[i].size(); ++e)
      for (size_t end : {e, e + 1})
        plot.add("%.1f,%.1f ", plot.getX(static_cast<double>(end) / count),
                 plot.getY(loads[i][e]));
    plot.svg += "'/>\n";
    plot.addText(Plot::width / 2, 24 + 16 * static_cast<double>(i), color,
                 tables[i].what);
  }
  writeFileAtomically(path, plot.svg + "</svg>\n");
}

} // namespace hashc
