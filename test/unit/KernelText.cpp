//===- KernelText.cpp - The text of kernels to test -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelText.h"

namespace hashc::test {

static std::string join(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// `%x0, %x1 : memref<..>, memref<..>` of one kind of operand.
static std::string list(const std::string &prefix,
                        const std::vector<Operand> &operands) {
  std::vector<std::string> names, types;
  for (size_t i = 0; i < operands.size(); ++i) {
    names.push_back("%" + prefix + std::to_string(i));
    types.push_back("memref<" + operands[i].type + ">");
  }
  return operands.empty() ? "" : join(names) + " : " + join(types);
}

static std::string spaces(const std::vector<Operand> &operands) {
  std::vector<std::string> names;
  for (const Operand &operand : operands)
    names.push_back(operand.space);
  return " at [" + join(names) + "] ";
}

static std::string words(const KernelText &text) {
  return std::to_string(text.groups + 1 + 2 * text.tokens * text.k) + "xi32";
}

std::string KernelText::planText() const {
  return groups ? "plan(%plan0 : memref<" + words(*this) + ">) " : "";
}

std::string KernelText::attributes() const {
  if (!groups)
    return "";
  return " {plan_shape = !hash.plan<tokens = " + std::to_string(tokens) +
         ", k = " + std::to_string(k) + ", groups = " + std::to_string(groups) +
         ", slots = " + std::to_string(tokens * k) + ">}";
}

static void append(std::vector<std::string> &to, const std::string &prefix,
                   size_t count) {
  for (size_t i = 0; i < count; ++i)
    to.push_back("%" + prefix + std::to_string(i));
}

std::vector<std::string> KernelText::names() const {
  std::vector<std::string> result;
  append(result, "plan", groups ? 1 : 0);
  append(result, "lhs", lhs.size());
  append(result, "rhs", rhs.size());
  append(result, "read", reads.size());
  append(result, "out", outs.size());
  return result;
}

std::vector<std::string> KernelText::types() const {
  std::vector<std::string> result;
  if (groups)
    result.push_back("memref<" + words(*this) + ">");
  for (const std::vector<Operand> *operands : {&lhs, &rhs, &reads, &outs})
    for (const Operand &operand : *operands)
      result.push_back("memref<" + operand.type + ">");
  return result;
}

std::string KernelText::wrap(const std::string &op) const {
  std::vector<std::string> parameters;
  for (size_t i = 0; i < names().size(); ++i)
    parameters.push_back(names()[i] + ": " + types()[i]);
  return "func.func private @kernel(%task: index, " + join(parameters) +
         ") attributes {hash.kernel = {}} {\n  " + op + " {\n  ^bb0(" +
         arguments + "):\n" + body + "\n  }" + attributes() +
         "\n  return\n}\nfunc.func @run(" + join(parameters) +
         ") {\n  hash.launch @kernel tasks 1 (" + join(names()) +
         ") : " + join(types()) + "\n  return\n}\n";
}

std::string KernelText::gemm() const {
  return wrap("hash.grouped_gemm " + planText() + "lhs(" + list("lhs", lhs) +
              ")" + spaces(lhs) + "rhs(" + list("rhs", rhs) + ") " +
              (transposed ? "transposed " : "") + "into " + into + " reads(" +
              list("read", reads) + ")" + spaces(reads) + "outs(" +
              list("out", outs) + ")" + spaces(outs) +
              (zeroDead ? "zero_dead" : ""));
}

std::string KernelText::outer() const {
  return wrap("hash.grouped_outer " + planText() + "lhs(" + list("lhs", lhs) +
              ") rhs(" + list("rhs", rhs) + ") at [" + lhs[0].space + ", " +
              rhs[0].space + "] " + (skipEmpty ? "skip_empty " : "") +
              "reads(" + list("read", reads) + ") outs(" + list("out", outs) +
              ")");
}

std::string KernelText::map() const {
  return wrap("hash.map " + planText() + "reads(" + list("read", reads) + ")" +
              spaces(reads) + "outs(" + list("out", outs) + ")" + spaces(outs) +
              (zeroDead ? "zero_dead" : ""));
}

} // namespace hashc::test
