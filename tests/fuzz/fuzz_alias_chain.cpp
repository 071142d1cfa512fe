// Any message as an answer whose names may tie each other to a banned app: within bounds, from the
// name that was asked for, and only unlisted names are tied.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "filters/dns/response.h"
#include "gateway/engine/alias_chain.h"
#include "tests/fuzz/require.h"
#include "tests/gateway/endpoints/ban.h"

namespace sluice::fuzz {
namespace {

// The corpus has names below `example`, of which one is banned and one let through.
const engine::Snapshot& ban() {
  static const std::shared_ptr<const engine::Snapshot> kBan = [] {
    auto snapshot = test::ban_of({"b.example", "@@c.example"});
    policy::Policy policy{.name = "office"};
    policy.apps.add(match::AppId{0});
    snapshot->policies = policy::PolicySet({policy});
    return snapshot;
  }();
  return *kBan;
}

void check(Bytes message) {
  static auto response = std::make_unique<dns::Response>();
  static auto chain = std::make_unique<engine::AliasChain>();
  if (!dns::parse_response(message, *response) || response->query.count != 1) return;
  chain->read(message, *response, ban());
  require(chain->size() >= 1 && chain->size() <= engine::AliasChain::kMost);
  require(chain->name(0) == response->query.questions[0].name);
  std::size_t ties = 0;
  chain->for_each_tie(ban(), [&](const name::Name& name, match::AppId app, engine::TieKind kind) {
    ++ties;
    require(engine::is_unlisted_host(ban(), name));
    require(app == match::AppId{0});
    require(kind == engine::TieKind::alias_of || kind == engine::TieKind::alias_to);
  });
  require(ties <= chain->size());
  require(ties == 0 || chain->has_banned());
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(std::as_bytes(std::span(data, size)));
  return 0;
}
