#pragma once

// Words of a command line to what they mean, for tests of the commands.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "gateway/cli/command_line.h"

namespace sluice::cli {

using Words = std::vector<std::string>;

template <typename Wanted>
Wanted parse_as(const Words& words) {
  const auto command = parse_command_line(words);
  if (!command || !std::holds_alternative<Wanted>(*command)) {
    ADD_FAILURE() << (command ? "another command" : command.error().text);
    return {};
  }
  return std::get<Wanted>(*command);
}

inline Answer answer_to(const Words& words) {
  const auto command = parse_command_line(words);
  if (command) {
    ADD_FAILURE() << "a command, not an answer: " << testing::PrintToString(words);
    return {};
  }
  return command.error();
}

struct Wrong {
  const char* name;
  Words words;
  const char* says;
};

inline void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << testing::PrintToString(wrong.words);
}

// command_line_test.cpp says what holds of each; every command has its own rows.
class WrongUsage : public testing::TestWithParam<Wrong> {};

}  // namespace sluice::cli
