#pragma once

// Values of a gateway's reply as text for people.
//
// A key that is missing, or of another type, is empty, 0 or false: a newer gateway may say other
// things. Names are shown without signs that a terminal obeys.
// Cost: allocates.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

[[nodiscard]] std::string printable(std::string_view text);

[[nodiscard]] std::string text_in(const nlohmann::ordered_json& object, const char* key);
[[nodiscard]] std::uint64_t number_in(const nlohmann::ordered_json& object, const char* key);
[[nodiscard]] bool flag_in(const nlohmann::ordered_json& object, const char* key);
// Null if it is not there.
[[nodiscard]] const nlohmann::ordered_json& part_of(const nlohmann::ordered_json& object,
                                                    const char* key);
// `2 d old`; empty: not known.
[[nodiscard]] std::string age_in(const nlohmann::ordered_json& object, const char* key,
                                 const char* suffix);

// `1,234,567`
[[nodiscard]] std::string grouped(std::uint64_t number);
// `1 packet`, `1,234 packets`
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view one);
// `3 d 4 h`, `12 s`
[[nodiscard]] std::string duration(std::uint64_t seconds);

// Rows of cells, each column as wide as its widest cell.
class Table {
 public:
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sluice::cli
