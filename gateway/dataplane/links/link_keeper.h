#pragma once

// Couples the links of a bridge's two ports while the gateway runs (coupling.h): a thread that
// waits for the kernel's messages, asks for the state of both links, and takes a port down or puts
// it up.
//
//   start(): both are put up ─► begin() ─► … ─► ~LinkKeeper(): what is held is put up again
//
// A start puts both up, because nobody knows what an earlier process held when it was killed, and
// because a bridge cannot be opened over a port that is down.
// The thread is one of its own so that nobody else needs CAP_NET_ADMIN, or waits while a driver
// takes its time. It reads nothing but what the kernel tells it.
// Threads: status() from any; the rest from one.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "filters/base/result.h"
#include "gateway/dataplane/links/coupling.h"
#include "gateway/dataplane/links/kernel_links.h"
#include "gateway/os/descriptor.h"

namespace sluice::io {

struct PortStatus {
  PortState state;
  bool is_held = false;              // we took it down
  std::uint64_t downs = 0, ups = 0;  // how often we did
};
using PortStatuses = std::array<PortStatus, 2>;  // by Side

class LinkKeeper {
 public:
  struct Options {
    PortNames interfaces;
    // The first that its thread does: it gives up what it has no use for. Its error is that of
    // start().
    std::function<Result<void, std::string>()> enter;
    std::function<void(const std::string& line)> log;  // from its thread
  };

  // Its thread has the capabilities of the caller. It does nothing before begin(). Error: a line;
  // somebody else couples one of the ports, for example.
  [[nodiscard]] static Result<std::unique_ptr<LinkKeeper>, std::string> start(Options options);
  LinkKeeper(const LinkKeeper&) = delete;
  LinkKeeper& operator=(const LinkKeeper&) = delete;
  ~LinkKeeper();

  // The program is on the interfaces: a card that gets one may lose its link for seconds.
  void begin() noexcept;

  [[nodiscard]] PortStatuses status() const;

 private:
  enum class Stage : std::uint8_t { waiting, at_work, ending };

  LinkKeeper(Options options, PortLocks locks, LinkEvents events, os::Descriptor wake);
  void serve();
  std::chrono::milliseconds look();
  void make(const PortChange& change, const PortStates& states);
  void release();
  void wait(std::chrono::milliseconds most) const noexcept;
  void go_to(Stage stage) noexcept;
  [[nodiscard]] std::string name_of(std::size_t port) const;

  void note(const PortStates& states);

  Options options_;
  PortLocks locks_;
  LinkEvents events_;
  os::Descriptor wake_;  // eventfd
  std::atomic<Stage> stage_ = Stage::waiting;
  LinkCoupling coupling_;     // its thread's
  std::string last_failure_;  // its thread's: it is logged once
  mutable std::mutex mutex_;
  PortStatuses statuses_;  // guarded by the mutex
  std::jthread thread_;    // last: it uses the others
};

}  // namespace sluice::io
