#include "gateway/cli/syntax.h"

#include <sstream>

#include "gateway/dataplane/interfaces/check.h"

namespace sluice::cli {

namespace po = boost::program_options;

namespace {

std::string help_of(const Syntax& syntax) {
  std::ostringstream text;
  text << syntax.usage << '\n' << syntax.options << '\n' << syntax.examples;
  return text.str();
}

}  // namespace

po::options_description common_options() {
  po::options_description options("Options");
  options.add_options()("help,h", "print this text");
  return options;
}

std::string text_of(const po::variables_map& values, const char* option) {
  return values.count(option) != 0 ? values[option].as<std::string>() : std::string{};
}

std::optional<std::string> optional_text(const po::variables_map& values, const char* option) {
  if (values.count(option) == 0) return std::nullopt;
  return values[option].as<std::string>();
}

std::vector<std::string> texts_of(const po::variables_map& values, const char* option) {
  if (values.count(option) == 0) return {};
  return values[option].as<std::vector<std::string>>();
}

Result<po::variables_map, Answer> read_options(const Syntax& syntax,
                                               const std::vector<std::string>& words,
                                               const char* positional) {
  po::variables_map values;
  try {
    po::command_line_parser parser(words);
    parser.options(syntax.options);
    po::positional_options_description names;
    if (positional != nullptr) parser.positional(names.add(positional, -1));
    const auto parsed = parser.run();
    // Without positional options Boost reports that there are too many, but not which.
    for (const auto& option : parsed.options) {
      if (!option.string_key.empty()) continue;
      return fail(Answer{
          "sluice: \"" + option.value.front() + "\" is not an option\n" + syntax.usage, kUsage});
    }
    po::store(parsed, values);
    po::notify(values);
  } catch (const po::error& error) {
    return fail(Answer{std::string("sluice: ") + error.what() + "\n" + syntax.usage, kUsage});
  }
  if (values.count("help") != 0) return fail(Answer{help_of(syntax), 0});
  return values;
}

Answer missing(const Syntax& syntax, const std::string& what) {
  return {"sluice: " + what + " is missing\n" + syntax.usage, kUsage};
}

Result<std::optional<io::Kind>, Answer> dataplane_of(const po::variables_map& values) {
  const auto word = optional_text(values, "dataplane");
  if (!word) return std::optional<io::Kind>();
  const auto kind = io::kind_of(*word);
  if (kind) return kind;
  return fail(
      Answer{"sluice: --dataplane: \"" + *word + "\" is not one of pcap, xdp, nfqueue\n", kUsage});
}

}  // namespace sluice::cli
