#pragma once

// A progress bar on standard error, for a terminal only; silent for the first second and elsewhere.

#include <chrono>
#include <cstdint>

namespace sluice::cli {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Draws ten times a second at most. total 0: not known.
  void update(std::uint64_t done, std::uint64_t total, std::uint64_t packets);

 private:
  bool is_terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace sluice::cli
