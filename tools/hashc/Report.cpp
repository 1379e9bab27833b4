//===- Report.cpp - What was compiled, for a reader ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/Report.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include <map>

using namespace llvm;

namespace hashc {
namespace {

StringRef text(const json::Object &object, StringRef key) {
  return object.getString(key).value_or("");
}

int64_t number(const json::Object &object, StringRef key) {
  return object.getInteger(key).value_or(0);
}

/// Calls `visit` with every object of the array `key`.
void forEach(const json::Object &object, StringRef key,
             function_ref<void(const json::Object &)> visit) {
  if (const json::Array *array = object.getArray(key))
    for (const json::Value &value : *array)
      if (const json::Object *entry = value.getAsObject())
        visit(*entry);
}

std::string shapeOf(const json::Object &param) {
  std::string shape;
  if (const json::Array *sizes = param.getArray("shape"))
    for (const json::Value &size : *sizes)
      shape += (shape.empty() ? "" : " x ") +
               std::to_string(size.getAsInteger().value_or(0));
  return shape;
}

int64_t sizeOf(const json::Object &param) {
  int64_t size = 1;
  if (const json::Array *sizes = param.getArray("shape"))
    for (const json::Value &extent : *sizes)
      size *= extent.getAsInteger().value_or(1);
  return size;
}

void printParameters(const json::Object &root, raw_ostream &out) {
  int64_t total = 0, count = 0;
  forEach(root, "params", [&](const json::Object &param) {
    total += sizeOf(param);
    ++count;
  });
  out << "parameters: " << total << " in " << count << " tensors\n";
  forEach(root, "params", [&](const json::Object &param) {
    out << "  " << left_justify(text(param, "name"), 36)
        << left_justify(shapeOf(param), 22) << text(param, "dtype")
        << (number(param, "panel") ? ", in panels" : "") << '\n';
  });
}

void printRouting(const json::Object &root, raw_ostream &out) {
  forEach(root, "tables", [&](const json::Object &table) {
    out << "table " << text(table, "name") << ": " << text(table, "algorithm")
        << ", " << number(table, "vocab") << " ids to "
        << number(table, "groups") << " experts\n";
  });
}

void printMemory(const json::Object &root, raw_ostream &out) {
  out << "arena:\n";
  forEach(root, "entries", [&](const json::Object &entry) {
    out << "  " << left_justify(text(entry, "name"), 14)
        << format("%12.2f MiB\n", number(entry, "arena_bytes") / 1048576.0);
  });
}

/// Kernels that do the same for the same entry point are one line.
void printKernels(const json::Object &root, raw_ostream &out) {
  struct Sum {
    int64_t launches = 0;
    double flops = 0, bytes = 0;
  };
  std::map<std::pair<std::string, std::string>, Sum> sums;
  forEach(root, "kernels", [&](const json::Object &kernel) {
    Sum &sum = sums[{text(kernel, "entry").str(), text(kernel, "op").str()}];
    ++sum.launches;
    sum.flops += number(kernel, "flops");
    sum.bytes += number(kernel, "bytes");
  });
  out << "kernels:\n";
  for (const auto &[key, sum] : sums)
    out << "  " << left_justify(key.first, 14) << left_justify(key.second, 22)
        << format("%4lld launches %10.3f GFLOP %10.2f MB\n",
                  static_cast<long long>(sum.launches), sum.flops * 1e-9,
                  sum.bytes * 1e-6);
}

/// The arithmetic and the memory of a launch of each kernel, by its name.
struct Cost {
  int64_t launches = 0;
  double flops = 0, bytes = 0;
};
std::map<std::string, Cost> getCosts(const json::Object &root) {
  std::map<std::string, Cost> costs;
  forEach(root, "kernels", [&](const json::Object &kernel) {
    Cost &cost = costs[text(kernel, "kernel").str()];
    ++cost.launches;
    cost.flops = number(kernel, "flops");
    cost.bytes = number(kernel, "bytes");
  });
  return costs;
}

void printUsage(const json::Object &root, ArrayRef<KernelUsage> usage,
                raw_ostream &out) {
  if (usage.empty())
    return;
  StringRef arch = text(root, "arch");
  std::map<std::string, Cost> costs = getCosts(root);
  out << "on the GPU, by ptxas; the least time of a launch is at the peak of "
         "an "
      << describePeaks(arch) << ":\n  " << left_justify("kernel", 24)
      << "launches threads registers shared  stack spills blocks at once"
         "             GFLOP       MB  at least\n";
  for (const KernelUsage &kernel : usage) {
    const Cost &cost = costs[kernel.name];
    const Occupancy occupancy = getOccupancy(kernel, arch);
    out << "  " << left_justify(kernel.name, 24)
        << format("%8lld %7lld %9lld %6lld %6lld %6lld ",
                  (long long)cost.launches, (long long)kernel.threads,
                  (long long)kernel.registers, (long long)kernel.shared,
                  (long long)kernel.stack, (long long)kernel.spills)
        << left_justify(
               (Twine(occupancy.blocks) + ", for " + occupancy.limit).str(), 23)
        << format("%9.3f %8.2f %6.1f us", cost.flops * 1e-9, cost.bytes * 1e-6,
                  getRooflineTime(kernel, arch, cost.flops, cost.bytes))
        << (kernel.tensorCores.empty() ? "" : ", " + kernel.tensorCores)
        << '\n';
  }
}

json::Value toJson(const KernelUsage &kernel, StringRef arch) {
  return json::Object{{"name", kernel.name},
                      {"threads", kernel.threads},
                      {"registers", kernel.registers},
                      {"shared_bytes", kernel.shared},
                      {"stack_bytes", kernel.stack},
                      {"spill_bytes", kernel.spills},
                      {"tensor_cores", kernel.tensorCores},
                      {"blocks_at_once", getOccupancy(kernel, arch).blocks}};
}

} // namespace

void printReportAsJson(StringRef descriptor, ArrayRef<KernelUsage> usage,
                       raw_ostream &out) {
  Expected<json::Value> value = json::parse(descriptor);
  json::Object *root = value ? value->getAsObject() : nullptr;
  if (!root || usage.empty()) {
    consumeError(value.takeError());
    out << descriptor << '\n';
    return;
  }
  json::Array kernels;
  for (const KernelUsage &kernel : usage)
    kernels.push_back(toJson(kernel, text(*root, "arch")));
  (*root)["gpu_kernels"] = std::move(kernels);
  out << *value << '\n';
}

void printReport(StringRef descriptor, ArrayRef<KernelUsage> usage,
                 raw_ostream &out) {
  Expected<json::Value> value = json::parse(descriptor);
  if (!value) {
    consumeError(value.takeError());
    return;
  }
  const json::Object *root = value->getAsObject();
  if (!root)
    return;
  out << text(*root, "name") << " for " << text(*root, "target") << " ("
      << text(*root, "arch") << "), fuse = " << text(*root, "fuse") << '\n';
  printParameters(*root, out);
  printRouting(*root, out);
  printMemory(*root, out);
  printKernels(*root, out);
  printUsage(*root, usage, out);
}

} // namespace hashc
