#include "gateway/endpoints/resolver.h"

#include <ares.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/endpoints/backends.h"
#include "gateway/engine/alias_chain.h"
#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/lease_table.h"
#include "gateway/engine/wall_clock.h"

namespace sluice::endpoints {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array kTypes = {dns::RecordType::a, dns::RecordType::aaaa, dns::RecordType::https};
constexpr std::size_t kMaxInFlight = 32;
constexpr int kTimeoutMillis = 2000;
constexpr int kTries = 2;
constexpr auto kPublishPause = std::chrono::seconds(1);  // between two publications

}  // namespace

class Resolver::Work {
 public:
  Work(const ResolverOptions& options, ResolutionsCell& cell, telemetry::ResolverCounters& counters,
       engine::TieTable* ties)
      : options_(options), cell_(cell), counters_(counters), ties_(ties) {}
  ~Work() {
    stop();
    if (channel_ != nullptr) ares_destroy(channel_);
    if (wake_ >= 0) close(wake_);
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  Result<void, std::string> start() {
    wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_ < 0)
      return fail(std::string("resolver: no event descriptor: ") + std::strerror(errno));
    ares_options settings{};
    settings.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    settings.timeout = kTimeoutMillis;
    settings.tries = kTries;
    const int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    if (const int status = ares_init_options(&channel_, &settings, given); status != ARES_SUCCESS) {
      return fail("c-ares: " + std::string(ares_strerror(status)));
    }
    if (ares_set_servers_ports_csv(channel_, options_.server.c_str()) != ARES_SUCCESS) {
      return fail("\"" + options_.server + "\" is not the address of a resolver");
    }
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void watch(std::shared_ptr<const engine::Snapshot> ban) {
    {
      const std::lock_guard lock(mutex_);
      next_ban_ = std::move(ban);
    }
    wake();
  }

  void stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    wake();
    thread_.join();
  }

 private:
  struct Target {
    name::Name name;
    std::array<std::vector<engine::ResolvedAddress>, kTypes.size()> found;  // by type
  };
  struct Ask {
    std::uint32_t target;
    std::uint8_t type;
    Clock::time_point due;
  };
  struct Question {  // in flight; on_answer frees it, which c-ares always calls
    Work* work;
    std::uint64_t round;  // of names: answers of an earlier round are ignored
    std::uint32_t target;
    std::uint8_t type;
  };

  void wake() const {
    const std::uint64_t one = 1;
    static_cast<void>(!write(wake_, &one, sizeof one));
  }

  void run() {
    pthread_setname_np(pthread_self(), "resolver");
    while (!stopping_) {
      take_ban();
      ask_what_is_due();
      publish();
      wait();
    }
    ares_cancel(channel_);
  }

  void take_ban() {
    {
      const std::lock_guard lock(mutex_);
      if (next_ban_ == nullptr) return;
      ban_ = std::exchange(next_ban_, nullptr);
    }
    std::vector<Target> before = std::exchange(targets_, {});
    for (const name::Name& name : backends_of(engine::ban_of(*ban_), options_.most_names).names) {
      const auto known = std::ranges::find(before, name, &Target::name);
      targets_.push_back(known == before.end() ? Target{name, {}} : std::move(*known));
    }
    ++round_;
    asks_.clear();
    for (std::size_t type = 0; type < kTypes.size(); ++type) {
      for (std::uint32_t i = 0; i < targets_.size(); ++i) {
        asks_.push_back({i, static_cast<std::uint8_t>(type), Clock::now()});
      }
    }
    changed_ = true;
  }

  void ask_what_is_due() {
    const auto now = Clock::now();
    const auto pause = std::chrono::nanoseconds(std::chrono::seconds(1)) / options_.per_second;
    while (!asks_.empty() && in_flight_ < kMaxInFlight && next_ask_ <= now &&
           asks_.front().due <= now) {
      Ask ask = asks_.front();
      asks_.pop_front();
      next_ask_ = now + pause;  // unused questions do not add up to a burst
      ask.due = now + options_.refresh;
      asks_.push_back(ask);
      std::array<char, name::kMaxTextBytes> text;
      const std::string name(name::to_text(targets_[ask.target].name, text));
      ++in_flight_;
      ares_query(channel_, name.c_str(), dns::kClassInternet, static_cast<int>(kTypes[ask.type]),
                 on_answer, new Question{this, round_, ask.target, ask.type});
    }
  }

  static void on_answer(void* argument, int status, int, unsigned char* bytes, int size) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    Work& work = *question->work;
    --work.in_flight_;
    if (status == ARES_ECANCELLED || status == ARES_EDESTRUCTION) return;
    if (status != ARES_SUCCESS && status != ARES_ENODATA && status != ARES_ENOTFOUND) {
      return work.counters_.resolutions_failed.add();
    }
    const Bytes message = std::as_bytes(std::span(bytes, static_cast<std::size_t>(size)));
    work.take(*question, status == ARES_SUCCESS ? message : Bytes{});
  }

  // An empty message: the name has no such records.
  void take(const Question& question, Bytes message) {
    if (question.round != round_) return;
    std::vector<engine::ResolvedAddress> found;
    if (!message.empty()) {
      const auto addresses = addresses_in(message, engine::ban_of(*ban_), response_);
      if (!addresses) return counters_.resolutions_failed.add();
      const Nanos now = engine::wall_clock();
      for (const FoundAddress& it : *addresses) {
        // At least until the name has been asked for again, even if its TTL is shorter.
        const Nanos life =
            std::clamp<Nanos>(std::chrono::seconds(it.ttl), 2 * options_.refresh,
                              std::max<Nanos>(engine::LeaseTable::kMostLife, 2 * options_.refresh));
        found.push_back({it.address, question.target, now + life});
      }
      note_ties(message, now);
    }
    counters_.resolutions.add();
    targets_[question.target].found[question.type] = std::move(found);
    changed_ = true;
  }

  // Where the answer in response_ leads.
  void note_ties(Bytes message, Nanos now) {
    if (ties_ == nullptr || response_.query.count != 1) return;
    chain_.read(message, response_, *ban_);
    const auto note = [&](const name::Name& name, match::AppId app, engine::TieKind kind) {
      if (kind != engine::TieKind::alias_of) return;
      ties_->note({.name = name,
                   .app = engine::tag_of(ban_->domains.app_name(app)),
                   .kind = engine::TieKind::resolved,
                   .now = now});
    };
    chain_.for_each_tie(*ban_, note);
  }

  void publish() {
    if (!changed_ || Clock::now() < next_publication_) return;
    std::vector<name::Name> names;
    std::vector<engine::ResolvedAddress> all;
    const Nanos now = engine::wall_clock();
    for (const Target& target : targets_) {
      std::vector<engine::ResolvedAddress> ours;
      for (const auto& found : target.found) {
        for (engine::ResolvedAddress it : found) {
          it.name = static_cast<std::uint32_t>(names.size());
          const bool known = std::ranges::any_of(
              ours, [&](const auto& other) { return other.address == it.address; });
          if (it.expires > now && !known) ours.push_back(it);
        }
      }
      if (ours.empty()) continue;
      names.push_back(target.name);
      engine::for_each_app_that_bans(engine::ban_of(*ban_), target.name, [&](match::AppId app) {
        const engine::AppTag tag = engine::tag_of(ban_->domains.app_name(app));
        for (engine::ResolvedAddress& it : ours) it.app = tag;
        all.insert(all.end(), ours.begin(), ours.end());
      });
    }
    auto next = std::make_shared<engine::Resolutions>(std::move(names), std::move(all));
    counters_.resolved_addresses.set(next->addresses());
    cell_.publish(std::move(next));
    changed_ = false;
    next_publication_ = Clock::now() + kPublishPause;
  }

  void wait() {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto wanted = static_cast<unsigned>(
        ares_getsock(channel_, sockets.data(), static_cast<int>(sockets.size())));
    std::array<pollfd, ARES_GETSOCK_MAXNUM + 1> polled{};
    polled[0] = {wake_, POLLIN, 0};
    std::size_t count = 1;
    for (unsigned i = 0; i < sockets.size(); ++i) {
      short events = 0;
      if ((wanted >> i & 1U) != 0) events = POLLIN;
      if ((wanted >> (i + ARES_GETSOCK_MAXNUM) & 1U) != 0) {
        events = static_cast<short>(events | POLLOUT);
      }
      if (events != 0) polled[count++] = {sockets[i], events, 0};
    }
    poll(polled.data(), count, millis_to_wait());
    std::uint64_t ignored = 0;
    static_cast<void>(read(wake_, &ignored, sizeof ignored) < 0);  // fails when nobody woke us
    bool some = false;
    for (const pollfd& it : std::span(polled).subspan(1, count - 1)) {
      if (it.revents == 0) continue;
      some = true;
      ares_process_fd(channel_, (it.revents & ~POLLOUT) != 0 ? it.fd : ARES_SOCKET_BAD,
                      (it.revents & POLLOUT) != 0 ? it.fd : ARES_SOCKET_BAD);
    }
    if (!some) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // timeouts
  }

  // A second at most, less when a question or a publication is due earlier.
  [[nodiscard]] int millis_to_wait() const {
    auto until = Clock::now() + std::chrono::seconds(1);
    if (!asks_.empty() && in_flight_ < kMaxInFlight) {
      until = std::min(until, std::max(next_ask_, asks_.front().due));
    }
    if (changed_) until = std::min(until, next_publication_);
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    return static_cast<int>(std::clamp<long long>(left + 1, 1, 1000));
  }

  const ResolverOptions options_;
  ResolutionsCell& cell_;
  telemetry::ResolverCounters& counters_;
  engine::TieTable* const ties_;
  ares_channel channel_ = nullptr;
  int wake_ = -1;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  // guards next_ban_
  std::shared_ptr<const engine::Snapshot> next_ban_;

  // Used by the thread only, from here on.
  std::shared_ptr<const engine::Snapshot> ban_;
  std::vector<Target> targets_;
  std::deque<Ask> asks_;  // by due time
  std::uint64_t round_ = 0;
  std::size_t in_flight_ = 0;
  Clock::time_point next_ask_{}, next_publication_{};
  bool changed_ = false;
  dns::Response response_;
  engine::AliasChain chain_;
};

Resolver::Resolver(std::unique_ptr<Work> work) : work_(std::move(work)) {}
Resolver::~Resolver() = default;

Result<std::unique_ptr<Resolver>, std::string> Resolver::start(
    const ResolverOptions& options, ResolutionsCell& cell, telemetry::ResolverCounters& counters,
    engine::TieTable* ties) {
  auto work = std::make_unique<Work>(options, cell, counters, ties);
  if (auto started = work->start(); !started) return fail(std::move(started.error()));
  return std::unique_ptr<Resolver>(new Resolver(std::move(work)));
}

void Resolver::watch(std::shared_ptr<const engine::Snapshot> ban) {
  work_->watch(std::move(ban));
}

void Resolver::stop() {
  work_->stop();
}

}  // namespace sluice::endpoints
