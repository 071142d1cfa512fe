#pragma once

// Reads one TOML table key by key and remembers the keys that it was asked for: all others are
// errors. Every error has file, line and the path of the key. Private to gateway/config.

#include <toml++/toml.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"

namespace sluice::config {

// The file that is being read: where relative paths start, and the errors found so far.
class File {
 public:
  explicit File(std::filesystem::path path) : path_(std::move(path)) {}

  // Errors over kMostErrors are not kept.
  static constexpr std::size_t kMostErrors = 100;
  void error(std::uint32_t line, std::string key, std::string reason) {
    if (errors_.size() == kMostErrors) return;
    errors_.push_back({path_.string(), line, std::move(key), std::move(reason)});
  }
  [[nodiscard]] std::vector<ConfigError>& errors() { return errors_; }
  [[nodiscard]] std::filesystem::path resolve(const std::string& text) const {
    return (path_.parent_path() / text).lexically_normal();
  }

 private:
  std::filesystem::path path_;
  std::vector<ConfigError> errors_;
};

// A word of a choice, and its value.
template <typename T>
struct Word {
  std::string_view text;
  T value;
};

class TableReader {
 public:
  // `table` null: the table is absent, and every value keeps its default.
  TableReader(const toml::table* table, std::string path, File& file)
      : table_(table), path_(std::move(path)), file_(file) {}

  [[nodiscard]] bool has(std::string_view key);

  // If the key is absent or wrong, `value` keeps its default.
  void read(std::string_view key, std::string& value);
  void read(std::string_view key, bool& value);
  void read(std::string_view key, std::uint32_t& value, std::uint32_t least, std::uint32_t most);
  void read(std::string_view key, std::chrono::seconds& value, std::uint32_t least,
            std::uint32_t most);
  // Relative paths start at the file's directory. "" and "-" stay as they are.
  void read(std::string_view key, std::filesystem::path& value);
  // A date and time with an offset: `2026-12-31T18:00:00+01:00`.
  void read(std::string_view key, std::optional<std::chrono::sys_seconds>& value);
  // An empty list is an error, because its meaning would be a guess.
  void read(std::string_view key, std::vector<std::string>& values);
  void read(std::string_view key, std::vector<std::uint32_t>& values, std::uint32_t least,
            std::uint32_t most);
  void require(std::string_view key, std::string& value);
  void require(std::string_view key, std::vector<std::string>& values);

  // A word of a choice: `parse` returns an optional; `allowed` is for the message.
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
  template <typename T, typename U, std::size_t N>
  void read_word(std::string_view key, T& value, const std::array<Word<U>, N>& words) {
    const std::string* const word = text(key);
    if (word == nullptr) return;
    std::string allowed;
    for (const Word<U>& known : words) {
      if (known.text == *word) {
        value = known.value;
        return;
      }
      allowed.append(allowed.empty() ? "" : ", ").append(known.text);
    }
    error(key, "\"" + *word + "\" is none of: " + allowed);
  }

  // A path as read() makes it of a text.
  [[nodiscard]] std::filesystem::path resolve(const std::string& text) const {
    return file_.resolve(text);
  }

  [[nodiscard]] TableReader table(std::string_view key);
  // The tables of `[[key]]`.
  [[nodiscard]] std::vector<TableReader> tables(std::string_view key);

  // The line of the key, or of the table if it is absent; 0: the table is absent.
  [[nodiscard]] std::uint32_t line_of(std::string_view key) const;
  // The line of `key[index]`.
  [[nodiscard]] std::uint32_t line_of(std::string_view key, std::size_t index) const;

  void error(std::string_view key, std::string reason);
  // `key[index]`
  void error(std::string_view key, std::size_t index, std::string reason);
  // An error for each key that nobody asked for. Call it last.
  void refuse_others();

 private:
  [[nodiscard]] const toml::node* find(std::string_view key);
  // Null if the key is absent. Null and an error if it is not text.
  [[nodiscard]] const std::string* text(std::string_view key);
  // Null if the key is absent. An error if it is not a list, or is empty.
  [[nodiscard]] const toml::array* list(std::string_view key, std::string_view of);
  [[nodiscard]] std::string path_of(std::string_view key) const;

  const toml::table* table_;
  std::string path_;
  File& file_;
  std::vector<std::string> known_;
};

}  // namespace sluice::config
