#pragma once

// The options of one command, read with Boost.Program_options, and the messages about mistakes.
// Private to cli/.

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/cli/command_line.h"

namespace sluice::cli {

inline constexpr int kUsage = 2;  // exit status of a mistake

struct Syntax {
  const char* usage;
  const char* examples;
  boost::program_options::options_description options;
};

// With `--help`.
[[nodiscard]] boost::program_options::options_description common_options();

// The options of one command; an Answer for --help and for mistakes. `positional` is the option
// that takes words without an option; null: such words are mistakes.
[[nodiscard]] Result<boost::program_options::variables_map, Answer> read_options(
    const Syntax& syntax, const std::vector<std::string>& words, const char* positional = nullptr);

[[nodiscard]] Answer missing(const Syntax& syntax, const std::string& what);

// Empty if the option was not given.
[[nodiscard]] std::string text_of(const boost::program_options::variables_map& values,
                                  const char* option);
[[nodiscard]] std::optional<std::string> optional_text(
    const boost::program_options::variables_map& values, const char* option);
[[nodiscard]] std::vector<std::string> texts_of(const boost::program_options::variables_map& values,
                                                const char* option);

// The value of --dataplane; none: not given. Error: what to say.
[[nodiscard]] Result<std::optional<io::Kind>, Answer> dataplane_of(
    const boost::program_options::variables_map& values);

}  // namespace sluice::cli
