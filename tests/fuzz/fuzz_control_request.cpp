// Any bytes as what a peer sends to the control socket. Lines are the same however the bytes are
// split; a line is a request or an error with a reason; a request that is written is read as the
// same; and the same bytes as a gateway's reply are an object or an error.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"
#include "gateway/control/line_buffer.h"
#include "gateway/control/protocol.h"
#include "tests/fuzz/require.h"

namespace sluice::fuzz {
namespace {

void check_request(const std::string& line) {
  const auto request = control::parse_request(line);
  if (!request) {
    require(!request.error().text.empty());
    const std::string reply = control::error_line(request.error());
    require(reply.find('\n') == std::string::npos);
    const auto read = control::parse_reply(reply);
    require(!read && read.error().code == request.error().code);
    return;
  }
  const std::string written = control::to_line(*request);
  require(written.find('\n') == std::string::npos);
  const auto again = control::parse_request(written);
  // Escapes may make a line longer than one may be.
  require(again ? *again == *request : written.size() > control::kMaxRequest);
  require(control::needed_for(*request) != control::Rights::none);
}

std::vector<std::string> lines_of(std::string_view bytes, std::size_t step) {
  control::LineBuffer buffer(control::kMaxRequest);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    buffer.add(bytes.substr(at, step));
    while (auto line = buffer.next()) lines.push_back(std::move(*line));
    require(buffer.size() <= control::kMaxRequest);
  }
  return lines;
}

void check(std::string_view bytes) {
  const auto whole = lines_of(bytes, bytes.size() + 1);
  require(lines_of(bytes, 1) == whole);
  require(lines_of(bytes, 7) == whole);
  for (const std::string& line : whole) check_request(line);
  check_request(std::string(bytes));
  const auto reply = control::parse_reply(bytes);
  if (reply) require(reply->is_object() && (*reply)["ok"] == true);
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
