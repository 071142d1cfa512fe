#include "gateway/engine/alias_chain.h"

#include <span>
#include <string_view>

namespace sluice::engine {
namespace {

constexpr std::size_t kMostRecords = 64;  // of one answer that are looked at

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

bool is_unlisted_host(const Snapshot& snapshot, const name::Name& name) noexcept {
  if (name.label_count() < 2) return false;
  for (std::size_t i = 0; i < name.label_count(); ++i) {
    if (!std::ranges::all_of(as_text(name.label(i)), is_host_byte)) return false;
  }
  return !snapshot.domains.find(name).rule.valid();
}

void AliasChain::add(const name::Name& name, const Snapshot& snapshot) noexcept {
  if (size_ == kMost) return;
  Standing standing = Standing::listed;
  if (is_unlisted_host(snapshot, name)) {
    standing = Standing::unlisted;
  } else {
    for_each_app_in_force(snapshot, name, [&](match::AppId) { standing = Standing::banned; });
  }
  if (standing == Standing::banned) ++banned_;
  names_[size_] = name;
  standings_[size_] = standing;
  ++size_;
}

void AliasChain::read(Bytes message, const dns::Response& response,
                      const Snapshot& snapshot) noexcept {
  size_ = banned_ = 0;
  add(response.query.questions[0].name, snapshot);
  std::size_t owner = 0;  // whose records continue the chain
  dns::ResponseReader records(message, response);
  dns::JumpsLeft jumps = dns::kJumpsOfTarget * kMostRecords;
  for (std::size_t i = 0; i < response.answers && i < kMostRecords && size_ < kMost; ++i) {
    const auto record = records.next();
    if (!record) return;
    const bool is_service = dns::is_service_binding(record->type);
    if (!is_service && record->type != dns::RecordType::cname) continue;
    const auto its_owner = dns::read_name(message, record->owner, jumps);
    const auto target = records.read_target(*record);
    if (!its_owner || !target) return;
    if (its_owner->name != names_[owner]) continue;
    const auto known = std::span(names_).first(size_);
    const bool is_known = std::ranges::find(known, target->name) != known.end();
    if (is_known && !is_service) return;  // a loop
    if (is_known || target->name.label_count() == 0) continue;
    add(target->name, snapshot);
    if (!is_service) owner = size_ - 1;
  }
}

AliasChain::Nearest AliasChain::nearest_banned(std::size_t index) const noexcept {
  for (std::size_t i = index; i-- > 0;) {
    if (standings_[i] == Standing::banned) return {true, i, TieKind::alias_of};
  }
  for (std::size_t i = index + 1; i < size_; ++i) {
    if (standings_[i] == Standing::banned) return {true, i, TieKind::alias_to};
  }
  return {};
}

}  // namespace sluice::engine
