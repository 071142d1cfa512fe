#include "lists/format/logical_lines.h"

#include "lists/format/line.h"
#include "lists/format/record_reader.h"

namespace sluice::lists {

LogicalLines::LogicalLines(std::string_view text) : rest_(text) {
  static_cast<void>(take_prefix(rest_, "\xef\xbb\xbf"));
}

bool LogicalLines::next(LogicalLine& line) {
  while (!rest_.empty()) {
    line.text.clear();
    line.problem = {};
    line.number = number_ + 1;
    depth_ = 0;
    do {
      read_line(line);
    } while (depth_ > 0 && !rest_.empty());
    if (depth_ > 0) line.problem = "a parenthesis is not closed";
    while (!line.text.empty() && is_blank(line.text.back())) line.text.pop_back();
    if (!line.text.empty() || !line.problem.empty()) return true;
  }
  return false;
}

// Appends one line of the text, and counts its parentheses.
void LogicalLines::read_line(LogicalLine& line) {
  ++number_;
  const std::size_t end = rest_.find('\n');
  std::string_view text = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (line.text.size() >= RecordReader::kMaxLine) {
      line.problem = "a record longer than 8192 bytes";
      // Parentheses still count: the next record starts behind them.
    }
    if (!quoted && c == ';') break;
    if (c == '"') quoted = !quoted;
    if (!quoted && c == '(') ++depth_;
    if (!quoted && c == ')') {
      if (depth_ == 0) line.problem = "a parenthesis that nothing opened";
      if (depth_ > 0) --depth_;
    }
    if (!quoted && (c == '(' || c == ')')) c = ' ';
    const bool keeps = line.problem.empty();
    if (keeps) line.text += c;
    if (c == '\\' && i + 1 < text.size()) {
      ++i;
      if (keeps) line.text += text[i];
    }
  }
  if (quoted && line.problem.empty()) line.problem = "a quote that is not closed on its line";
  if (depth_ > 0) line.text += ' ';
}

}  // namespace sluice::lists
