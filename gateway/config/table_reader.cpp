#include "gateway/config/table_reader.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sluice::config {
namespace {

// The number of letters to change between two words (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

std::optional<std::uint32_t> number_in(const toml::node& node, std::uint32_t least,
                                       std::uint32_t most) {
  const auto* number = node.as_integer();
  if (number == nullptr || number->get() < least || number->get() > most) return std::nullopt;
  return static_cast<std::uint32_t>(number->get());
}

std::string not_a_number_in(std::uint32_t least, std::uint32_t most) {
  return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
}

}  // namespace

const toml::node* TableReader::find(std::string_view key) {
  known_.emplace_back(key);
  return table_ == nullptr ? nullptr : table_->get(key);
}

std::string TableReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

std::uint32_t TableReader::line_of(std::string_view key) const {
  if (table_ == nullptr) return 0;
  const toml::node* const node = table_->get(key);
  return node == nullptr ? table_->source().begin.line : node->source().begin.line;
}

void TableReader::error(std::string_view key, std::string reason) {
  file_.error(line_of(key), path_of(key), std::move(reason));
}

std::uint32_t TableReader::line_of(std::string_view key, std::size_t index) const {
  if (table_ != nullptr) {
    if (const auto* array = table_->get_as<toml::array>(key); array && array->get(index)) {
      return array->get(index)->source().begin.line;
    }
  }
  return line_of(key);
}

void TableReader::error(std::string_view key, std::size_t index, std::string reason) {
  file_.error(line_of(key, index), path_of(key) + "[" + std::to_string(index) + "]",
              std::move(reason));
}

const std::string* TableReader::text(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return nullptr;
  if (const auto* text = node->as_string()) return &text->get();
  error(key, "must be text in quotes");
  return nullptr;
}

void TableReader::read(std::string_view key, std::optional<std::chrono::sys_seconds>& value) {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): units
  const toml::node* const node = find(key);
  if (node == nullptr) return;
  const toml::date_time at = node->value_or(toml::date_time{});
  if (!at.offset) {
    return error(key, "must be a date and time with an offset (2026-12-31T18:00:00+01:00)");
  }
  value = sys_days(year(at.date.year) / at.date.month / at.date.day) + hours(at.time.hour) +
          minutes(at.time.minute - at.offset->minutes) + seconds(at.time.second);
}

const toml::array* TableReader::list(std::string_view key, std::string_view of) {
  const toml::node* const node = find(key);
  if (node == nullptr) return nullptr;
  const auto* array = node->as_array();
  if (array == nullptr) {
    error(key, "must be a list of " + std::string(of) + ", in brackets");
  } else if (array->empty()) {
    error(key, "must have one entry at least");
  }
  return array;
}

bool TableReader::has(std::string_view key) {
  return find(key) != nullptr;
}

void TableReader::read(std::string_view key, std::string& value) {
  if (const std::string* const word = text(key)) value = *word;
}

void TableReader::require(std::string_view key, std::string& value) {
  read(key, value);
  if (!has(key) || (value.empty() && table_->get(key)->is_string())) error(key, "is missing");
}

void TableReader::read(std::string_view key, bool& value) {
  const toml::node* const node = find(key);
  if (node == nullptr) return;
  if (const auto* flag = node->as_boolean()) {
    value = flag->get();
  } else {
    error(key, "must be true or false");
  }
}

void TableReader::read(std::string_view key, std::uint32_t& value, std::uint32_t least,
                       std::uint32_t most) {
  const toml::node* const node = find(key);
  if (node == nullptr) return;
  if (const auto number = number_in(*node, least, most)) {
    value = *number;
  } else {
    error(key, not_a_number_in(least, most));
  }
}

void TableReader::read(std::string_view key, std::chrono::seconds& value, std::uint32_t least,
                       std::uint32_t most) {
  auto seconds = static_cast<std::uint32_t>(value.count());
  read(key, seconds, least, most);
  value = std::chrono::seconds(seconds);
}

void TableReader::read(std::string_view key, std::filesystem::path& value) {
  const std::string* const word = text(key);
  if (word == nullptr) return;
  const bool is_path = !word->empty() && *word != "-";
  value = is_path ? file_.resolve(*word) : std::filesystem::path(*word);
}

void TableReader::read(std::string_view key, std::vector<std::string>& values) {
  const toml::array* const array = list(key, "texts");
  if (array == nullptr) return;
  for (std::size_t i = 0; i < array->size(); ++i) {
    if (const auto* text = array->get(i)->as_string()) {
      values.push_back(text->get());
    } else {
      error(key, i, "must be text in quotes");
    }
  }
}

void TableReader::read(std::string_view key, std::vector<std::uint32_t>& values,
                       std::uint32_t least, std::uint32_t most) {
  const toml::array* const array = list(key, "numbers");
  if (array == nullptr) return;
  for (std::size_t i = 0; i < array->size(); ++i) {
    if (const auto number = number_in(*array->get(i), least, most)) {
      values.push_back(*number);
    } else {
      error(key, i, not_a_number_in(least, most));
    }
  }
}

void TableReader::require(std::string_view key, std::vector<std::string>& values) {
  read(key, values);
  if (!has(key)) error(key, "is missing");
}

TableReader TableReader::table(std::string_view key) {
  const toml::node* const node = find(key);
  if (node != nullptr && !node->is_table()) error(key, "must be a table: [" + path_of(key) + "]");
  return {node == nullptr ? nullptr : node->as_table(), path_of(key), file_};
}

std::vector<TableReader> TableReader::tables(std::string_view key) {
  const toml::node* const node = find(key);
  std::vector<TableReader> readers;
  if (node == nullptr) return readers;
  const auto* array = node->as_array();
  if (array == nullptr) {
    error(key, "must be written [[" + path_of(key) + "]], once for each");
    return readers;
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    const auto* table = array->get(i)->as_table();
    if (table == nullptr) {
      error(key, i, "must be a table");
    } else {
      readers.emplace_back(table, path_of(key) + "[" + std::to_string(i) + "]", file_);
    }
  }
  return readers;
}

void TableReader::refuse_others() {
  if (table_ == nullptr) return;
  for (const auto& [key, node] : *table_) {
    const std::string_view name = key.str();
    if (std::ranges::find(known_, name) != known_.end()) continue;
    std::string reason = "no such key";
    constexpr std::size_t kMostLetters = 64;  // the distance costs letters times letters
    if (name.size() > kMostLetters) {
      file_.error(node.source().begin.line, path_of(name.substr(0, kMostLetters)) + "…", reason);
      continue;
    }
    const auto nearest = std::ranges::min_element(
        known_, {}, [&](const std::string& known) { return distance(known, name); });
    if (nearest != known_.end() && distance(*nearest, name) <= 3) {
      reason += "; did you mean \"" + *nearest + "\"?";
    }
    file_.error(node.source().begin.line, path_of(name), std::move(reason));
  }
}

}  // namespace sluice::config
