#include "lists/transfer/transfer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

#include "lists/transfer/knot.h"
#include "lists/transfer/socket_address.h"

namespace sluice::lists {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;
using std::chrono::duration_cast;

constexpr std::size_t kQuestionBytes = 1024;
constexpr std::size_t kLengthBytes = 2;  // before each message (RFC 1035 section 4.2.2)
constexpr Milliseconds kLook{200};       // how often it looks whether it should stop

TransferFailure failure(RefusalReason reason, std::string text) {
  return {{reason, std::move(text)}, false};
}

std::string os_error(int code) {
  return std::system_category().message(code);
}

std::string seconds_text(Milliseconds time) {
  return std::to_string(duration_cast<std::chrono::seconds>(time).count()) + " s";
}

class Socket {
 public:
  explicit Socket(int value) noexcept : value_(value) {}
  ~Socket() {
    if (value_ >= 0) ::close(value_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int value() const noexcept { return value_; }

 private:
  int value_;
};

// A TCP connection that is read and written with deadlines.
class Connection {
 public:
  Connection(const Endpoint& primary, const TransferLimits& limits, const Bell& bell)
      : limits_(limits),
        bell_(bell),
        address_(primary),
        socket_(
            ::socket(address_.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}

  Result<void, TransferFailure> connect() {
    if (socket_.value() < 0) return fail(unreachable(errno));
    const int one = 1;
    static_cast<void>(::setsockopt(socket_.value(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    if (::connect(socket_.value(), address_.get(), address_.size) == 0) return {};
    if (errno != EINPROGRESS) return fail(unreachable(errno));
    if (auto ready = wait(POLLOUT, limits_.connect, "no connection"); !ready) return ready;
    int error = 0;
    socklen_t size = sizeof error;
    static_cast<void>(::getsockopt(socket_.value(), SOL_SOCKET, SO_ERROR, &error, &size));
    if (error != 0) return fail(unreachable(error));
    return {};
  }

  Result<void, TransferFailure> write(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        if (auto ready = wait(POLLOUT, limits_.idle, "the primary takes nothing"); !ready) {
          return ready;
        }
      } else if (errno != EINTR) {
        return fail(unreachable(errno));
      }
    }
    return {};
  }

  Result<void, TransferFailure> read(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const ssize_t got = ::recv(socket_.value(), bytes.data(), bytes.size(), 0);
      if (got > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(got));
      } else if (got == 0) {
        return fail(failure(RefusalReason::truncated,
                            "the primary closed the connection before the end of the zone"));
      } else if (errno == EAGAIN) {
        if (auto ready = wait(POLLIN, limits_.idle, "nothing came"); !ready) return ready;
      } else if (errno != EINTR) {
        return fail(failure(RefusalReason::truncated, "the connection broke: " + os_error(errno)));
      }
    }
    return {};
  }

 private:
  static TransferFailure unreachable(int error) {
    return failure(RefusalReason::unreachable, os_error(error));
  }

  Result<void, TransferFailure> wait(short events, Milliseconds time, std::string_view what) {
    const auto idle_end = Clock::now() + time;
    const auto end = std::min(idle_end, started_ + limits_.total);
    for (;;) {
      if (bell_.stopped()) return fail(failure(RefusalReason::unreachable, "stopped"));
      const auto left = duration_cast<Milliseconds>(end - Clock::now());
      if (left <= Milliseconds(0)) break;
      pollfd waited{.fd = socket_.value(), .events = events, .revents = 0};
      if (::poll(&waited, 1, static_cast<int>(std::min(left, kLook).count())) > 0) return {};
    }
    if (end == idle_end) {
      return fail(
          failure(RefusalReason::timeout, std::string(what) + " for " + seconds_text(time)));
    }
    return fail(failure(RefusalReason::timeout, "not whole after " + seconds_text(limits_.total)));
  }

  const TransferLimits& limits_;
  const Bell& bell_;
  const SocketAddress address_;
  const Socket socket_;
  const Clock::time_point started_ = Clock::now();
};

// RFC 1995 section 3: the SOA of what we have. Only its serial counts.
bool put_serial(knot_pkt_t& question, const knot_dname_t* zone, std::uint32_t serial) {
  constexpr std::size_t kSerialAt = 2;  // behind two names that are the root
  std::array<std::uint8_t, 22> rdata{};
  for (std::size_t i = 0; i < 4; ++i) {
    rdata[kSerialAt + i] = static_cast<std::uint8_t>(serial >> (24 - 8 * i));
  }
  knot_rrset_t* const soa = knot_rrset_new(zone, KNOT_RRTYPE_SOA, KNOT_CLASS_IN, 0, &question.mm);
  if (soa == nullptr) return false;
  const bool put =
      knot_rrset_add_rdata(soa, rdata.data(), rdata.size(), &question.mm) == KNOT_EOK &&
      knot_pkt_begin(&question, KNOT_AUTHORITY) == KNOT_EOK &&
      knot_pkt_put(&question, KNOT_COMPR_HINT_NONE, soa, 0) == KNOT_EOK;
  knot_rrset_free(soa, &question.mm);
  return put;
}

// Null: no memory.
Packet question_of(const TransferRequest& request, const std::vector<std::uint8_t>& zone) {
  Packet question(knot_pkt_new(nullptr, kQuestionBytes, nullptr));
  std::uint16_t id = 0;
  if (question == nullptr || getrandom(&id, sizeof id, 0) != sizeof id) return nullptr;
  knot_wire_set_id(question->wire, id);
  const std::uint16_t type = request.serial ? KNOT_RRTYPE_IXFR : KNOT_RRTYPE_AXFR;
  if (knot_pkt_put_question(question.get(), zone.data(), KNOT_CLASS_IN, type) != KNOT_EOK ||
      (request.serial && !put_serial(*question, zone.data(), *request.serial))) {
    return nullptr;
  }
  return question;
}

std::string rcode_text(std::uint8_t code) {
  const knot_lookup_t* const found = knot_lookup_by_id(knot_rcode_names, code);
  return found != nullptr ? found->name : "RCODE " + std::to_string(code);
}

class Transfer {
 public:
  Transfer(const TransferRequest& request, const Bell& bell)
      : request_(request),
        zone_(zone_wire(request.zone)),
        connection_(request.primary, request.limits, bell),
        exchange_(request.key),
        stream_(zone_, request.serial) {}

  Result<Transferred, TransferFailure> run(RecordStream::Take take) {
    if (auto asked = ask(); !asked) return fail(asked.error());
    while (stream_.state() == RecordStream::State::more) {
      if (auto taken = take_message(take); !taken) return fail(taken.error());
    }
    if (const auto finished = exchange_.finish(); !finished) {
      return fail(failure(RefusalReason::untrusted, finished.error()));
    }
    return Transferred{stream_.state(), stream_.soa(), bytes_};
  }

 private:
  Result<void, TransferFailure> ask() {
    const Packet question = question_of(request_, zone_);
    if (question == nullptr) return fail(failure(RefusalReason::malformed, "no question"));
    id_ = knot_wire_get_id(question->wire);
    if (const auto sent = exchange_.sign(*question); !sent) {
      return fail(failure(RefusalReason::untrusted, sent.error()));
    }
    if (auto connected = connection_.connect(); !connected) return connected;
    const std::size_t size = question->size;
    std::vector<std::uint8_t> bytes{static_cast<std::uint8_t>(size >> 8),
                                    static_cast<std::uint8_t>(size & 0xff)};
    bytes.insert(bytes.end(), question->wire, question->wire + size);
    return connection_.write(bytes);
  }

  Result<void, TransferFailure> take_message(RecordStream::Take take) {
    std::array<std::uint8_t, kLengthBytes> length;
    if (auto got = connection_.read(length); !got) return got;
    const std::size_t size = std::size_t{length[0]} << 8 | length[1];
    bytes_ += kLengthBytes + size;
    if (bytes_ > request_.limits.bytes) {
      return fail(failure(RefusalReason::too_large,
                          "over " + std::to_string(request_.limits.bytes) + " bytes"));
    }
    message_.resize(size);
    if (auto got = connection_.read(message_); !got) return got;
    const Packet answer(knot_pkt_new(message_.data(), static_cast<std::uint16_t>(size), nullptr));
    if (answer == nullptr) return fail(failure(RefusalReason::malformed, "no memory"));
    if (const int parsed = knot_pkt_parse(answer.get(), 0); parsed != KNOT_EOK) {
      return fail(failure(RefusalReason::malformed,
                          std::string("a message cannot be read: ") + knot_strerror(parsed)));
    }
    if (auto checked = check(*answer); !checked) return checked;
    return take_records(*answer, take);
  }

  Result<void, TransferFailure> check(const knot_pkt_t& answer) {
    if (knot_wire_get_qr(answer.wire) == 0 || knot_wire_get_id(answer.wire) != id_ ||
        knot_wire_get_opcode(answer.wire) != KNOT_OPCODE_QUERY) {
      return fail(failure(RefusalReason::malformed, "a message is no answer to the question"));
    }
    if (const std::uint8_t code = knot_wire_get_rcode(answer.wire); code != KNOT_RCODE_NOERROR) {
      auto refused = failure(RefusalReason::unreachable, "the primary answers " + rcode_text(code));
      if (code == KNOT_RCODE_NOTAUTH && request_.key != nullptr) {
        refused.refusal = {RefusalReason::untrusted,
                           "the primary answers NOTAUTH: it does not know the TSIG key, or not the "
                           "zone"};
      }
      refused.no_incremental =
          request_.serial && (code == KNOT_RCODE_FORMERR || code == KNOT_RCODE_NOTIMPL);
      return fail(std::move(refused));
    }
    if (knot_wire_get_tc(answer.wire) != 0) {
      return fail(failure(RefusalReason::truncated, "a message is cut off (TC)"));
    }
    if (const auto checked = exchange_.check(answer); !checked) {
      return fail(failure(RefusalReason::untrusted, checked.error()));
    }
    return {};
  }

  Result<void, TransferFailure> take_records(const knot_pkt_t& answer, RecordStream::Take take) {
    const knot_pktsection_t* const records = knot_pkt_section(&answer, KNOT_ANSWER);
    if (records->count == 0) {
      return fail(failure(RefusalReason::malformed, "a message has no records"));
    }
    for (std::uint16_t i = 0; i < records->count; ++i) {
      if (stream_.state() != RecordStream::State::more) {
        return fail(failure(RefusalReason::malformed, "records follow the end of the zone"));
      }
      const auto taken = stream_.take(*knot_pkt_rr(records, i), take);
      if (taken) continue;
      const bool older = stream_.is_at_second();
      return fail(failure(older ? RefusalReason::older : RefusalReason::malformed, taken.error()));
    }
    return {};
  }

  const TransferRequest& request_;
  const std::vector<std::uint8_t> zone_;
  Connection connection_;
  TsigExchange exchange_;
  RecordStream stream_;
  std::uint16_t id_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<std::uint8_t> message_;
};

}  // namespace

std::vector<std::uint8_t> zone_wire(const std::string& zone) {
  knot_dname_storage_t wire;
  if (knot_dname_from_str(wire, zone.c_str(), sizeof wire) == nullptr) return {};
  knot_dname_to_lower(wire);
  return {wire, wire + knot_dname_size(wire)};
}

Result<Transferred, TransferFailure> transfer(const TransferRequest& request,
                                              RecordStream::Take take, const Bell& bell) {
  return Transfer(request, bell).run(take);
}

}  // namespace sluice::lists
