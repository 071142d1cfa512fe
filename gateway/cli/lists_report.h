#pragma once

// What `sluice lists` prints: findings as lines `file:line: …` that editors understand, a summary,
// and the content of an image. Allocates.

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "lists/compile/compile.h"
#include "lists/compile/review.h"

namespace sluice::cli {

// Refused lines, then warnings: `chat.list:3: "com": a public suffix…`, `chat.list:7: warning: …`.
// At most `most` of each; a last line says how many more there are.
void print_notes(std::ostream& out, const lists::Compiled& compiled, std::size_t most);

// Entries that another one covers, and exceptions without effect. At most those in the review.
void print_review(std::ostream& out, const lists::Compiled& compiled, const lists::Review& review);

// Both as JSON, an object a line: file, line, severity (error, warning, note), code, text, reason.
void print_lint_json(std::ostream& out, const lists::Compiled& compiled,
                     const lists::Review& review);

struct WorkDone {
  std::chrono::nanoseconds reviewing{}, writing{};  // 0: not done
  std::uint64_t peak_memory = 0;                    // bytes
};
void print_summary(std::ostream& out, const lists::Compiled& compiled, const lists::Review& review,
                   const WorkDone& work);

// What `lists show` prints of an image whose checksum is right.
[[nodiscard]] std::string image_text(std::string_view file, const match::DomainSet& set);
[[nodiscard]] std::string image_json(std::string_view file, const match::DomainSet& set);

// What `lists search` prints of a name: the rules that cover it, best first, then rules of names
// below it, at most `most` of each.
struct FoundRules {
  std::vector<match::RuleId> covering, below;
  std::uint64_t covering_count = 0, below_count = 0;
};
[[nodiscard]] FoundRules find_rules(const match::DomainSet& set, const name::Name& name,
                                    std::size_t most);
[[nodiscard]] std::string found_text(const match::DomainSet& set, std::string_view name,
                                     const FoundRules& found);
[[nodiscard]] std::string found_json(const match::DomainSet& set, std::string_view name,
                                     const FoundRules& found);

}  // namespace sluice::cli
