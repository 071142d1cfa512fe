#include "gateway/cli/bundle_command_line.h"

#include <charconv>
#include <limits>

#include "gateway/cli/lists_input.h"
#include "gateway/cli/syntax.h"
#include "lists/bundle/manifest.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

constexpr std::uint64_t kDaysIfNotGiven = 30;
constexpr std::uint64_t kMostDays = 36'500;

auto text(const char* name) {
  return po::value<std::string>()->value_name(name);
}
auto texts(const char* name) {
  return po::value<std::vector<std::string>>()->value_name(name)->composing();
}

Syntax keygen_syntax() {
  Syntax syntax{
      "usage: sluice lists keygen --out PREFIX\n"
      "Makes a key (Ed25519) that signs bundles: PREFIX.key, which must stay secret, and "
      "PREFIX.pub, "
      "which\n"
      "gateways trust. Both are PEM files, as openssl makes them too. No file is overwritten.\n",
      "examples:\n"
      "  sluice lists keygen --out department-2026\n"
      "exit status: 0, 2 error (no key was made)\n",
      common_options()};
  syntax.options.add_options()("out,o", text("PREFIX"), "in front of .key and .pub");
  return syntax;
}

Syntax sign_syntax() {
  Syntax syntax{
      "usage: sluice lists sign --key FILE --version N --out BUNDLE [OPTIONS] LIST…\n"
      "       sluice lists sign --key FILE --add BUNDLE --trusted FILE [--out BUNDLE]\n"
      "Puts lists and images into one signed file. A LIST is FILE or APP=FILE, or an image, which "
      "has\n"
      "its apps inside. Refused lines are reported, and gateways will refuse them too. --add puts "
      "a\n"
      "further signature into a bundle that a trusted key signed: for the change to a new key.\n",
      "examples:\n"
      "  sluice lists sign --key ops.key --version 12 --out bans.bundle chat.list mail=m.hosts\n"
      "  sluice lists sign --key ops.key --version 13 --valid-until 2027-01-31 --author 'Network "
      "ops' \\\n"
      "    --out bans.bundle names.image\n"
      "  sluice lists sign --key new.key --add bans.bundle --trusted ops.pub\n"
      "exit status: 0, 1 some lines were refused, 2 error (no bundle was written)\n",
      common_options()};
  syntax.options.add_options()("key", text("FILE"), "private key, as lists keygen makes it")(
      "version", text("N"), "a whole number; each bundle has a higher one than the last")(
      "valid-for", text("DAYS"), "how long gateways take it; default 30")(
      "valid-until", text("TIME"),
      "the same as a day or a time in UTC: 2027-01-31, "
      "2027-01-31T12:00:00Z")("author", text("TEXT"), "who made it, for people")(
      "out,o", text("BUNDLE"), "file to write; it replaces an old bundle only when it is complete")(
      "add", text("BUNDLE"), "bundle that gets a further signature, without lists")(
      "trusted", texts("FILE"), "with --add: public keys, of which one has signed it");
  add_input(syntax.options);
  return syntax;
}

Syntax verify_syntax() {
  Syntax syntax{
      "usage: sluice lists verify --trusted FILE [OPTIONS] BUNDLE\n"
      "Says whether a gateway would take a bundle, what is in it and who signed it.\n",
      "examples:\n"
      "  sluice lists verify --trusted ops.pub bans.bundle\n"
      "  sluice lists verify --trusted ops.pub --trusted new.pub --minimum-version 12 --json "
      "bans.bundle\n"
      "exit status: 0, 1 it is refused, 2 wrong usage, or a file cannot be read\n",
      common_options()};
  syntax.options.add_options()("trusted", texts("FILE"),
                               "public keys, one or several in a file; one has to have signed")(
      "minimum-version", text("N"), "refuse older ones")(
      "at", text("TIME"), "verify for that day or time (UTC) instead of now")(
      "json", "print a JSON object")("bundle", texts("BUNDLE"), "the same as BUNDLE");
  return syntax;
}

Answer wrong(const char* option, const std::string& word, const std::string& wanted) {
  return {std::string("sluice: --") + option + ": \"" + word + "\" is not " + wanted + "\n",
          kUsage};
}

Result<std::optional<std::uint64_t>, Answer> number_of(const po::variables_map& values,
                                                       const char* option, std::uint64_t most) {
  const auto word = optional_text(values, option);
  if (!word) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = word->data() + word->size();
  const auto read = std::from_chars(word->data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || number < 1 || number > most) {
    return fail(wrong(option, *word, "a whole number from 1 to " + std::to_string(most)));
  }
  return number;
}

Result<std::optional<std::chrono::sys_seconds>, Answer> time_of(const po::variables_map& values,
                                                                const char* option) {
  const auto word = optional_text(values, option);
  if (!word) return std::nullopt;
  auto time = lists::parse_time(*word);
  if (!time) time = lists::parse_time(*word + "T00:00:00Z");
  if (time) return time;
  return fail(wrong(option, *word, "a time: 2027-01-31 or 2027-01-31T12:00:00Z"));
}

// What only goes with lists.
const char* superfluous_for_add(const po::variables_map& values) {
  for (const char* option : {"version", "valid-for", "valid-until", "author", "list", "exceptions",
                             "format", "critical", "popular", "force"}) {
    if (values.count(option) != 0) return option;
  }
  return nullptr;
}

Result<Command, Answer> cosign_of(const Syntax& syntax, const po::variables_map& values) {
  ListsCosignCommand command{.bundle = text_of(values, "add"),
                             .key = text_of(values, "key"),
                             .out = text_of(values, "out"),
                             .trusted = texts_of(values, "trusted")};
  if (const char* const option = superfluous_for_add(values)) {
    const bool is_list = std::string_view(option) == "list";
    return fail(Answer{"sluice: --add takes a finished bundle, and no " +
                           (is_list ? std::string("lists") : std::string("--") + option) + "\n",
                       kUsage});
  }
  if (command.bundle.empty()) return fail(missing(syntax, "BUNDLE"));
  if (command.trusted.empty()) return fail(missing(syntax, "--trusted"));
  if (command.out.empty()) command.out = command.bundle;
  return command;
}

}  // namespace

Result<Command, Answer> parse_keygen(const std::vector<std::string>& words) {
  const Syntax syntax = keygen_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  ListsKeygenCommand command{text_of(*values, "out")};
  if (command.out.empty()) return fail(missing(syntax, "--out"));
  return command;
}

Result<Command, Answer> parse_sign(const std::vector<std::string>& words) {
  const Syntax syntax = sign_syntax();
  const auto values = read_options(syntax, words, "list");
  if (!values) return fail(values.error());
  if (text_of(*values, "key").empty()) return fail(missing(syntax, "--key"));
  if (values->count("add") != 0) return cosign_of(syntax, *values);
  if (values->count("trusted") != 0) {
    return fail(Answer{"sluice: --trusted goes with --add\n", kUsage});
  }
  const auto version = number_of(*values, "version", lists::kMaxVersion);
  if (!version) return fail(version.error());
  if (!*version) return fail(missing(syntax, "--version"));
  const std::string out = text_of(*values, "out");
  if (out.empty()) return fail(missing(syntax, "--out"));
  const auto days = number_of(*values, "valid-for", kMostDays);
  if (!days) return fail(days.error());
  const auto until = time_of(*values, "valid-until");
  if (!until) return fail(until.error());
  if (*days && *until) {
    return fail(Answer{"sluice: --valid-for and --valid-until are mutually exclusive\n", kUsage});
  }
  auto input = read_input(syntax, *values);
  if (!input) return fail(std::move(input.error()));
  return ListsSignCommand{.input = std::move(*input),
                          .key = text_of(*values, "key"),
                          .out = out,
                          .version = version->value_or(0),
                          .valid_for = std::chrono::days(days->value_or(kDaysIfNotGiven)),
                          .valid_until = *until,
                          .author = text_of(*values, "author")};
}

Result<Command, Answer> parse_verify(const std::vector<std::string>& words) {
  const Syntax syntax = verify_syntax();
  const auto values = read_options(syntax, words, "bundle");
  if (!values) return fail(values.error());
  const std::vector<std::string> bundles = texts_of(*values, "bundle");
  if (bundles.empty()) return fail(missing(syntax, "BUNDLE"));
  if (bundles.size() > 1) {
    return fail(
        Answer{"sluice: \"" + bundles[1] + "\": verify takes one bundle\n" + syntax.usage, kUsage});
  }
  ListsVerifyCommand command{.bundle = bundles.front(),
                             .trusted = texts_of(*values, "trusted"),
                             .json = values->count("json") != 0};
  if (command.trusted.empty()) return fail(missing(syntax, "--trusted"));
  const auto minimum = number_of(*values, "minimum-version", lists::kMaxVersion);
  if (!minimum) return fail(minimum.error());
  command.minimum_version = minimum->value_or(0);
  const auto at = time_of(*values, "at");
  if (!at) return fail(at.error());
  command.at = *at;
  return command;
}

}  // namespace sluice::cli
