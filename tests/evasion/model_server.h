#pragma once

// A model of real TCP stacks: takes the frames that arrive, answers them, and keeps what the
// application reads. It shares no code with the judge.
//
//   frame ─► arrives? ─► checksum, options ─► state, sequence, acknowledgment ─► window ─► overlap
//                                                                              ─► application
//
// Evasion tools build on the packets that a stack discards on this path (RFC 9293 section 3.10.7,
// RFC 5961, RFC 7323).

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "filters/packet/packet.h"
#include "tests/evasion/frame.h"

namespace sluice::evasion {

// Which copy is kept if bytes behind a gap arrive twice.
enum class Overlap : std::uint8_t {
  first,  // the one that came first
  last,   // the one that came last
  // The first one, but for these that came later …
  bsd,      // … and begin before it
  linux_,   // … and begin before it, or begin with it and end behind it
  windows,  // … and begin before it and end behind it
};

// True: the newer copy replaces the older one.
[[nodiscard]] bool newer_wins(Overlap overlap, std::uint64_t begin, std::uint64_t end,
                              std::uint64_t old_begin, std::uint64_t old_end);

struct Stack {
  std::string_view name;
  Overlap overlap = Overlap::first;
  // Old and careless: takes data without an ACK flag, with an acknowledgment of what was never
  // sent, with an MD5 option; lets any RST in the window end the connection; hands urgent bytes to
  // the application in line.
  bool lenient = false;
};
inline constexpr Stack kStacks[] = {{"linux", Overlap::linux_},
                                    {"bsd", Overlap::bsd},
                                    {"windows", Overlap::windows, true},
                                    {"first-copy", Overlap::first, true},
                                    {"last-copy", Overlap::last, true}};

enum class Handshake : std::uint8_t {
  normal,
  split,  // the server answers a SYN with an ACK and then its own SYN
  open,   // … with a SYN, as if both had opened at once
};

struct ServerOptions {
  Stack stack = kStacks[0];
  bool fast_open = false;  // takes data in the SYN (RFC 7413)
  Handshake handshake = Handshake::normal;
};

class ModelServer {
 public:
  static constexpr std::uint32_t kWindow = 0xffff;

  explicit ModelServer(const ServerOptions& options) : options_(options) {}

  // What the server sends back.
  std::vector<Segment> receive(Bytes frame);

  // What the application read, a stream for each connection.
  [[nodiscard]] const std::vector<ByteVector>& streams() const { return streams_; }
  // The sequence number that the newest connection waits for.
  [[nodiscard]] std::uint32_t expects() const { return start_ + byte_vector(next_) + ended_; }
  // Where its stream began.
  [[nodiscard]] std::uint32_t start() const { return start_; }
  [[nodiscard]] bool is_open() const { return state_ == State::open; }

 private:
  enum class State : std::uint8_t { listening, answered, open, ended };
  struct Waiting {  // a byte behind a gap, and the segment that brought it
    std::byte value;
    std::uint64_t begin, end;
  };

  static std::uint32_t byte_vector(std::uint64_t offset) {
    return static_cast<std::uint32_t>(offset);
  }
  [[nodiscard]] bool throws_away(const packet::Packet& packet);
  std::vector<Segment> on_listening(const packet::Packet& packet);
  std::vector<Segment> on_connection(const packet::Packet& packet);
  void on_reset(const packet::Packet& packet);
  void store(const packet::Packet& packet);
  void keep(std::uint64_t offset, std::byte value, std::uint64_t begin, std::uint64_t end);
  void deliver();
  [[nodiscard]] Segment answer(std::string_view flags) const;

  ServerOptions options_;
  State state_ = State::listening;
  std::uint32_t initial_ = 5000;      // sequence number of our SYN
  std::uint32_t start_ = 0;           // sequence number of the client's first byte
  std::uint32_t ended_ = 0;           // 1 once the client's FIN was taken
  std::uint64_t next_ = 0;            // offset of the next byte for the application
  std::optional<std::uint64_t> fin_;  // offset of the client's FIN
  std::optional<std::uint32_t> newest_timestamp_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::map<std::uint64_t, bool> urgent_;  // offsets of bytes that the application does not get
  std::vector<ByteVector> streams_;
};

}  // namespace sluice::evasion
