#include "lists/versions/intake.h"

#include <algorithm>
#include <utility>

#include "filters/base/bytes.h"
#include "lists/bundle/bundle.h"
#include "lists/compile/digest.h"
#include "lists/update/text_checks.h"

namespace sluice::lists {
namespace {

std::string digest_of(std::string_view text) {
  return to_hex(Bytes(sha256(as_bytes(text))));
}

Refusal refusal(RefusalReason reason, std::string text) {
  return {reason, std::move(text)};
}

// Of all lists together, and their names.
std::string digest_of(const std::vector<NamedList>& lists) {
  if (lists.size() == 1 && lists.front().name.empty()) return digest_of(lists.front().text);
  std::string all;
  for (const NamedList& list : lists) all += digest_of(list.text) + ' ' + list.name + '\n';
  return digest_of(all);
}

}  // namespace

Result<Intake::Opened, Refusal> Intake::open_bundle(const std::string& bytes, Time now) const {
  const HighestVersion highest = store_.highest();
  const auto bundle = verify_bundle(bytes, {keys_, highest.number}, now);
  if (!bundle) return fail(bundle.error());
  const Manifest& manifest = bundle->manifest;
  if (manifest.version == highest.number && bundle->digest != highest.digest) {
    return fail(refusal(RefusalReason::digest, "version " + std::to_string(manifest.version) +
                                                   " was accepted with other contents"));
  }
  Opened opened{{.label = "v" + std::to_string(manifest.version),
                 .number = manifest.version,
                 .digest = bundle->digest,
                 .taken = {},
                 .validator = {},
                 .lists = {}},
                {}};
  for (std::size_t i = 0; i < manifest.members.size(); ++i) {
    const Member& member = manifest.members[i];
    if (member.kind == MemberKind::image) {
      return fail(refusal(RefusalReason::unusable,
                          "it holds the image " + member.name + "; a source takes lists only"));
    }
    // As the configuration names the file of that list.
    std::string name = list_name_of_file(member.name);
    if (std::ranges::find(opened.lists, name, &NamedList::name) != opened.lists.end()) {
      return fail(refusal(RefusalReason::unusable, "two of its members are the list " + name));
    }
    opened.lists.push_back({std::move(name), member.format, std::string(bundle->contents[i])});
  }
  return opened;
}

Result<Intake::Opened, Refusal> Intake::open(Fetched fetched, Time now) const {
  if (!keys_.empty()) return open_bundle(fetched.bytes, now);
  if (fetched.lists.empty()) fetched.lists.push_back({"", {}, std::move(fetched.bytes)});
  for (const NamedList& list : fetched.lists) {
    const std::string name = list.name.empty() ? "" : list.name + ": ";
    if (looks_like_bundle(list.text)) {
      return fail(refusal(RefusalReason::untrusted,
                          name + "it is a bundle, and no trusted_keys are configured"));
    }
    if (auto why = no_list(list.text)) return fail(refusal(why->reason, name + why->text));
  }
  Opened opened{{.label = {},
                 .number = 0,
                 .digest = digest_of(fetched.lists),
                 .taken = {},
                 .validator = {},
                 .lists = {}},
                std::move(fetched.lists)};
  opened.head.label = opened.head.digest.substr(0, 16);
  return opened;
}

Result<std::optional<Candidate>, Refusal> Intake::take(Fetched fetched, Time now) const {
  const std::string validator = may_be_in_head(fetched.validator) ? fetched.validator : "";
  auto opened = open(std::move(fetched), now);
  if (!opened) return fail(opened.error());
  const auto pinned = store_.pinned();
  const std::vector<Version> versions = store_.versions();
  if (!versions.empty() && versions.front().head.digest == opened->head.digest) {
    return std::nullopt;
  }
  if (pinned) {
    const bool is_held =
        std::ranges::any_of(versions,
                            [&](const Version& version) {
                              return version.number >= *pinned &&
                                     version.head.digest == opened->head.digest;
                            }) ||
        (opened->head.number != 0 && opened->head.number <= store_.highest().number);
    if (is_held) {
      return fail(refusal(RefusalReason::held, "an operator rolled back from " +
                                                   opened->head.label +
                                                   "; sluice lists rollback --resume takes it"));
    }
  }
  opened->head.validator = validator;
  opened->head.taken = std::chrono::time_point_cast<std::chrono::seconds>(std::max(now, Time{}));
  const auto file = store_.put_candidate(opened->head, opened->lists);
  if (!file) return fail(refusal(RefusalReason::storage, file.error()));
  Candidate candidate{*file, opened->head.label, {}};
  for (const NamedList& list : opened->lists) candidate.lists.push_back(list.name);
  return candidate;
}

}  // namespace sluice::lists
