#pragma once

// A stream as a map of bytes: slow and obviously correct. Tests compare flow::StreamBuffer with it.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "filters/flow/stream_buffer.h"

namespace sluice::test {

class NaiveStream {
 public:
  // `window`: how far the stream may reach from its base.
  flow::Insert insert(std::size_t window, std::uint64_t offset, std::string_view text) {
    std::map<std::uint64_t, char> fresh;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (offset + i >= base_) fresh[offset + i] = text[i];
    }
    if (fresh.empty()) return flow::Insert::known;
    if (fresh.rbegin()->first - base_ >= window) return flow::Insert::beyond_window;
    bool has_news = false;
    for (const auto& [at, byte] : fresh) {
      const auto kept = bytes_.find(at);
      if (kept != bytes_.end() && kept->second != byte) return flow::Insert::differs;
      has_news = has_news || kept == bytes_.end();
    }
    return has_news ? flow::Insert::stored : flow::Insert::known;
  }
  void store(std::uint64_t offset, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (offset + i >= base_) bytes_.try_emplace(offset + i, text[i]);
    }
  }
  void consume(std::uint64_t count) {
    base_ += count;
    std::erase_if(bytes_, [&](const auto& item) { return item.first < base_; });
  }
  void release() {
    base_ += view().size();
    bytes_.clear();
  }
  void reset() {
    bytes_.clear();
    base_ = 0;
  }
  [[nodiscard]] std::string overwritten(std::uint64_t offset, std::string text) const {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (const auto kept = bytes_.find(offset + i); kept != bytes_.end()) text[i] = kept->second;
    }
    return text;
  }
  [[nodiscard]] std::string view() const {
    std::string result;
    for (auto at = bytes_.find(base_); at != bytes_.end(); at = bytes_.find(at->first + 1)) {
      result += at->second;
    }
    return result;
  }
  [[nodiscard]] std::uint64_t base() const { return base_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  std::uint64_t base_ = 0;
  std::map<std::uint64_t, char> bytes_;
};

}  // namespace sluice::test
