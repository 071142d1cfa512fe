#include "gateway/config/shape.h"

#include <algorithm>

namespace sluice::config {
namespace {

constexpr std::size_t kQuotes = 3;  // around a string of several lines

std::size_t count_leading(std::string_view text, char c) {
  return std::min(text.find_first_not_of(c), text.size());
}

// The length of the string that starts at the quote that opens `text`. A string of one line ends at
// the end of the line at the latest, because the library refuses it there.
std::size_t string_length(std::string_view text) {
  const char quote = text.front();
  const std::size_t quotes = count_leading(text, quote);
  const bool several_lines = quotes >= kQuotes;
  if (quotes == 2) return 2;
  for (std::size_t at = several_lines ? kQuotes : 1; at < text.size();) {
    if (text[at] == '\\' && quote == '"' && !(text.substr(at + 1).starts_with('\n'))) {
      at += 2;
    } else if (text[at] == '\n' && !several_lines) {
      return at;
    } else if (text[at] != quote) {
      ++at;
    } else if (!several_lines) {
      return at + 1;
    } else if (const std::size_t run = count_leading(text.substr(at), quote); run < kQuotes) {
      at += run;
    } else {
      return at + std::min(run, kQuotes + 2);  // the string itself may end in two quotes
    }
  }
  return text.size();
}

class Shape {
 public:
  // False: out of bounds.
  bool take(char c) {
    if (c == '.') return ++parts_ <= kMaxKeyParts;
    if (c == ' ' || c == '\t') return true;  // `a . b` is a key of two parts
    const bool separates = std::string_view("=,#[]{}\r\n").contains(c);
    if (separates) parts_ = 1;
    if (c == '[' || c == '{') return ++open_ <= kMaxOpen;
    if ((c == ']' || c == '}') && open_ > 0) --open_;
    return true;
  }
  [[nodiscard]] std::string problem() const {
    return open_ > kMaxOpen ? "more than " + std::to_string(kMaxOpen) + " brackets are open"
                            : "a key of more than " + std::to_string(kMaxKeyParts) + " parts";
  }

 private:
  unsigned parts_ = 1;
  unsigned open_ = 0;
};

}  // namespace

std::optional<ShapeProblem> shape_problem(std::string_view text) {
  if (text.size() > kMaxConfigBytes) return ShapeProblem{0, "larger than 1 MiB"};
  Shape shape;
  std::uint32_t line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t length = 1;
    if (c == '"' || c == '\'') {
      length = string_length(text.substr(at));
    } else if (c == '#') {
      length = std::min(text.find('\n', at), text.size()) - at;
    }
    if (!shape.take(c)) return ShapeProblem{line, shape.problem()};
    line += static_cast<std::uint32_t>(std::ranges::count(text.substr(at, length), '\n'));
    at += length;
  }
  return std::nullopt;
}

}  // namespace sluice::config
