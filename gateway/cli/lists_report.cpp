#include "gateway/cli/lists_report.h"

#include <iomanip>
#include <nlohmann/json.hpp>
#include <span>

namespace sluice::cli {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;
constexpr int kLabelWidth = 34;
constexpr int kNumberWidth = 14;

std::string place(const lists::LoadedList& list, std::uint32_t line) {
  return list.spec.source.name() + ":" + std::to_string(line) + ": ";
}

void print_rest(std::ostream& out, std::uint64_t rest, std::string_view what) {
  if (rest > 0) out << "… and " << rest << " more " << what << '\n';
}

// Notes of all lists, in order, up to a limit.
class NotePrinter {
 public:
  NotePrinter(std::ostream& out, std::size_t room, std::string_view mark)
      : out_(out), room_(room), mark_(mark) {}

  void print(const lists::LoadedList& list, std::span<const lists::LineError> shown,
             std::uint64_t count) {
    rest_ += count;
    for (const lists::LineError& note : shown.first(std::min(room_, shown.size()))) {
      out_ << place(list, note.line) << mark_ << '"' << note.text << "\": " << note.reason << '\n';
      --room_;
      --rest_;
    }
  }
  [[nodiscard]] std::uint64_t rest() const noexcept { return rest_; }

 private:
  std::ostream& out_;
  std::size_t room_;
  std::string_view mark_;
  std::uint64_t rest_ = 0;
};

std::ostream& label(std::ostream& out, std::string_view text) {
  return out << "  " << std::left << std::setw(kLabelWidth) << text << std::right
             << std::setw(kNumberWidth);
}
void row(std::ostream& out, std::string_view text, std::uint64_t count) {
  label(out, text) << count << '\n';
}
void row(std::ostream& out, std::string_view text, double value, int digits,
         std::string_view unit) {
  label(out, text) << std::fixed << std::setprecision(digits) << value << ' ' << unit << '\n';
}
void row(std::ostream& out, std::string_view text, std::chrono::nanoseconds time) {
  if (time.count() > 0) {
    row(out, text, std::chrono::duration<double>(time).count(), 3, "s");
  }
}

}  // namespace

void print_notes(std::ostream& out, const lists::Compiled& compiled, std::size_t most) {
  NotePrinter errors(out, most, "");
  for (const auto& list : compiled.lists) errors.print(list, list.errors, list.error_count);
  print_rest(out, errors.rest(), "refused lines");
  NotePrinter warnings(out, most, "warning: ");
  for (const auto& list : compiled.lists) warnings.print(list, list.warnings, list.warning_count);
  print_rest(out, warnings.rest(), "warnings");
}

void print_review(std::ostream& out, const lists::Compiled& compiled, const lists::Review& review) {
  const match::DomainSet& set = compiled.domains;
  for (const lists::Reviewed& found : review.redundant) {
    const match::Rule by = set.rule(found.covered_by);
    out << place(compiled.lists[found.list.index], found.line) << "redundant: \""
        << match::rule_text(set, found.rule) << "\": \"" << match::rule_text(set, found.covered_by)
        << "\" of line " << by.line;
    if (by.list != found.list) out << " of " << compiled.lists[by.list.index].spec.source.name();
    out << " covers it\n";
  }
  print_rest(out, review.redundant_count - review.redundant.size(), "redundant entries");
  for (const lists::Reviewed& found : review.idle_exceptions) {
    out << place(compiled.lists[found.list.index], found.line) << "idle: \""
        << match::rule_text(set, found.rule) << "\": no entry blocks what it lets through\n";
  }
  print_rest(out, review.idle_exception_count - review.idle_exceptions.size(), "idle exceptions");
}

void print_lint_json(std::ostream& out, const lists::Compiled& compiled,
                     const lists::Review& review) {
  const auto print = [&](const lists::LoadedList& list, std::uint32_t line,
                         std::string_view severity, std::string_view code, std::string_view text,
                         std::string_view reason) {
    const nlohmann::ordered_json object = {{"file", list.spec.source.name()},
                                           {"line", line},
                                           {"severity", severity},
                                           {"code", code},
                                           {"text", text},
                                           {"reason", reason}};
    out << object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  };
  for (const lists::LoadedList& list : compiled.lists) {
    for (const auto& it : list.errors) print(list, it.line, "error", it.code, it.text, it.reason);
    for (const auto& it : list.warnings) {
      print(list, it.line, "warning", it.code, it.text, it.reason);
    }
  }
  const match::DomainSet& set = compiled.domains;
  for (const lists::Reviewed& found : review.redundant) {
    const match::Rule by = set.rule(found.covered_by);
    print(compiled.lists[found.list.index], found.line, "note", "redundant",
          match::rule_text(set, found.rule),
          match::rule_text(set, found.covered_by) + " of line " + std::to_string(by.line) + " of " +
              compiled.lists[by.list.index].spec.source.name() + " covers it");
  }
  for (const lists::Reviewed& found : review.idle_exceptions) {
    print(compiled.lists[found.list.index], found.line, "note", "idle-exception",
          match::rule_text(set, found.rule), "no entry blocks what it lets through");
  }
}

void print_summary(std::ostream& out, const lists::Compiled& compiled, const lists::Review& review,
                   const WorkDone& work) {
  const match::DomainSet& set = compiled.domains;
  std::uint64_t refused = 0;
  std::uint64_t warnings = 0;
  std::uint64_t duplicates = 0;
  for (const lists::LoadedList& list : compiled.lists) {
    refused += list.error_count;
    warnings += list.warning_count;
    duplicates += list.duplicates;
  }
  for (const lists::LoadedList& list : compiled.lists) {
    if (list.format && !list.spec.format) {
      out << "  " << list.spec.source.name() << ": format " << lists::format_said(list) << '\n';
    }
  }
  row(out, "lists", compiled.lists.size());
  row(out, "entries", set.size());
  row(out, "names", set.name_count());
  row(out, "refused lines", refused);
  row(out, "warnings", warnings);
  row(out, "duplicates", duplicates);
  row(out, "redundant entries", review.redundant_count);
  row(out, "exceptions without effect", review.idle_exception_count);
  row(out, "image", static_cast<double>(set.image().size()) / kMiB, 2, "MiB");
  if (set.size() > 0) {
    row(out, "hot part of it, for an entry",
        static_cast<double>(set.hot_bytes()) / static_cast<double>(set.size()), 2, "bytes");
  }
  row(out, "time to read, parse and guard", compiled.reading);
  row(out, "time to build", compiled.building);
  row(out, "time to review", work.reviewing);
  row(out, "time to write", work.writing);
  row(out, "peak memory", static_cast<double>(work.peak_memory) / kMiB, 1, "MiB");
}

}  // namespace sluice::cli
