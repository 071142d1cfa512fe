#include "gateway/audit/chain.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace sluice::audit {
namespace {

constexpr std::string_view kBefore = ",\"chain\":\"";
constexpr std::string_view kBehind = "\"}";
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kTextBytes = 2 * sizeof(ChainValue);
// What a process writes first (audit.h in telemetry).
constexpr std::string_view kStart = "\"kind\":\"start\"";

ChainValue value_of(const std::string& key, const ChainValue& before, std::string_view body) {
  std::string bytes(before.begin(), before.end());
  bytes += body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  if (key.empty()) {
    EVP_Digest(data, bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  } else {
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data, bytes.size(), digest.data(),
         &size);
  }
  ChainValue value;
  std::copy_n(digest.begin(), value.size(), value.begin());
  return value;
}

}  // namespace

std::string to_hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
  }
  return text;
}

std::string to_text(const ChainValue& value) {
  return to_hex(value);
}

std::optional<ChainValue> parse_chain_value(std::string_view text) noexcept {
  if (text.size() != kTextBytes) return std::nullopt;
  ChainValue value{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = kDigits.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    value[i / 2] = static_cast<unsigned char>(std::size_t{value[i / 2]} << 4 | digit);
  }
  return value;
}

void Chain::add(std::string& line) {
  value_ = value_of(key_, value_, line);
  line.pop_back();
  line += kBefore;
  line += to_text(value_);
  line += kBehind;
}

std::optional<ChainedLine> split_chained(std::string_view line) {
  constexpr std::size_t kTail = kBefore.size() + kTextBytes + kBehind.size();
  if (line.size() <= kTail || !line.starts_with('{') || !line.ends_with(kBehind)) {
    return std::nullopt;
  }
  const std::string_view tail = line.substr(line.size() - kTail);
  if (!tail.starts_with(kBefore)) return std::nullopt;
  const auto value = parse_chain_value(tail.substr(kBefore.size(), kTextBytes));
  if (!value) return std::nullopt;
  return ChainedLine{.body = std::string(line.substr(0, line.size() - kTail)) + '}',
                     .value = *value};
}

std::optional<ChainValue> last_value_of(const std::filesystem::path& file) {
  constexpr std::streamoff kEnd = 16 * 1024;  // several lines at their longest
  std::ifstream in(file, std::ios::binary);
  if (!in.seekg(0, std::ios::end)) return std::nullopt;
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kEnd));
  const std::string end(std::istreambuf_iterator<char>(in), {});
  std::string_view left(end);
  while (!left.empty()) {
    const std::size_t line_end = left.rfind('\n');
    if (line_end == std::string_view::npos) return std::nullopt;
    left = left.substr(0, line_end);
    const std::size_t start = left.rfind('\n') + 1;  // 0 if there is none
    if (const auto line = split_chained(left.substr(start))) return line->value;
  }
  return std::nullopt;
}

bool ChainCheck::follows(const ChainedLine& line, const ChainValue& before) const {
  return value_of(key_, before, line.body) == line.value;
}

ChainCheck::Finding ChainCheck::take(std::string_view text) {
  const auto line = split_chained(text);
  if (!line) return Finding::not_chained;
  const auto before = std::exchange(last_, line->value);
  if (before && follows(*line, *before)) return Finding::follows;
  const bool is_start = line->body.find(kStart) != std::string::npos;
  if (is_start && follows(*line, ChainValue{})) return Finding::begins;
  return before ? Finding::broken : Finding::within;
}

}  // namespace sluice::audit
