#pragma once

// A list or a bundle at a URL (libcurl).
//
// Asks with ETag and Last-Modified of what it got last, so that what did not change costs a few
// bytes. TLS 1.2 or later, verified; no proxy but the one that is set; redirects to https only.
// Refused: web pages, answers without a known end, over the limits of bytes and time. After a
// failure it asks again soon, and ever later (pause.h).
//
// Threads: that of its source (feed.h).

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "filters/base/result.h"
#include "lists/update/feed.h"
#include "lists/update/pause.h"

namespace sluice::lists {

struct HttpsSettings {
  std::string url;
  std::filesystem::path ca_file;  // who may sign the server's certificate; empty: the system's
  std::string proxy;              // empty: none, whatever the environment says
  bool insecure_http = false;     // for tests: http:// to a loopback address
  std::uint64_t most_bytes = std::uint64_t{256} << 20;
  std::chrono::milliseconds connect{10'000}, total{600'000};
  std::chrono::seconds stalled{30};  // under 100 bytes a second for so long
  std::chrono::milliseconds interval{300'000}, first_retry{5'000};
};

// Why it cannot be asked; empty: it can. https only, unless `insecure_http` and loopback.
[[nodiscard]] std::string url_problem(const std::string& url, bool insecure_http);

class HttpsFeed final : public Feed {
 public:
  // REQUIRES: the URL has no problem.
  explicit HttpsFeed(HttpsSettings settings);

  [[nodiscard]] Result<std::optional<Fetched>, Refusal> fetch(const Known& known,
                                                              const Bell& bell) override;
  void wait(Bell& bell) override;
  [[nodiscard]] std::optional<std::chrono::sys_seconds> certificate_until() const noexcept override;

 private:
  HttpsSettings settings_;
  Pause pause_;
  std::atomic<std::int64_t> certificate_until_ = 0;  // Unix time; 0: not known
};

}  // namespace sluice::lists
