#pragma once

// Appends audit lines to a file, or to standard output.
//
// A write that fails half-way may leave half a line in the file. The next line then starts after a
// line feed, so that it stays whole.

#include <filesystem>
#include <memory>

#include "filters/base/result.h"
#include "gateway/telemetry/audit_sink.h"

namespace sluice::telemetry {

class FileSink final : public AuditSink {
 public:
  // `file`: "-" is standard output. Error: one line with the name of the file.
  [[nodiscard]] static Result<std::unique_ptr<FileSink>, std::string> open(
      std::filesystem::path file);
  ~FileSink() override;

  void write(std::span<const std::string> lines) override;
  [[nodiscard]] bool flush() override;
  bool reopen() override;
  [[nodiscard]] std::string error() const override { return error_; }

 private:
  explicit FileSink(std::filesystem::path file) : file_(std::move(file)) {}
  [[nodiscard]] bool is_stdout() const { return file_ == "-"; }
  [[nodiscard]] bool write_pending();
  void close();
  bool failed(const char* what);

  std::filesystem::path file_;
  int descriptor_ = -1;  // -1: not open
  std::string pending_;
  bool half_line_ = false;  // the file ends within a line
  std::string error_;
};

}  // namespace sluice::telemetry
