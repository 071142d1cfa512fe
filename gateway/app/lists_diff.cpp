// `sluice lists diff`: what two sets of rules differ in, and what that would have done to traffic.

#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "filters/inspect/ends.h"
#include "gateway/app/capture_run.h"
#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/audit/trail.h"
#include "gateway/engine/answer_addresses.h"
#include "lists/compile/difference.h"
#include "lists/compile/image_file.h"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

// Clients and names that are remembered; of more only the number of sightings is known.
constexpr std::size_t kMaxRemembered = 1'000'000;

bool is_image(const std::string& file) {
  std::array<char, match::kImageMagic.size()> magic{};
  std::ifstream(file, std::ios::binary).read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == match::kImageMagic;
}

Result<match::DomainSet, std::string> load(const cli::ListWord& word, lists::FormatChoice format) {
  if (is_image(word.file)) {
    auto image = lists::open_image(word.file);
    if (!image) return fail(word.file + ": " + image.error());
    return std::move(*image);
  }
  const lists::ListSpec spec{.name = "list",
                             .source = lists::Source::file(word.file),
                             .format = format ? format : lists::format_of_file(word.file),
                             .app = word.app};
  auto compiled = lists::compile({spec});
  if (!compiled) return fail(compiled.error().to_string());
  const std::uint64_t refused = compiled->lists[0].error_count;
  if (refused > 0) {
    std::cerr << word.file << ": " << refused << " lines were refused; see lists lint\n";
  }
  return std::move(compiled->domains);
}

// What the new set would do to names that clients were seen with.
class Effect final : public engine::FindingObserver {
 public:
  Effect(const match::DomainSet& before, const match::DomainSet& after)
      : before_(before), after_(after) {}

  struct Change {
    std::map<std::string, std::set<std::string>> clients_by_name;
    std::set<std::string> clients;
  };

  void take(const std::string& client, const name::Name& name) {
    if (name.label_count() == 0) return;
    const bool was = engine::is_banned({before_}, name);
    const bool is = engine::is_banned({after_}, name);
    if (was == is) return;
    if (remembered_ == kMaxRemembered) {
      ++forgotten_;
      return;
    }
    Change& change = is ? blocked_ : released_;
    std::array<char, name::kMaxTextBytes> text;
    const std::string shown(name::to_text(name, text));
    if (change.clients_by_name[shown].insert(client).second) ++remembered_;
    change.clients.insert(client);
  }

  void observe(const io::Frame&, const packet::Packet& packet, const inspect::Finding& finding,
               const policy::Decision&, const engine::Snapshot&) noexcept override {
    take(inspect::ends_of(packet, finding).client.address.to_string(), finding.name);
  }

  [[nodiscard]] const Change& blocked() const { return blocked_; }
  [[nodiscard]] const Change& released() const { return released_; }
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

 private:
  const match::DomainSet& before_;
  const match::DomainSet& after_;
  Change blocked_, released_;
  std::size_t remembered_ = 0;
  std::uint64_t forgotten_ = 0;
};

// Error: why the audit trail cannot be read.
std::string read_audit(const std::string& file, Effect& effect) {
  std::ifstream in(file);
  if (!in) return file + ": cannot be opened";
  std::uint64_t bad = 0;
  for (std::string line; audit::next_line(in, line);) {
    const auto record = audit::parse_line(line);
    if (!record) ++bad;
    if (!record || record->name.empty()) continue;
    // An address, which a rule banned as such, is no name.
    const auto name = name::Name::from_text(record->name);
    if (name) effect.take(std::string(audit::without_port(record->client)), *name);
  }
  if (in.bad()) return file + ": cannot be read";
  if (bad > 0) std::cerr << file << ": " << bad << " lines are no audit records\n";
  return {};
}

std::string read_capture(const std::string& file, Effect& effect) {
  const auto outcome =
      run_capture({.read = file, .enforce = false, .observer = &effect, .after_batch = {}});
  if (!outcome) return outcome.error();
  return outcome->error.empty() ? std::string{} : file + ": " + outcome->error;
}

void print_change(std::string_view verb, const Effect::Change& change, std::size_t most) {
  std::cout << "would " << verb << ' ' << change.clients.size() << " clients, "
            << change.clients_by_name.size() << " names\n";
  std::size_t shown = 0;
  for (const auto& [name, clients] : change.clients_by_name) {
    if (shown++ == most) break;
    std::cout << "  " << name << ": " << clients.size() << " clients\n";
  }
  if (change.clients_by_name.size() > most) {
    std::cout << "  … and " << change.clients_by_name.size() - most << " more names\n";
  }
}

Json change_json(const Effect::Change& change, std::size_t most) {
  Json names = Json::object();
  for (const auto& [name, clients] : change.clients_by_name) {
    if (names.size() == most) break;
    names[name] = clients.size();
  }
  return {{"clients", change.clients.size()},
          {"name_count", change.clients_by_name.size()},
          {"names", names}};
}

void print_rules(const lists::AppDifference& app) {
  std::cout << app.app << ": " << app.added_count << " added, " << app.removed_count
            << " removed\n";
  for (const std::string& rule : app.added) std::cout << "  + " << rule << '\n';
  if (app.added_count > app.added.size()) {
    std::cout << "  … and " << app.added_count - app.added.size() << " more added\n";
  }
  for (const std::string& rule : app.removed) std::cout << "  - " << rule << '\n';
  if (app.removed_count > app.removed.size()) {
    std::cout << "  … and " << app.removed_count - app.removed.size() << " more removed\n";
  }
}

}  // namespace

int lists_diff(const cli::ListsDiffCommand& command) {
  const auto before = load(command.before, command.format);
  if (!before) return refuse(before.error());
  const auto after = load(command.after, command.format);
  if (!after) return refuse(after.error());
  Effect effect(*before, *after);
  for (const std::string& why :
       {command.capture.empty() ? std::string{} : read_capture(command.capture, effect),
        command.audit.empty() ? std::string{} : read_audit(command.audit, effect)}) {
    if (!why.empty()) return refuse(why);
  }
  const auto apps = lists::difference(*before, *after, command.most);
  const bool has_traffic = !command.capture.empty() || !command.audit.empty();
  if (command.json) {
    Json object = {{"apps", Json::array()}};
    for (const lists::AppDifference& app : apps) {
      object["apps"].push_back({{"app", app.app},
                                {"added_count", app.added_count},
                                {"removed_count", app.removed_count},
                                {"added", app.added},
                                {"removed", app.removed}});
    }
    if (has_traffic) {
      object["would_block"] = change_json(effect.blocked(), command.most);
      object["would_release"] = change_json(effect.released(), command.most);
      object["not_counted"] = effect.forgotten();
    }
    std::cout << object.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    for (const lists::AppDifference& app : apps) print_rules(app);
    if (has_traffic) {
      print_change("newly block", effect.blocked(), command.most);
      print_change("release", effect.released(), command.most);
      if (effect.forgotten() > 0) {
        std::cout << "more than " << kMaxRemembered << " clients and names: " << effect.forgotten()
                  << " sightings are not counted\n";
      }
    }
  }
  if (!all_written()) return kUnusable;
  return apps.empty() ? kOk : kFindings;
}

}  // namespace sluice::app
