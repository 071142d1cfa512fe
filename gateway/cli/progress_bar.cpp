#include "gateway/cli/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace sluice::cli {
namespace {

constexpr std::size_t kWidth = 30;
constexpr auto kFirst = std::chrono::seconds(1);
constexpr auto kBetween = std::chrono::milliseconds(100);

}  // namespace

ProgressBar::ProgressBar()
    : is_terminal_(isatty(STDERR_FILENO) == 1), next_(std::chrono::steady_clock::now() + kFirst) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total, std::uint64_t packets) {
  if (!is_terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kBetween;
  drawn_ = true;
  if (total == 0) {
    std::fprintf(stderr, "\r%llu packets\x1b[K", static_cast<unsigned long long>(packets));
    return;
  }
  const auto share = static_cast<std::size_t>(std::min(done, total) * 100 / total);
  std::string bar(kWidth, '.');
  std::fill_n(bar.begin(), share * kWidth / 100, '#');
  std::fprintf(stderr, "\r[%s] %3zu %%  %llu packets\x1b[K", bar.c_str(), share,
               static_cast<unsigned long long>(packets));
}

}  // namespace sluice::cli
