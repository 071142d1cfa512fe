#include "gateway/console/gate.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace sluice::console {
namespace {

constexpr std::string_view kLoopbackName = "localhost";
constexpr std::string_view kScheme = "bearer";

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same_word(std::string_view text, std::string_view word) noexcept {
  return std::ranges::equal(text, word, {}, lower);
}

bool is_port(std::string_view text) noexcept {
  return text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_loopback(const IpAddress& address) noexcept {
  static const auto v4 = IpPrefix::parse("127.0.0.0/8");
  static const auto v6 = IpAddress::parse("::1");
  return (v4 && v4->contains(address)) || (v6 && *v6 == address);
}

bool is_any(const IpAddress& address) noexcept {
  static const auto v4 = IpAddress::parse("0.0.0.0");
  return address == IpAddress() || (v4 && *v4 == address);
}

}  // namespace

std::optional<std::string_view> host_in(std::string_view header) noexcept {
  std::string_view host = header;
  std::string_view rest;
  if (header.starts_with('[')) {
    const std::size_t end = header.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = header.substr(1, end - 1);
    rest = header.substr(end + 1);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
  } else if (const std::size_t colon = header.find(':'); colon != std::string_view::npos) {
    host = header.substr(0, colon);
    rest = header.substr(colon);
  }
  if (host.empty() || host.find_first_of("[]") != std::string_view::npos) return std::nullopt;
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  return host;
}

Gate::Gate(const IpAddress& listen, std::string_view token) : listen_(listen) {
  if (!token.empty()) token_ = digest_of(token);
}

bool Gate::knows_host(std::string_view header) const noexcept {
  const auto host = host_in(header);
  if (!host) return false;
  if (is_same_word(*host, kLoopbackName)) return true;
  const auto address = IpAddress::parse(*host);
  return address && (is_loopback(*address) || *address == listen_ || is_any(listen_));
}

// Digests have one length, whatever is sent: the time of the comparison tells nothing.
bool Gate::knows_token(std::string_view authorization) const noexcept {
  if (!token_) return true;
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos) return false;
  if (!is_same_word(authorization.substr(0, space), kScheme)) return false;
  const Digest sent = digest_of(authorization.substr(space + 1));
  return ::CRYPTO_memcmp(sent.data(), token_->data(), sent.size()) == 0;
}

Gate::Digest Gate::digest_of(std::string_view text) noexcept {
  Digest digest{};
  static_assert(sizeof(Digest) == SHA256_DIGEST_LENGTH);
  const std::string_view some = text.empty() ? std::string_view(" ") : text;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes
  ::SHA256(reinterpret_cast<const unsigned char*>(some.data()), some.size(), digest.data());
  return digest;
}

}  // namespace sluice::console
