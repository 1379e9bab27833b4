//===- Log.cpp - The JSON-lines log of a training run ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Log.h"

#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/support/Error.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace hashc::runtime {

using Json = nlohmann::ordered_json;

Log::Log(const std::string &path, int64_t resumeStep) : path(path) {
  if (path.empty())
    return;
  if (resumeStep >= 0)
    trimLog(path, resumeStep);
  else
    checkLog(path);
  int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  descriptor =
      open(path.c_str(), resumeStep >= 0 ? flags : flags | O_TRUNC, 0666);
  if (descriptor < 0)
    failSystem("write", path, errno);
}

Log::~Log() {
  if (descriptor >= 0)
    close(descriptor);
}

void Log::writeLine(std::string line) {
  line += '\n';
  for (size_t begin = 0; begin < line.size();) {
    ssize_t count =
        ::write(descriptor, line.data() + begin, line.size() - begin);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      failSystem("write", path, errno);
    begin += static_cast<size_t>(count);
  }
}

void Log::write(const StepRecord &record) {
  if (descriptor < 0)
    return;
  Json json = {{"step", record.step},
               {"loss", record.loss},
               {"lr", record.lr},
               {"tokens", record.tokens},
               {"tokens_per_s", record.tokensPerSecond},
               {"grad_norm", record.gradNorm}};
  for (const auto &[name, value] : record.aux)
    json["aux"][name] = value;
  for (const RouterRecord &router : record.routers)
    json["routers"][router.path] = {{"dropped", router.dropped},
                                    {"max_over_mean", router.maxOverMean}};
  if (!record.causal)
    json["non_causal"] = true;
  writeLine(json.dump());
}

void Log::write(const EvalRecord &record) {
  if (descriptor < 0)
    return;
  Json json = {{"step", record.step},
               {"valid_loss", record.loss},
               {"valid_ppl", record.perplexity}};
  if (!record.causal)
    json["non_causal"] = true;
  writeLine(json.dump());
}

} // namespace hashc::runtime
