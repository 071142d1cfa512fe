#include "gateway/dataplane/links/link_keeper.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <future>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace sluice::io {
namespace {

using std::chrono::milliseconds;
using Clock = LinkCoupling::Time::clock;

constexpr std::array<std::string_view, 2> kSides = {"inside", "outside"};
// However many interfaces of the host change.
constexpr milliseconds kBetweenLooks{20};
// While the state of a port cannot be read.
constexpr milliseconds kBetweenTries{1000};
constexpr milliseconds kForEver{-1};

std::string_view what_is_wrong(const PortState& state) {
  return state.is_up ? "has no carrier" : "is down";
}

}  // namespace

LinkKeeper::LinkKeeper(Options options, PortLocks locks, LinkEvents events, os::Descriptor wake)
    : options_(std::move(options)),
      locks_(std::move(locks)),
      events_(std::move(events)),
      wake_(std::move(wake)) {}

Result<std::unique_ptr<LinkKeeper>, std::string> LinkKeeper::start(Options options) {
  auto locks = lock_ports(options.interfaces);
  if (!locks) return fail(std::move(locks.error()));
  const auto raised = put_up(options.interfaces);
  if (!raised) return fail(raised.error());
  for (const std::string& line : *raised) options.log(line);
  auto events = LinkEvents::open();
  if (!events) return fail(std::move(events.error()));
  os::Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.is_open()) return fail("eventfd: " + std::generic_category().message(errno));
  std::unique_ptr<LinkKeeper> keeper(
      new LinkKeeper(std::move(options), std::move(*locks), std::move(*events), std::move(wake)));
  if (const auto states = read_ports(keeper->options_.interfaces)) keeper->note(*states);
  std::promise<Result<void, std::string>> entered;
  auto outcome = entered.get_future();
  keeper->thread_ = std::jthread([it = keeper.get(), entered = std::move(entered)]() mutable {
    pthread_setname_np(pthread_self(), "links");
    auto allowed = it->options_.enter();
    const bool goes_on = allowed.has_value();
    entered.set_value(std::move(allowed));
    if (goes_on) it->serve();
  });
  if (auto allowed = outcome.get(); !allowed) return fail(std::move(allowed.error()));
  return keeper;
}

LinkKeeper::~LinkKeeper() {
  go_to(Stage::ending);
}

void LinkKeeper::begin() noexcept {
  go_to(Stage::at_work);
}

void LinkKeeper::go_to(Stage stage) noexcept {
  stage_ = stage;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t woken = ::write(wake_.value(), &one, sizeof one);
}

void LinkKeeper::serve() {
  while (stage_ != Stage::ending) wait(stage_ == Stage::at_work ? look() : kForEver);
  release();
}

// Returns how long nothing has to be done if nothing happens.
milliseconds LinkKeeper::look() {
  std::optional<PortStates> states;
  std::optional<PortChange> change;
  do {
    events_.clear();  // what comes from now on may not be in what is read next
    states = read_ports(options_.interfaces);
    if (!states) return kBetweenTries;
    change = coupling_.look(*states, Clock::now());
    if (change) make(*change, *states);
  } while (change);
  note(*states);
  const auto next = coupling_.next_look();
  if (!next) return kForEver;
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*next - Clock::now()));
}

void LinkKeeper::make(const PortChange& change, const PortStates& states) {
  const std::size_t other = 1 - change.port;
  const std::string why =
      name_of(other) + ' ' +
      std::string(change.up ? "has its link again" : what_is_wrong(states.at(other))) + ": ";
  const auto set = set_port(options_.interfaces.at(change.port), change.up);
  coupling_.tried(change, set.has_value(), Clock::now());
  if (!set) {
    if (set.error() != last_failure_) options_.log(why + set.error());
    last_failure_ = set.error();
    return;
  }
  last_failure_.clear();
  options_.log(why + name_of(change.port) + (change.up ? " is put up" : " is taken down"));
  const std::lock_guard lock(mutex_);
  ++(change.up ? statuses_.at(change.port).ups : statuses_.at(change.port).downs);
}

void LinkKeeper::note(const PortStates& states) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < statuses_.size(); ++i) {
    statuses_.at(i).state = states.at(i);
    statuses_.at(i).is_held = coupling_.is_held(i);
  }
}

void LinkKeeper::release() {
  for (std::size_t port = 0; port < options_.interfaces.size(); ++port) {
    if (!coupling_.is_held(port)) continue;
    const auto set = set_port(options_.interfaces.at(port), true);
    options_.log(set ? name_of(port) + " is put up, because the gateway ends" : set.error());
  }
}

// Until the kernel says something, somebody wakes it, or `most` is over.
void LinkKeeper::wait(milliseconds most) const noexcept {
  std::array<pollfd, 2> waits = {{{wake_.value(), POLLIN, 0}, {events_.descriptor(), POLLIN, 0}}};
  const nfds_t watched = stage_ == Stage::at_work ? 2 : 1;
  const auto poll_for = [&](nfds_t count, milliseconds time) {
    return ::poll(waits.data(), count, static_cast<int>(time.count()));
  };
  if (poll_for(1, kBetweenLooks) == 0) poll_for(watched, most);
  eventfd_t told = 0;
  ::eventfd_read(wake_.value(), &told);
}

std::string LinkKeeper::name_of(std::size_t port) const {
  return std::string(kSides.at(port)) + " (" + options_.interfaces.at(port) + ")";
}

PortStatuses LinkKeeper::status() const {
  const std::lock_guard lock(mutex_);
  return statuses_;
}

}  // namespace sluice::io
