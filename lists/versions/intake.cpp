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
  std::string all;
  for (const NamedList& list : lists) all += digest_of(list.text) + ' ' + list.name + '\n';
  return digest_of(all);
}

// Why it is no list that may be taken.
std::optional<Refusal> problem_of(std::string_view text) {
  if (looks_like_bundle(text)) {
    return refusal(RefusalReason::untrusted, "it is a bundle, and no trusted_keys are configured");
  }
  return no_list(text);
}

}  // namespace

Result<Intake::Opened, Refusal> Intake::open_bundle(std::string_view bytes, Time now) const {
  const HighestVersion highest = store_.highest();
  auto bundle = verify_bundle(bytes, {keys_, highest.number}, now);
  if (!bundle) return fail(bundle.error());
  const Manifest& manifest = bundle->manifest;
  if (manifest.version == highest.number && bundle->digest != highest.digest) {
    return fail(refusal(RefusalReason::digest, "version " + std::to_string(manifest.version) +
                                                   " was accepted with other contents"));
  }
  Opened opened;
  opened.head.label = "v" + std::to_string(manifest.version);
  opened.head.number = manifest.version;
  opened.head.digest = bundle->digest;
  opened.head.until = manifest.valid_until;
  for (const Member& member : manifest.members) {
    // As the configuration names the file of that list.
    std::string name = list_name_of_file(member.name);
    if (std::ranges::find(opened.head.lists, name, &ListPart::name) != opened.head.lists.end()) {
      return fail(refusal(RefusalReason::unusable, "two of its members are the list " + name));
    }
    opened.head.lists.push_back({.format = member.format,
                                 .name = std::move(name),
                                 .purpose = Purpose{member.kind, member.app}});
  }
  opened.texts = std::move(bundle->contents);
  return opened;
}

Result<Intake::Opened, Refusal> Intake::open_lists(const Fetched& fetched) {
  Opened opened;
  if (fetched.lists.empty()) {
    if (auto why = problem_of(fetched.bytes)) return fail(std::move(*why));
    opened.head.digest = digest_of(fetched.bytes);
    opened.head.lists.emplace_back();
    opened.texts.emplace_back(fetched.bytes);
  } else {
    opened.head.digest = digest_of(fetched.lists);
  }
  for (const NamedList& list : fetched.lists) {
    if (auto why = problem_of(list.text)) {
      return fail(refusal(why->reason, list.name + ": " + why->text));
    }
    opened.head.lists.push_back({.format = list.format, .name = list.name});
    opened.texts.emplace_back(list.text);
  }
  opened.head.label = opened.head.digest.substr(0, 16);
  return opened;
}

Result<std::optional<Candidate>, Refusal> Intake::take(const Fetched& fetched, Time now) const {
  auto opened = keys_.empty() ? open_lists(fetched) : open_bundle(fetched.bytes, now);
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
  if (may_be_in_head(fetched.validator)) opened->head.validator = fetched.validator;
  opened->head.taken = std::chrono::time_point_cast<std::chrono::seconds>(std::max(now, Time{}));
  const auto file = store_.put_candidate(opened->head, opened->texts);
  if (!file) return fail(refusal(RefusalReason::storage, file.error()));
  return Candidate{*file, opened->head.label};
}

}  // namespace sluice::lists
