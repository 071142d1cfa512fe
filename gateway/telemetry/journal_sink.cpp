#include "gateway/telemetry/journal_sink.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "gateway/audit/trail.h"

namespace sluice::telemetry {
namespace {

constexpr int kSendBuffer = 1024 * 1024;  // the system grants what it allows

// `NAME=value`, or, of a value with a line feed: NAME, a line feed, its length in 8 bytes, itself.
void add_field(std::string& entry, std::string_view name, std::string_view value) {
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry += '=';
  } else {
    entry += '\n';
    for (unsigned shift = 0; shift < 64; shift += 8) {
      entry += static_cast<char>(std::uint64_t{value.size()} >> shift);  // little-endian
    }
  }
  entry += value;
  entry += '\n';
}

std::string entry_of(const std::string& line) {
  std::string entry;
  add_field(entry, "MESSAGE", line);
  entry += "PRIORITY=5\nSYSLOG_FACILITY=13\nSYSLOG_IDENTIFIER=sluice\n";
  const auto record = audit::parse_line(line);
  if (!record) return entry;
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) add_field(entry, name, value);
  };
  add("SLUICE_APP", record->app);
  add("SLUICE_NAME", record->name);
  add("SLUICE_ACTION", record->action);
  add("SLUICE_CLIENT", audit::without_port(record->client));
  return entry;
}

}  // namespace

JournalSink::JournalSink(std::string path)
    : path_(std::move(path)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  ::setsockopt(socket_.value(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
}

JournalSink::~JournalSink() {
  if (!waiting_.empty()) {
    spdlog::error("audit: {}: {} lines were not taken and are lost", path_, waiting_.size());
  }
}

void JournalSink::write(std::span<const std::string> lines) {
  for (const std::string& line : lines) batch_.push_back(entry_of(line));
}

bool JournalSink::flush() {
  const bool has_room = waiting_.push(std::exchange(batch_, {}));
  idle();
  return has_room;
}

void JournalSink::idle() {
  while (!waiting_.empty()) {
    switch (send(waiting_.front())) {
      case Sent::not_yet:
        return;
      case Sent::never:
        ++too_large_;
        break;
      case Sent::yes:
        break;
    }
    waiting_.pop();
  }
}

std::uint64_t JournalSink::take_late_losses() {
  return std::exchange(too_large_, 0);
}

// The path is looked up each time: journald may have been started again.
JournalSink::Sent JournalSink::send(const std::string& entry) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path_.copy(to.sun_path, sizeof to.sun_path - 1);
  const ssize_t sent =
      ::sendto(socket_.value(), entry.data(), entry.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&to), sizeof to);
  if (sent >= 0) return Sent::yes;
  if (errno == EMSGSIZE) {
    error_ = path_ + ": a line of " + std::to_string(entry.size()) + " bytes is too large";
    return Sent::never;
  }
  const bool is_busy = errno == EAGAIN;  // a burst: said if lines are lost for it
  error_ =
      path_ + (is_busy ? ": does not take more: " : ": cannot be written: ") + std::strerror(errno);
  if (!is_busy && complaint_.may()) {
    spdlog::error("audit: {}; {} lines wait", error_, waiting_.size());
  }
  return Sent::not_yet;
}

}  // namespace sluice::telemetry
