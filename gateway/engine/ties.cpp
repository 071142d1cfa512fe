#include "gateway/engine/ties.h"

#include <algorithm>

#include "filters/flow/shares.h"

namespace sluice::engine {
namespace {

constexpr std::size_t kOwnerLabels = 2;
constexpr std::size_t kMostAddresses = 16;  // of one answer that are looked at

// An app's rules ban the name today.
bool is_banned_for(const Snapshot& snapshot, const name::Name& name, AppTag tag) noexcept {
  bool banned = false;
  for_each_app_in_force(snapshot, name, [&](match::AppId app) {
    banned = banned || tag_of(snapshot.domains.app_name(app)) == tag;
  });
  return banned;
}

// A list lets through what goes there.
bool is_let_through(const Snapshot& snapshot, const IpAddress& server) noexcept {
  bool let_through = false;
  snapshot.addresses.find_all(server, [&](const match::Match& match) {
    let_through = match::is_exception(match.kind);
    return false;
  });
  return let_through;
}

}  // namespace

bool Neighbours::are_few(const IpAddress& address, const name::Name& name, Nanos now) noexcept {
  const std::size_t labels = std::min(name.label_count(), kOwnerLabels);
  const std::uint64_t owner = keyed_hash(key_, name.suffix(labels));
  Seen& seen = addresses_.touch_or_insert(flow::key_of(address), now, [](Seen&, flow::Removal) {});
  if (seen.count > kMost) return false;
  const auto known = std::span(seen.owners).first(seen.count);
  if (std::ranges::find(known, owner) != known.end()) return true;
  if (seen.count < kMost) seen.owners[seen.count] = owner;
  return ++seen.count <= kMost;
}

Ties::Ties(std::size_t names, HashKey key) : table_(names, key), neighbours_(kAddresses, key) {}

std::size_t Ties::memory_bytes(std::size_t names) noexcept {
  return sizeof(Ties) + TieTable::memory_bytes(names) +
         kAddresses * Neighbours::bytes_per_address();
}

void Ties::Apps::add(AppTag tag) noexcept {
  const auto known = all();
  if (count < tags.size() && std::ranges::find(known, tag) == known.end()) tags[count++] = tag;
}

void Ties::Apps::keep_only(const Apps& others) noexcept {
  const auto wanted = others.all();
  const auto gone =
      std::remove_if(tags.begin(), tags.begin() + static_cast<std::ptrdiff_t>(count),
                     [&](AppTag tag) { return std::ranges::find(wanted, tag) == wanted.end(); });
  count = static_cast<std::size_t>(gone - tags.begin());
}

void Ties::add_apps(const Context& context, const Addresses& addresses, const IpAddress& server,
                    Apps& apps) noexcept {
  const auto add = [&](const name::Name& name, AppTag app, Nanos expires) {
    if (expires > context.now && is_banned_for(context.snapshot, name, app)) apps.add(app);
  };
  if (const Lease* const lease = addresses.leases.find(server, context.now)) {
    for (const Claim& claim : lease->claims) {
      if (!claim.name.empty()) add(claim.name.name(), claim.app, claim.expires);
    }
  }
  if (addresses.resolutions == nullptr) return;
  for (const ResolvedAddress& found : addresses.resolutions->find(server)) {
    add(addresses.resolutions->name_of(found), found.app, found.expires);
  }
}

Ties::Apps Ties::apps_at(const Context& context, const Addresses& addresses,
                         const IpAddress& server) noexcept {
  Apps apps;
  add_apps(context, addresses, server, apps);
  if (const auto v4 = context.snapshot.addresses.behind_nat64(server); v4 && apps.count == 0) {
    add_apps(context, addresses, *v4, apps);
  }
  if (apps.count > 0 && is_let_through(context.snapshot, server)) return {};
  return apps;
}

void Ties::note(const Context& context, const IpAddress& client, const name::Name& name, AppTag app,
                TieKind kind) noexcept {
  const IpAddress site = flow::client_of(client);
  table_.note({.name = name, .app = app, .kind = kind, .client = &site, .now = context.now});
}

void Ties::take_answer(const Context& context, const Addresses& addresses, Bytes message) noexcept {
  const Snapshot& snapshot = context.snapshot;
  chain_.read(message, context.bench.scratch.response, snapshot);
  if (chain_.has_banned()) {
    chain_.for_each_tie(snapshot, [&](const name::Name& name, match::AppId app, TieKind kind) {
      note(context, context.client(), name, tag_of(snapshot.domains.app_name(app)), kind);
    });
    return;
  }
  for (std::size_t i = 1; i < chain_.size(); ++i) {
    if (chain_.is_unlisted(i)) table_.note_shared(chain_.name(i));
  }
  if (chain_.is_unlisted(0)) take_addresses(context, addresses, message);
}

// Of the name that was asked for. All of them must be one app's: a name that leads elsewhere as
// well is served by many.
void Ties::take_addresses(const Context& context, const Addresses& addresses,
                          Bytes message) noexcept {
  const dns::Response& response = context.bench.scratch.response;
  const name::Name& name = chain_.name(0);
  Apps apps;
  std::size_t looked_at = 0;
  bool are_few = true;
  dns::ResponseReader records(message, response);
  for (std::size_t i = 0; i < response.answers && looked_at < kMostAddresses; ++i) {
    const auto record = records.next();
    if (!record) return;
    if (!dns::may_hold_addresses(record->type)) continue;
    dns::for_each_address(message, *record, [&](const IpAddress& address) {
      const Apps here = apps_at(context, addresses, address);
      if (looked_at++ == 0) {
        apps = here;
      } else {
        apps.keep_only(here);
      }
      if (here.count > 0 && !neighbours_.are_few(address, name, context.now)) are_few = false;
      return apps.count > 0 && looked_at < kMostAddresses;
    });
    if (looked_at > 0 && apps.count == 0) return;
  }
  if (apps.count > 0 && !are_few) return table_.note_shared(name);
  for (const AppTag app : apps.all()) {
    note(context, context.client(), name, app, TieKind::address);
  }
}

void Ties::take_hello(const Context& context, const Addresses& addresses, const IpAddress& client,
                      const IpAddress& server, const name::Name& name) noexcept {
  const Apps apps = apps_at(context, addresses, server);
  if (apps.count == 0 || !is_unlisted_host(context.snapshot, name)) return;
  if (!neighbours_.are_few(server, name, context.now)) return table_.note_shared(name);
  for (const AppTag app : apps.all()) note(context, client, name, app, TieKind::hello);
}

}  // namespace sluice::engine
