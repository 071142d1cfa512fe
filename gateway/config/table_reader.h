#pragma once

// Reads one TOML table key by key, and remembers which keys were asked for: the others are errors.
// Every error carries file, line and the key's path. Private to gateway/config.

#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"

namespace sluice::config {

// Where errors go; one for a file.
class Errors {
 public:
  explicit Errors(std::string file) : file_(std::move(file)) {}

  void add(std::uint32_t line, std::string key, std::string reason) {
    errors_.push_back({file_, line, std::move(key), std::move(reason)});
  }
  [[nodiscard]] std::vector<ConfigError>& all() { return errors_; }

 private:
  std::string file_;
  std::vector<ConfigError> errors_;
};

class TableReader {
 public:
  // `table` null: an absent table; every value keeps its default.
  TableReader(const toml::table* table, std::string path, Errors& errors)
      : table_(table), path_(std::move(path)), errors_(errors) {}

  // Each leaves `value` alone where the key is absent or wrong.
  void read(std::string_view key, std::string& value);
  void read(std::string_view key, bool& value);
  void read(std::string_view key, std::uint32_t& value, std::uint32_t least, std::uint32_t most);
  // An empty list is an error: what it would mean is a guess.
  void read(std::string_view key, std::vector<std::string>& values);
  void read(std::string_view key, std::vector<std::uint32_t>& values, std::uint32_t least,
            std::uint32_t most);
  void require(std::string_view key, std::string& value);
  void require(std::string_view key, std::vector<std::string>& values);

  // A word out of a set: `parse` gives an optional; `allowed` is for the message.
  template <typename T, typename Parse>
  void read_word(std::string_view key, T& value, Parse&& parse, std::string_view allowed) {
    const std::string* const word = text(key);
    if (word == nullptr) return;
    if (const auto parsed = parse(*word)) {
      value = *parsed;
    } else {
      error(key, "\"" + *word + "\" is none of: " + std::string(allowed));
    }
  }

  [[nodiscard]] TableReader table(std::string_view key);
  // The tables of `[[key]]`.
  [[nodiscard]] std::vector<TableReader> tables(std::string_view key);

  void error(std::string_view key, std::string reason);
  // `key[index]`
  void error(std::string_view key, std::size_t index, std::string reason);
  // An error for each key that nobody asked for.
  void refuse_others();

 private:
  [[nodiscard]] const toml::node* find(std::string_view key);
  // Null where the key is absent, or no text, which is an error.
  [[nodiscard]] const std::string* text(std::string_view key);
  // Null where the key is absent, or no list, which is an error, as is an empty one.
  [[nodiscard]] const toml::array* list(std::string_view key, std::string_view of);
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] std::uint32_t line_of(std::string_view key) const;

  const toml::table* table_;
  std::string path_;
  Errors& errors_;
  std::vector<std::string> known_;
};

}  // namespace sluice::config
