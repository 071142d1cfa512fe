// `sluice capture`: asks the running gateway for the frames that it blocks, and writes them.

#include <csignal>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/cli/reply_text.h"
#include "gateway/control/base64.h"
#include "gateway/control/client.h"
#include "gateway/dataplane/pcap/capture_writer.h"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kAskEvery = std::chrono::milliseconds(50);

// Ctrl-C ends a capture as its time does: what came is written.
class Interrupts {
 public:
  Interrupts() {
    ::sigemptyset(&signals_);
    ::sigaddset(&signals_, SIGINT);
    ::sigaddset(&signals_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  // Waits for so long at most.
  [[nodiscard]] bool came_within(std::chrono::nanoseconds time) const {
    const timespec wait{.tv_sec = 0, .tv_nsec = time.count()};
    return ::sigtimedwait(&signals_, nullptr, &wait) > 0;
  }

 private:
  sigset_t signals_{};
};

Result<Json, std::string> ask(control::Client& client, const control::Request& request) {
  const auto line = client.ask(request, kPatience);
  if (!line) return fail(line.error());
  auto reply = control::parse_reply(*line);
  if (!reply) return fail(reply.error().text);
  return std::move(*reply);
}

// The file that frames go to; it has the link type of the first one.
class Output {
 public:
  explicit Output(const std::string& file) : file_(file) {}

  Result<void, std::string> write(const Json& frames) {
    for (const Json& frame : frames) {
      const auto link = static_cast<LinkType>(cli::number_in(frame, "link"));
      if (auto opened = open(link); !opened) return opened;
      const auto bytes = control::from_base64(cli::text_in(frame, "data"));
      if (!bytes || writer_->link() != link) {
        ++unwritten_;
        continue;
      }
      writer_->write(Nanos(static_cast<std::int64_t>(cli::number_in(frame, "time"))),
                     static_cast<std::uint32_t>(cli::number_in(frame, "length")), *bytes);
      ++written_;
    }
    return writer_ ? writer_->flush() : Result<void, std::string>();
  }
  // Also if there was no frame.
  Result<void, std::string> finish() {
    auto opened = open(LinkType::ethernet);
    return opened ? writer_->flush() : opened;
  }
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  [[nodiscard]] std::uint64_t unwritten() const noexcept { return unwritten_; }

 private:
  Result<void, std::string> open(LinkType link) {
    if (writer_) return {};
    auto writer = io::CaptureWriter::open(file_, link);
    if (!writer) return fail(writer.error());
    writer_ = std::make_unique<io::CaptureWriter>(std::move(*writer));
    return {};
  }

  std::string file_;
  std::unique_ptr<io::CaptureWriter> writer_;  // null: nothing came yet
  std::uint64_t written_ = 0, unwritten_ = 0;
};

}  // namespace

int capture(const cli::CaptureCommand& command) {
  auto client = control::Client::open(command.socket);
  if (!client) return refuse(client.error());
  const auto begun = ask(
      *client,
      {.command = control::Command::capture, .limit = command.limit, .seconds = command.seconds});
  if (!begun) return refuse(command.socket + ": " + begun.error());
  const Interrupts interrupts;
  Output output(command.write);
  std::uint64_t lost = 0;
  for (bool over = false; !over;) {
    const auto part = ask(*client, {.command = control::Command::capture, .next = true});
    if (!part) return refuse(command.socket + ": " + part.error());
    const Json& frames = cli::part_of(*part, "frames");
    if (const auto written = output.write(frames); !written) return refuse(written.error());
    lost = cli::number_in(*part, "lost");
    over = cli::flag_in(*part, "over") ||
           interrupts.came_within(frames.empty() ? kAskEvery : std::chrono::milliseconds(0));
  }
  if (const auto finished = output.finish(); !finished) return refuse(finished.error());
  std::cerr << cli::counted(output.written(), "blocked frame") << " written";
  if (lost > 0) std::cerr << ", " << cli::grouped(lost) << " lost: more came than were asked for";
  if (output.unwritten() > 0) {
    std::cerr << ", " << cli::grouped(output.unwritten()) << " of another link type left out";
  }
  std::cerr << '\n';
  return kOk;
}

}  // namespace sluice::app
