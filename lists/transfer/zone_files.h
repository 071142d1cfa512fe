#pragma once

// The last good zone on disk: a zone file, and a journal of the changes since it was written.
//
//   FILE            ; sluice zone 1                      FILE.journal
//                   $ORIGIN rpz.test.                    ; from 5 to 6 300 60 86400 1700000000
//                   ; soa 5 300 60 86400 1700000000      -bad.example.rpz.test. 60 CNAME .
//                   bad.example.rpz.test. 60 CNAME .     +worse.example.rpz.test. 60 CNAME .
//                   ; end DIGEST                         ; end DIGEST
//
// The numbers are serial, refresh, retry and expire of the SOA, and when the primary was last seen
// to have it (Unix time). Both are text that other programs read too; a zone is valid only up to a
// line `end` whose digest (XXH3-64, hex) is that of what stands before it in its block. A journal
// that was cut counts up to its last whole block; a block that does not follow is ignored.
//
// Whatever happens, FILE is the old zone or the new one: it is replaced by rename(2). Threads: one
// writes; any may load at the same time, and get the zone of some moment. Blocks; allocates.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "filters/base/result.h"
#include "lists/transfer/record_stream.h"

namespace sluice::lists {

struct StoredZone {
  std::string text;  // a whole zone file, but for its SOA record
  Soa soa;
  std::chrono::system_clock::time_point seen;
  bool whole = true;  // false: the journal has an end that does not count, so nothing may follow it

  // Its records, line by line, without what stands before them.
  [[nodiscard]] std::string_view records() const noexcept;
};

class ZoneFiles {
 public:
  // `zone` as text with its final dot.
  ZoneFiles(std::filesystem::path file, std::string zone)
      : file_(std::move(file)), zone_(std::move(zone)) {}

  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
  [[nodiscard]] const std::string& zone() const noexcept { return zone_; }
  [[nodiscard]] bool exists() const;
  // Error: one line, without the file's name.
  [[nodiscard]] Result<StoredZone, std::string> load() const;

  // A new FILE, line by line; replaces the old one and its journal at finish(), else leaves
  // nothing.
  class Writer {
   public:
    void add(std::string_view line);
    // Error: the file could not be written; the old one is as it was. REQUIRES: called once.
    [[nodiscard]] Result<void, std::string> finish();
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

   private:
    friend class ZoneFiles;
    explicit Writer(const ZoneFiles& files);
    void begin(const Soa& soa);
    struct Stream;
    std::unique_ptr<Stream> stream_;
  };
  [[nodiscard]] std::unique_ptr<Writer> write(const Soa& soa) const {
    std::unique_ptr<Writer> writer(new Writer(*this));
    writer->begin(soa);
    return writer;
  }

  // Appends a block to the journal. `removed` and `added`: lines. Error: it could not be written.
  [[nodiscard]] Result<void, std::string> append(std::uint32_t from, const Soa& to,
                                                 std::string_view removed, std::string_view added);
  // The journal is over a quarter of the file: the zone should be written anew.
  [[nodiscard]] bool should_rewrite() const;

 private:
  [[nodiscard]] std::filesystem::path journal() const { return file_.string() + ".journal"; }

  std::filesystem::path file_;
  std::string zone_;
};

}  // namespace sluice::lists
