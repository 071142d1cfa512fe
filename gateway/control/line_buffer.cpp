#include "gateway/control/line_buffer.h"

namespace sluice::control {

void LineBuffer::add(std::string_view bytes) {
  if (!overfull_) bytes_ += bytes;
}

std::optional<std::string> LineBuffer::next() {
  const std::size_t end = bytes_.find('\n');
  if (end == std::string::npos ? bytes_.size() > most_ : end > most_) {
    overfull_ = true;
    bytes_ = {};
    return std::nullopt;
  }
  if (end == std::string::npos) return std::nullopt;
  std::string line = bytes_.substr(0, end);
  bytes_.erase(0, end + 1);
  return line;
}

}  // namespace sluice::control
