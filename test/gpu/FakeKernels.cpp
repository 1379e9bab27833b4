//===- FakeKernels.cpp - Kernels that no model brings along ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/gpu/FakeKernels.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace hashc::fake {

static std::string getSetting(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

/// The file of IR that has the kernel.
static std::string findFile(const std::string &kernel) {
  for (const auto &entry :
       std::filesystem::directory_iterator(getSetting("FAKE_KERNELS"))) {
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    if (entry.path().extension() == ".ll" &&
        text.str().find("@" + kernel + "(") != std::string::npos)
      return entry.path();
  }
  return "";
}

bool PlainKernel::find(const std::string &ptx, const std::string &kernel) {
  const size_t begin = ptx.find(".entry " + kernel + "(");
  if (begin == std::string::npos)
    return false;
  const std::string head = ptx.substr(begin, ptx.find(')', begin) - begin);
  const std::regex parameter("\\.param (?:\\.align [0-9]+ )?\\.([a-z0-9]+)");
  for (std::sregex_iterator it(head.begin(), head.end(), parameter), end;
       it != end; ++it)
    parameters.push_back((*it)[1]);
  name = kernel;
  file = findFile(kernel);
  return !file.empty();
}

template <typename Element>
static std::string listElements(const void *data, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes / sizeof(Element); ++i) {
    Element element;
    std::memcpy(&element, static_cast<const char *>(data) + i * sizeof(Element),
                sizeof(Element));
    text += (i ? "," : "") + std::to_string(element);
  }
  return text;
}

/// As elements of 16 bits, for maps are of such. One without a value has what
/// hash-run-kernel fills it with.
static std::string formatBuffer(const void *data, size_t bytes) {
  const std::string all(static_cast<const char *>(data), bytes);
  const std::string type = "i16[" + std::to_string(bytes / 2) + "]";
  if (all.find_first_not_of('\xff') == std::string::npos)
    return type;
  return type + "=" + listElements<int16_t>(data, bytes);
}

std::string PlainKernel::formatArgument(size_t index, void *argument,
                                        const std::map<void *, size_t> &buffers,
                                        void *const *arguments) const {
  const std::string width = parameters[index].substr(1);
  if (width == "32")
    return "i32:" + listElements<int32_t>(argument, 4);
  if (width == "64") {
    auto buffer = buffers.find(*static_cast<void **>(argument));
    return buffer == buffers.end()
               ? "i64:" + listElements<int64_t>(argument, 8)
               : formatBuffer(buffer->first, buffer->second);
  }
  const auto &map = *static_cast<const Map *>(argument);
  size_t target = 0;
  while (*static_cast<void **>(arguments[target]) != map.data)
    ++target;
  auto sizes = [](int64_t rows, int64_t columns) {
    return std::to_string(rows) + "x" + std::to_string(columns);
  };
  return "map:" + std::to_string(target) + "," +
         sizes(map.matrix.rows, map.matrix.columns) + "," +
         sizes(map.matrix.boxRows, map.matrix.boxColumns) + ",128";
}

/// What a program prints; empty if it fails, which it says itself.
static std::string call(const std::vector<std::string> &command) {
  int ends[2];
  if (pipe(ends) != 0)
    return "";
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char *> words;
    for (const std::string &word : command)
      words.push_back(const_cast<char *>(word.c_str()));
    words.push_back(nullptr);
    dup2(ends[1], STDOUT_FILENO);
    execv(words[0], words.data());
    _exit(127);
  }
  close(ends[1]);
  std::string output;
  char chunk[4096];
  for (ssize_t size; (size = read(ends[0], chunk, sizeof(chunk))) > 0;)
    output.append(chunk, size);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? output : "";
}

/// "argument 0: i16[4] = 1 2 3 4"
static void readResult(const std::string &line, void *data) {
  std::istringstream words(line.substr(line.find('=') + 1));
  auto *to = static_cast<int16_t *>(data);
  for (int16_t element; words >> element;)
    *to++ = element;
}

static std::string formatSizes(const unsigned *sizes) {
  return std::to_string(sizes[0]) + "," + std::to_string(sizes[1]) + "," +
         std::to_string(sizes[2]);
}

bool PlainKernel::launch(const unsigned *grid, const unsigned *block,
                         unsigned sharedBytes, void **arguments,
                         const std::map<void *, size_t> &buffers) const {
  std::vector<std::string> command = {getSetting("FAKE_SIMULATOR"),
                                      file,
                                      "--mode=eager,fifo",
                                      "--kernel=" + name,
                                      "--grid=" + formatSizes(grid),
                                      "--block=" + formatSizes(block),
                                      "--shared=" +
                                          std::to_string(sharedBytes)};
  for (size_t i = 0; i < parameters.size(); ++i)
    command.push_back(formatArgument(i, arguments[i], buffers, arguments));
  std::istringstream lines(call(command));
  std::string line;
  size_t results = 0;
  for (; std::getline(lines, line); ++results) {
    const int index = std::stoi(line.substr(std::strlen("argument ")));
    readResult(line, *static_cast<void **>(arguments[index]));
  }
  return results > 0;
}

} // namespace hashc::fake
