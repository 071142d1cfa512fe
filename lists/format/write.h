#pragma once

// Entries to text in any format of names: the reverse of the parsers.
//
// A list that was written and is read again has the same entries, but for what the notes say. A
// format writes only what it can say exactly: an entry that it cannot say is refused. What it can
// say without its answer, or without $important, is written and warned of. Allocates; no I/O.

#include <string>
#include <string_view>
#include <vector>

#include "filters/name/name.h"
#include "lists/format/format.h"

namespace sluice::lists {

// Names a format for lists of names; false: `endpoints`.
[[nodiscard]] bool is_format_of_names(Format format) noexcept;

class ListWriter {
 public:
  // REQUIRES: a format of names. `out` must outlive the writer.
  ListWriter(Format format, std::string& out);

  // In the order of lines. Entries are written once their line is complete.
  void take(const Entry& entry);
  void finish();  // REQUIRES: called once, after the last entry

  [[nodiscard]] const Notes& refused() const noexcept { return refused_; }
  [[nodiscard]] const Notes& warnings() const noexcept { return warnings_; }

 private:
  struct Held {
    Entry entry;
    name::Name name;
    std::string rdata;
  };

  void write_line();
  void write(const Held& held, const std::vector<Held>& exempt);
  [[nodiscard]] std::string refusal(const Held& held) const;
  void write_adblock(const Held& held, const std::vector<Held>& exempt);
  void write_dnsmasq(const Held& held);
  void write_unbound(const Held& held);
  void write_rpz(const Held& held);
  void warn(const Held& held, std::string reason);

  Format format_;
  std::string& out_;
  std::vector<Held> line_;  // the entries of one line
  Notes refused_, warnings_;
};

}  // namespace sluice::lists
