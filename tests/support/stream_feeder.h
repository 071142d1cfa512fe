#pragma once

// Feeds a client's stream to inspection as the engine does: message by message, in any pieces.

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "filters/inspect/inspect.h"

namespace sluice::test {

class StreamFeeder {
 public:
  explicit StreamFeeder(std::uint16_t port = 443, inspect::StreamState state = {})
      : port_(port), state_(state) {}

  // The stream so far; each call extends the one before. True: more findings may follow.
  bool feed(Bytes stream) {
    while (!over_ && stream.size() >= needed_) {
      findings_.clear();
      const auto report = inspect::inspect_stream(stream.subspan(judged_), Port{port_}, state_,
                                                  *scratch_, findings_);
      examined_ += report.examined;
      keep_names();
      if (report.progress == inspect::Progress::need_more) {
        needed_ = std::max(judged_ + report.needed, stream.size() + 1);
        return true;
      }
      error_ = report.error;
      const bool goes_on = report.progress == inspect::Progress::unreadable && report.consumed > 0;
      over_ = !goes_on && report.progress != inspect::Progress::message;
      judged_ += report.consumed + static_cast<std::size_t>(report.skip);
      needed_ = std::max(judged_, report.consumed > 0 ? 0 : stream.size()) + 1;
    }
    return !over_;
  }

  // `proto:name` in order of appearance.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] inspect::ParseError error() const { return error_; }
  [[nodiscard]] bool over() const { return over_; }
  // Bytes inspected in all calls.
  [[nodiscard]] std::size_t examined() const { return examined_; }
  [[nodiscard]] inspect::Stage stage() const { return state_.stage(); }

 private:
  void keep_names() {
    for (const inspect::Finding& finding : findings_) {
      std::array<char, name::kMaxTextBytes> text;
      names_.push_back(std::string(to_string(finding.protocol)) + ':' +
                       std::string(name::to_text(finding.name, text)));
    }
  }

  std::uint16_t port_;
  inspect::StreamState state_;
  std::unique_ptr<inspect::Scratch> scratch_ = std::make_unique<inspect::Scratch>();
  inspect::FindingList findings_;
  std::vector<std::string> names_;
  inspect::ParseError error_ = inspect::ParseError::none;
  std::size_t judged_ = 0, needed_ = 1, examined_ = 0;
  bool over_ = false;
};

}  // namespace sluice::test
