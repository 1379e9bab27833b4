//===- Usage.cpp - Command lines with CLI11 -------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Usage.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <new>

namespace hashc::runtime {

/// CLI11's ranges of real numbers let NaN through and print 300 digits.
CLI::Validator isNumber(bool positive) {
  return CLI::Validator(
      [positive](std::string &text) -> std::string {
        double value = std::numeric_limits<double>::quiet_NaN();
        if (CLI::detail::lexical_cast(text, value) && std::isfinite(value) &&
            (positive ? value > 0 : value >= 0))
          return "";
        return "'" + text + "' is not a " +
               (positive ? "number above 0" : "number of at least 0");
      },
      "");
}

/// A whole number from `low` to `high`, which is said as `most`. CLI11's own
/// conversions take -1 for 2^64 - 1, and its ranges call "abc" out of range.
template <typename Number>
static CLI::Validator isWhole(Number low, Number high,
                              const std::string &most) {
  std::string range = std::to_string(low) + " to " + most;
  return CLI::Validator(
      [=](std::string &text) -> std::string {
        Number value = 0;
        const char *end = text.data() + text.size();
        auto [last, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc() && last == end && value >= low &&
            value <= high)
          return "";
        return "'" + text + "' is not a whole number from " + range;
      },
      "");
}

CLI::Validator isCount(int64_t low, int64_t high) {
  return isWhole(low, high, std::to_string(high));
}

CLI::Validator isSeed() { return isWhole<uint64_t>(0, UINT64_MAX, "2^64 - 1"); }

/// Names every command; CLI11 says only that one is missing.
static std::string describeMissing(CLI::App &app, int argc,
                                   const char *const *argv) {
  std::vector<std::string> names;
  std::string list;
  for (CLI::App *command :
       app.get_subcommands([](const CLI::App *) { return true; })) {
    names.push_back(command->get_name());
    list += (list.empty() ? "" : ", ") + command->get_name();
  }
  if (argc < 2 || argv[1][0] == '-')
    return "a command is required: " + list;
  std::string nearest = nearestName(argv[1], names);
  return std::string("there is no command '") + argv[1] + "'" +
         (nearest.empty() ? "; there are " + list
                          : "; did you mean '" + nearest + "'?");
}

/// "there is no option '--stpes'; did you mean '--steps'?"
static std::string describeExtra(const CLI::App &app) {
  std::vector<std::string> extras = app.remaining(/*recurse=*/true);
  auto found =
      std::find_if(extras.begin(), extras.end(),
                   [](const std::string &word) { return word[0] == '-'; });
  if (found == extras.end())
    return "'" + extras[0] + "' belongs to no option";
  std::string word = found->substr(0, found->find('='));
  std::vector<std::string> names;
  for (const CLI::Option *option : app.get_subcommands()[0]->get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  std::string nearest = nearestName(word, names);
  return "there is no option '" + word + "'" +
         (nearest.empty() ? "" : "; did you mean '" + nearest + "'?");
}

static std::string describe(const CLI::App &app, const CLI::ParseError &error) {
  std::string message = error.what();
  if (dynamic_cast<const CLI::ExtrasError *>(&error))
    return describeExtra(app);
  if (!dynamic_cast<const CLI::ArgumentMismatch *>(&error))
    return message;
  bool several = message.find("At Most") != std::string::npos;
  return message.substr(0, message.find(':')) +
         (several ? " is given more than once" : " needs a value");
}

std::optional<int> parse(CLI::App &app, int argc, const char *const *argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    std::string message = app.get_subcommands().empty()
                              ? describeMissing(app, argc, argv)
                              : describe(app, error);
    std::fprintf(stderr, "error: %s\n", message.c_str());
    std::fprintf(stderr, "Run with --help for what there is.\n");
    return static_cast<int>(ExitCode::usage);
  }
}

int runGuarded(const std::function<int()> &run) {
  try {
    int code = run();
    int error = std::fflush(stdout) != 0 ? errno : 0;
    // An earlier write may have failed; nobody kept its reason.
    if (error != 0 || std::ferror(stdout))
      failSystem("write to", "standard output", error != 0 ? error : EIO);
    return code;
  } catch (const UserError &error) {
    std::fflush(stdout);
    std::fprintf(stderr, "error: %s\n", error.what());
    return static_cast<int>(error.getCode());
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "error: not enough memory\n");
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
  }
  return static_cast<int>(ExitCode::environment);
}

} // namespace hashc::runtime
