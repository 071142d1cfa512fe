#pragma once

// What `sluice lists` prints: findings as lines `file:line: …` that editors understand, a summary,
// and the content of an image. Allocates.

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "lists/compile/compile.h"
#include "lists/compile/review.h"

namespace sluice::cli {

// Refused lines, then warnings: `chat.list:3: "com": a public suffix…`, `chat.list:7: warning: …`.
// At most `most` of each; a last line says how many more there are.
void print_notes(std::ostream& out, const lists::Compiled& compiled, std::size_t most);

// Entries that another one covers, and exceptions without effect. At most those in the review.
void print_review(std::ostream& out, const lists::Compiled& compiled, const lists::Review& review);

struct WorkDone {
  std::chrono::nanoseconds reviewing{}, writing{};  // 0: not done
  std::uint64_t peak_memory = 0;                    // bytes
};
void print_summary(std::ostream& out, const lists::Compiled& compiled, const lists::Review& review,
                   const WorkDone& work);

// What `lists show` prints of an image whose checksum is right.
[[nodiscard]] std::string image_text(std::string_view file, const match::DomainSet& set);
[[nodiscard]] std::string image_json(std::string_view file, const match::DomainSet& set);

}  // namespace sluice::cli
