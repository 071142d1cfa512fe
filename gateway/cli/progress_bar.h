#pragma once

// A progress bar on standard error, if it is a terminal, after the first second.

#include <chrono>
#include <cstdint>

namespace sluice::cli {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Draws at most ten times a second. total 0: unknown.
  void update(std::uint64_t done, std::uint64_t total, std::uint64_t packets);

 private:
  bool is_terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace sluice::cli
