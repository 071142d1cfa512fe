#pragma once

// One resource record in presentation form (RFC 1035 section 5.1), on one line, to wire form. By
// ldns. Private to lists/format. Allocates; about 1 µs a record.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "lists/format/rpz.h"

struct ldns_struct_rdf;  // NOLINT(readability-identifier-naming): the library's

namespace sluice::lists {

class RecordReader {
 public:
  static constexpr std::size_t kMaxLine = 8192;  // less than ldns takes

  explicit RecordReader(std::uint32_t ttl);
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  // Of names without a final dot; the root until it is set. False: it is no name.
  [[nodiscard]] bool set_origin(const std::string& name);
  void set_origin(const name::Name& name);
  [[nodiscard]] name::Name origin() const;
  // Of records without one. False: it is no time to live.
  [[nodiscard]] bool set_ttl(const std::string& period);

  // A line that starts with a blank has the owner of the line before. The data lies in the reader
  // until it reads the next record. Error: why it is none.
  // REQUIRES: no line feed.
  [[nodiscard]] Result<ZoneRecord, std::string> read(const std::string& line);

 private:
  struct Free {
    void operator()(ldns_struct_rdf* rdf) const noexcept;
  };
  using Rdf = std::unique_ptr<ldns_struct_rdf, Free>;

  Rdf origin_, previous_;
  bool owner_was_refused_ = false;
  std::uint32_t ttl_;
  std::vector<std::byte> rdata_;
};

}  // namespace sluice::lists
