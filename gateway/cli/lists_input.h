#pragma once

// Lists on the command line, as all `sluice lists` commands take them. Private to cli/.

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "gateway/cli/command_line.h"
#include "gateway/cli/syntax.h"

namespace sluice::cli {

// The options of a ListsInput; `list` takes the words without an option.
void add_input(boost::program_options::options_description& options);
[[nodiscard]] Result<ListsInput, Answer> read_input(
    const Syntax& syntax, const boost::program_options::variables_map& values);

// `app`: of words that name no app; null: the name of the file.
[[nodiscard]] Result<std::vector<ListWord>, Answer> read_lists(
    const std::vector<std::string>& words, const char* app);
// The value of --format; none: auto, or not given.
[[nodiscard]] Result<lists::FormatChoice, Answer> format_of(
    const boost::program_options::variables_map& values);

}  // namespace sluice::cli
