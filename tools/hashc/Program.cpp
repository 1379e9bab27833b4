//===- Program.cpp - Programs that hashc runs -----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/Program.h"

#include "tools/hashc/Output.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace llvm;

namespace hashc {

Error runProgram(ArrayRef<std::string> command, StringRef doing,
                 std::string *said) {
  Expected<TemporaryFile> log = TemporaryFile::createElsewhere(".log");
  if (!log)
    return log.takeError();
  SmallVector<StringRef> arguments(command.begin(), command.end());
  std::optional<StringRef> redirects[] = {std::nullopt, log->getPath(),
                                          log->getPath()};
  std::string message;
  int status = sys::ExecuteAndWait(command.front(), arguments, std::nullopt,
                                   redirects, 0, 0, &message);
  ErrorOr<std::unique_ptr<MemoryBuffer>> output =
      MemoryBuffer::getFile(log->getPath());
  if (said && output)
    *said = (*output)->getBuffer().str();
  if (status == 0)
    return Error::success();
  return createStringError(
      doing + " failed: " + message + "\n" +
      (output ? (*output)->getBuffer().rtrim() : StringRef()));
}

} // namespace hashc
