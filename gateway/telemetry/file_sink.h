#pragma once

// Appends audit lines to a file, or to standard output.
//
// Lines that are written together are there together: a write that fails half-way is taken back.
// Where it cannot be (a pipe) half a line may stay, and the next line starts after a line feed. A
// file may be rotated here, as well as by others (reopen): FILE becomes FILE.1, that FILE.2, and so
// on. With keep_days it also rotates at the first line of a day (UTC), so no line is kept for more
// than keep_days and a day.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "filters/base/result.h"
#include "gateway/telemetry/audit_sink.h"

namespace sluice::telemetry {

class FileSink final : public AuditSink {
 public:
  struct Options {
    std::uint64_t rotate_bytes = 0;  // rotate a file that is larger; 0: never
    unsigned keep = 0;               // rotated files; older ones are removed
    std::chrono::days keep_days{0};  // rotated files with an older last line are removed; 0: never
    bool sync = false;               // flush() returns when the lines are on the disk
  };
  // `file`: "-" is standard output, which is never rotated. Error: one line with the name of the
  // file.
  [[nodiscard]] static Result<std::unique_ptr<FileSink>, std::string> open(
      std::filesystem::path file, const Options& options);
  [[nodiscard]] static Result<std::unique_ptr<FileSink>, std::string> open(
      std::filesystem::path file) {
    return open(std::move(file), Options{});
  }
  ~FileSink() override;

  void write(std::span<const std::string> lines) override;
  [[nodiscard]] bool flush() override;
  void idle() override;
  bool reopen() override;
  [[nodiscard]] std::string error() const override { return error_; }

 private:
  FileSink(std::filesystem::path file, const Options& options)
      : file_(std::move(file)), options_(options) {}
  [[nodiscard]] bool is_stdout() const { return file_ == "-"; }
  [[nodiscard]] bool write_pending();
  void take_back(std::int64_t size);
  void rotate();
  void begin_day();
  void remove_old();
  void close();
  bool failed(const char* what);

  std::filesystem::path file_;
  Options options_;
  int descriptor_ = -1;                                // -1: not open
  std::chrono::sys_days day_;                          // of the last line
  std::chrono::steady_clock::time_point next_look_{};  // for files that are too old
  std::string pending_;
  bool half_line_ = false;  // the file ends within a line
  std::string error_;
};

}  // namespace sluice::telemetry
