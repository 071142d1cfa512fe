#pragma once

// The queues of a Linux router's own firewall (NFQUEUE): the kernel routes, our rules hand up what
// has to be judged (rules.h), and connection tracking remembers what is decided. README.md has the
// picture and the fail modes.
//
// Each worker has one, with a queue of its own; the kernel spreads flows over queues by their
// addresses, so that both directions of one belong to one worker. Frames are bare IP packets, whole
// and with finished checksums. Side is where the packet came in: from the outside interface, or
// not. A packet of this host is from the inside.
//
// Entries (dataplane.h) are marks of connections. A connection that the kernel does not track (it
// is `invalid`) has none: its packets come up each time. publish() takes them back in turn, over
// some milliseconds of batches, not at once. Workers need CAP_NET_ADMIN as long as they run, for
// the kernel asks for it at each verdict. stop() from any thread.

#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/dataplane/dataplane.h"
#include "gateway/dataplane/nfqueue_settings.h"

namespace sluice::io {

class Nfqueue final : public Dataplane {
 public:
  // One for each worker. `inside` may be empty: all interfaces but the outside. Rules are installed
  // when all queues are there. Error: lines for the operator; the rules are as they were.
  [[nodiscard]] static Result<std::vector<std::unique_ptr<Dataplane>>, std::string> open(
      const std::string& inside, const std::string& outside, const NfqueueSettings& settings,
      const Interest& interest, std::size_t workers);
  ~Nfqueue() override;

  [[nodiscard]] Capabilities capabilities() const noexcept override;
  [[nodiscard]] Poll poll(Batch& batch) noexcept override;
  void submit(std::span<const FrameVerdict> verdicts) noexcept override;
  void publish(Generation generation) noexcept override;
  void watch(const Interest& interest) override;
  void watch_address(const IpAddress& address) noexcept override;
  void revoke(const FlowKey& flow) noexcept override;
  bool inject(Side side, Bytes frame) noexcept override;
  bool replace(std::size_t index, Bytes frame) noexcept override;
  void stop() noexcept override;
  [[nodiscard]] DataplaneCounts counts() const noexcept override;
  [[nodiscard]] std::vector<std::string> notes() const override;
  [[nodiscard]] std::string error() const override;

 private:
  struct State;
  explicit Nfqueue(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The rules that open() would install, for an operator who installs them. `tool`: nftables, or
// iptables for one family. Error: what is wrong with the settings.
[[nodiscard]] Result<std::string, std::string> nfqueue_rules(const std::string& inside,
                                                             const std::string& outside,
                                                             const NfqueueSettings& settings,
                                                             std::size_t workers, RuleTool tool,
                                                             bool ipv6);

}  // namespace sluice::io
