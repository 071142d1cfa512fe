// `sluice lists sign`: lists and images into a signed bundle, after they went through what a
// gateway does with them; and a further signature for a finished bundle.

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "filters/match/image_parts.h"
#include "gateway/app/commands.h"
#include "gateway/app/lists_keys.h"
#include "gateway/app/setup.h"
#include "gateway/cli/lists_report.h"
#include "lists/bundle/bundle.h"
#include "lists/compile/compile.h"
#include "lists/compile/image_memory.h"
#include "lists/compile/load.h"
#include "lists/compile/replace_file.h"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNotes = 100;  // `lists lint` prints all
constexpr mode_t kMode = 0644;          // a bundle is published

std::chrono::sys_seconds this_second() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// A file that goes into the bundle. It is read once, so that what was checked is what is signed.
struct Input {
  std::string file;
  lists::Member member;
  lists::LoadedFile loaded;
};

// As the file is called; with a number if another member is called so already.
std::string name_for(const fs::path& file, const std::deque<Input>& others) {
  std::string name = file.filename().string();
  const auto is_taken = [&](const Input& other) { return other.member.name == name; };
  for (int i = 2; std::ranges::any_of(others, is_taken); ++i) {
    name = file.stem().string() + "-" + std::to_string(i) + file.extension().string();
  }
  return name;
}

Result<void, std::string> add(std::deque<Input>& inputs, const cli::ListWord& word,
                              lists::MemberKind kind) {
  auto loaded = lists::load_file(word.file, lists::kMaxBundle);
  if (!loaded) return fail(loaded.error());
  if (lists::looks_like_bundle(loaded->text)) return fail(std::string("a bundle, not a list"));
  lists::Member member{.name = name_for(word.file, inputs), .kind = kind, .app = word.app};
  if (!lists::is_safe_member_name(member.name)) {
    return fail(std::string("its name needs other signs than letters, digits and ._+-"));
  }
  if (loaded->text.starts_with(match::kImageMagic)) {
    if (kind == lists::MemberKind::exceptions) return fail(std::string("an image, not a list"));
    if (member.app != fs::path(word.file).stem().string()) {
      return fail(std::string("an image has its apps inside; write it without APP="));
    }
    member.kind = lists::MemberKind::image;
    member.app.clear();
  }
  inputs.push_back({word.file, std::move(member), std::move(*loaded)});
  return {};
}

Result<std::deque<Input>, std::string> read_inputs(const cli::ListsInput& words) {
  std::deque<Input> inputs;
  for (const cli::ListWord& word : words.lists) {
    const auto added = add(inputs, word, lists::MemberKind::list);
    if (!added) return fail(word.file + ": " + added.error());
  }
  for (const cli::ListWord& word : words.exceptions) {
    const auto added = add(inputs, word, lists::MemberKind::exceptions);
    if (!added) return fail(word.file + ": " + added.error());
  }
  return inputs;
}

lists::ListSpec spec_of(const Input& input, const cli::ListsInput& words) {
  const auto read = [&loaded = input.loaded]() -> Result<lists::ListText, std::string> {
    return lists::ListText{std::pmr::string(loaded.text, lists::huge_pages()),
                           lists::short_digest(loaded.text), loaded.modified};
  };
  return {.name = input.member.name,
          .source = lists::Source(input.file, read),
          .format = words.format ? *words.format : lists::format_of_file(input.file),
          .app = input.member.app,
          .exceptions = input.member.kind == lists::MemberKind::exceptions};
}

// Compiles the lists and fills in their formats. The number of refused lines.
Result<std::uint64_t, std::string> check_lists(std::deque<Input>& inputs,
                                               const cli::ListsInput& words,
                                               const lists::CompileOptions& options) {
  std::vector<lists::ListSpec> specs;
  std::vector<Input*> sources;
  for (Input& input : inputs) {
    if (input.member.kind == lists::MemberKind::image) continue;
    specs.push_back(spec_of(input, words));
    sources.push_back(&input);
  }
  if (specs.empty()) return 0;
  const auto compiled = lists::compile(specs, options);
  if (!compiled) return fail(compiled.error().to_string());
  cli::print_notes(std::cerr, *compiled, kMaxNotes);
  std::uint64_t refused = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const lists::LoadedList& list = compiled->lists[i];
    if (list.entries + list.duplicates == 0 && list.error_count > 0) {
      return fail(sources[i]->file + ": none of its lines can be read as " +
                  lists::format_said(list));
    }
    if (list.entries + list.duplicates == 0) {
      std::cerr << sources[i]->file << ": warning: it has no entries\n";
    }
    sources[i]->member.format = list.format;
    refused += list.error_count;
  }
  return refused;
}

Result<void, std::string> check_images(const std::deque<Input>& inputs,
                                       const lists::CompileOptions& options) {
  for (const Input& input : inputs) {
    if (input.member.kind != lists::MemberKind::image) continue;
    const auto compiled =
        lists::load_image(as_bytes(input.loaded.text), input.file, input.loaded.modified, options);
    if (!compiled) return fail(compiled.error().to_string());
    cli::print_notes(std::cerr, *compiled, kMaxNotes);
  }
  return {};
}

// Why the file may not be replaced; empty: it may. `version` is 0 if the bundle stays what it is.
std::string keeps(const std::string& out, const lists::PublicKey& key, std::uint64_t version) {
  std::error_code error;
  if (!fs::exists(out, error)) return {};
  const auto old = lists::load_file(out, lists::kMaxBundle);
  if (!old) return old.error();
  if (!lists::looks_like_bundle(old->text)) return "a file that is no bundle; it stays";
  const auto bundle = lists::open_bundle(old->text, {key});
  if (!bundle || version == 0 || bundle->manifest.version < version) return {};
  return "has version " + std::to_string(bundle->manifest.version) +
         " already, and gateways take only higher ones; it stays";
}

}  // namespace

int lists_sign(const cli::ListsSignCommand& command) {
  const auto key = read_private(command.key);
  if (!key) return refuse(key.error());
  if (std::string why = keeps(command.out, key->public_key(), command.version); !why.empty()) {
    return refuse(command.out + ": " + why);
  }
  auto inputs = read_inputs(command.input);
  if (!inputs) return refuse(inputs.error());
  lists::CompileOptions options;
  options.critical = command.input.critical;
  options.popular = command.input.popular;
  options.forced = command.input.force;
  const auto refused = check_lists(*inputs, command.input, options);
  if (!refused) return refuse(refused.error());
  if (const auto checked = check_images(*inputs, options); !checked) return refuse(checked.error());

  const auto now = this_second();
  std::vector<lists::NewMember> members;
  for (const Input& input : *inputs) members.push_back({input.member, input.loaded.text});
  const auto bytes =
      lists::make_bundle({.version = command.version,
                          .created = now,
                          .valid_until = command.valid_until.value_or(now + command.valid_for),
                          .author = command.author},
                         members, *key);
  if (!bytes) return refuse(command.out + ": " + bytes.error());
  const std::array<Bytes, 1> parts = {as_bytes(*bytes)};
  const auto written = lists::replace_file(command.out, parts, kMode);
  if (!written) return refuse(command.out + ": " + written.error());
  std::cerr << command.out << ": version " << command.version << ", " << members.size()
            << (members.size() == 1 ? " member" : " members") << ", " << bytes->size()
            << " bytes, signed by " << to_string(key->public_key().id()) << '\n';
  return *refused > 0 ? kFindings : kOk;
}

int lists_cosign(const cli::ListsCosignCommand& command) {
  const auto key = read_private(command.key);
  if (!key) return refuse(key.error());
  const auto trusted = read_trusted(command.trusted);
  if (!trusted) return refuse(trusted.error());
  const auto loaded = lists::load_file(command.bundle, lists::kMaxBundle);
  if (!loaded) return refuse(command.bundle + ": " + loaded.error());
  const auto bundle = lists::verify_bundle(loaded->text, {.keys = *trusted}, this_second());
  if (!bundle) return refuse(command.bundle + ": " + bundle.error().text);
  const auto bytes = lists::add_signature(loaded->text, *key);
  if (!bytes) return refuse(command.bundle + ": " + bytes.error());
  if (std::string why = keeps(command.out, key->public_key(), 0); !why.empty()) {
    return refuse(command.out + ": " + why);
  }
  const std::array<Bytes, 1> parts = {as_bytes(*bytes)};
  const auto written = lists::replace_file(command.out, parts, kMode);
  if (!written) return refuse(command.out + ": " + written.error());
  std::cerr << command.out << ": version " << bundle->manifest.version << ", signed by "
            << to_string(key->public_key().id()) << " as well\n";
  return kOk;
}

}  // namespace sluice::app
